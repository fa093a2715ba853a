from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation import catalogues
from tests.support.ideal_exposures import at, exposure

MIDDLE = (0.0, 0.0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_sources_are_sorted_by_distance_and_limited_in_magnitude() -> None:
    some = [at(10.0), at(0.0, -3.0), at(1.0, magnitude=24.0)]
    found = catalogues.nearest_sources(rng(), some, MIDDLE, 1.01, 22.0)
    assert [one.source for one in found] == [some[1], some[0]]
    assert [one.distance for one in found] == pytest.approx([3.03, 10.1], abs=0.4)


def test_distances_are_from_the_detection_in_arcsec() -> None:
    (found,) = catalogues.nearest_sources(rng(), [at(4.0, 2.0)], (1.0, -2.0), 2.0, 22.0)
    assert found.distance == pytest.approx(10.0, abs=0.4)


def test_template_catalogue_has_the_nearest_source() -> None:
    seen = exposure()
    found = [
        catalogues.template_catalogue_fields(
            rng(seed), seen, [at(magnitude=16.0), at(20.0)], MIDDLE
        )
        for seed in range(20)
    ]
    assert max(one["distnr"] for one in found) < 1.0
    assert np.mean([one["magnr"] for one in found]) == pytest.approx(16.0, abs=0.05)


def test_empty_catalogue_gives_a_far_and_faint_source() -> None:
    found = catalogues.template_catalogue_fields(rng(), exposure(), [], MIDDLE)
    assert found["distnr"] > 10
    assert found["magnr"] > 21
    assert set(found) == {"distnr", "magnr", "chinr", "sharpnr"}


def test_some_bright_galaxies_have_a_second_fainter_entry_nearby() -> None:
    galaxy, seen = at(magnitude=17.0, radius=4.0), exposure()
    found = [
        catalogues.template_catalogue_fields(rng(seed), seen, [galaxy], (3.0, 0.0))["magnr"]
        for seed in range(200)
    ]
    # Where the part is nearer than the galaxy, its magnitude is that of the alert.
    parts = np.mean(np.array(found) > 18.5)
    assert 0.03 < parts < 0.25


def test_galaxies_have_larger_sharpness_and_chi_than_stars() -> None:
    seen = exposure()
    star, galaxy = (
        [
            catalogues.template_catalogue_fields(rng(seed), seen, [source], MIDDLE)
            for seed in range(60)
        ]
        for source in (at(), at(radius=3.0))
    )
    for name in ("sharpnr", "chinr"):
        assert np.median([g[name] for g in galaxy]) > np.median([s[name] for s in star])
