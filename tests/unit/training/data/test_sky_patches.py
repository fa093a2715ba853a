from __future__ import annotations

from dataclasses import replace

import erfa
import numpy as np

from stampapp.alerts.alert import Alert
from stampapp.training.data import sky_patches
from tests.support import learnable_alerts

# To make one takes milliseconds, because of its stamps.
ALERT = learnable_alerts.alert(1, 0)


def at(ra: float, dec: float, **extra: object) -> Alert:
    return replace(ALERT, ra=ra, dec=dec, extra_fields={**ALERT.extra_fields, **extra})


def sky_patch(ra: float, dec: float) -> str:
    return sky_patches.sky_patch(at(ra, dec), None)


def test_a_patch_is_the_field_of_the_survey_where_the_alert_names_it() -> None:
    near, same, other = at(10.0, 1.0, field=385), at(17.0, 4.0, field=385), at(10.0, 1.0, field=505)
    assert sky_patches.sky_patch(near, "field") == sky_patches.sky_patch(same, "field")
    assert sky_patches.sky_patch(near, "field") != sky_patches.sky_patch(other, "field")
    assert sky_patches.sky_patch(at(10.0, 1.0), "field") == sky_patch(10.0, 1.0)


def test_near_positions_share_a_patch_and_far_ones_do_not() -> None:
    assert sky_patch(10.0, 1.0) == sky_patch(11.0, 2.0)
    assert len({sky_patch(10.0, 1.0), sky_patch(10.0, 8.0), sky_patch(20.0, 1.0)}) == 3
    # Near a pole the same step in right ascension is a short way.
    assert sky_patch(10.0, 85.0) == sky_patch(40.0, 85.0)


def test_patches_are_as_large_as_a_field() -> None:
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 360, 4000), np.degrees(np.arcsin(rng.uniform(-1, 1, 4000)))
    names = np.array([sky_patch(*place) for place in zip(ra.tolist(), dec.tolist(), strict=True)])
    # The sky has 41,253 square degrees.
    assert 700 < len(set(names.tolist())) < 1000
    places = erfa.s2c(np.radians(ra), np.radians(dec))
    for name in np.unique(names)[:100]:
        within = places[names == name]
        apart = np.degrees(np.arccos(np.clip(within @ within.T, -1.0, 1.0)))
        assert apart.max() < 15.0
