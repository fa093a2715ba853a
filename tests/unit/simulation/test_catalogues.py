from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation import catalogues
from stampapp.simulation.catalogues import NO_VALUE
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


def test_three_neighbours_within_half_an_arcminute() -> None:
    some = [at(x) for x in (25.0, 2.0, 40.0, 10.0, 5.0)]
    found = catalogues.pan_starrs_fields(rng(), exposure(), some, MIDDLE)
    distances = [found[f"distpsnr{number}"] for number in (1, 2, 3)]
    assert distances == pytest.approx([2.02, 5.05, 10.1], abs=0.4)
    assert all(0.0 <= found[f"sgscore{number}"] <= 1.0 for number in (1, 2, 3))
    assert found["nmtchps"] == 4


def test_fewer_neighbours_leave_fields_without_value() -> None:
    found = catalogues.pan_starrs_fields(rng(), exposure(), [at(2.0)], MIDDLE)
    for number in (2, 3):
        assert found[f"sgscore{number}"] == found[f"distpsnr{number}"] == NO_VALUE


def scores(**changes: float) -> list[float]:
    source = at(1.0, **changes)
    return [
        catalogues.pan_starrs_fields(rng(seed), exposure(), [source], MIDDLE)["sgscore1"]
        for seed in range(80)
    ]


def test_stars_score_high_galaxies_low_and_the_faint_in_between() -> None:
    assert np.median(scores(magnitude=17.0)) > 0.9
    assert np.median(scores(magnitude=17.0, radius=2.0)) < 0.1
    assert np.mean(np.array(scores(magnitude=22.0)) == 0.5) > 0.3
