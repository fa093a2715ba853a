from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation.catalogues import NO_VALUE
from stampapp.simulation.light_sources import Source
from stampapp.simulation.pan_starrs import pan_starrs_fields
from tests.support.ideal_exposures import at, exposure

MIDDLE = (0.0, 0.0)
SEEDS = range(200)


def fields(*sources: Source, seed: int = 0) -> dict[str, float]:
    return pan_starrs_fields(np.random.default_rng(seed), exposure(), sources, MIDDLE)


def scores(**changes: float) -> list[float]:
    """Return the scores of a source that is alone and has no spurious entry before it."""
    found = [fields(at(1.0, **changes), seed=seed) for seed in SEEDS]
    return [one["sgscore1"] for one in found if one["nmtchps"] == 1]


def test_three_neighbours_within_half_an_arcminute() -> None:
    # Faint stars have no spurious entries.
    found = fields(*(at(x, magnitude=19.0) for x in (25.0, 2.0, 40.0, 10.0, 5.0)))
    distances = [found[f"distpsnr{number}"] for number in (1, 2, 3)]
    assert distances == pytest.approx([2.02, 5.05, 10.1], abs=0.4)
    assert all(0.0 <= found[f"sgscore{number}"] <= 1.0 for number in (1, 2, 3))
    assert found["nmtchps"] == 4


def test_fewer_neighbours_leave_fields_without_value() -> None:
    found = fields(at(2.0, magnitude=19.0))
    for number in (2, 3):
        assert found[f"sgscore{number}"] == found[f"distpsnr{number}"] == NO_VALUE


def test_stars_score_high_galaxies_low_and_the_faint_in_between() -> None:
    bright, faint = scores(magnitude=17.0), scores(magnitude=22.0)
    assert np.median(bright) > 0.95
    assert np.median(scores(magnitude=17.0, radius=0.9)) < 0.1
    assert np.median(faint) < np.median(bright)
    assert min(bright + faint) >= 0.0
    assert max(bright + faint) <= 1.0


def test_some_scores_say_that_the_kind_is_unknown() -> None:
    unknown = np.mean(np.array(scores(magnitude=19.0)) == 0.5)
    assert 0.05 < unknown < 0.35


def test_most_entries_beside_a_brighter_source_have_no_score() -> None:
    bright, faint = at(0.0, magnitude=18.5), at(2.0, magnitude=20.0)
    found = [fields(bright, faint, seed=seed)["sgscore2"] for seed in SEEDS]
    assert 0.4 < np.mean(np.array(found) == 0.5) < 0.7


def test_large_galaxies_and_bright_stars_have_spurious_entries() -> None:
    def entries(source: Source) -> float:
        return float(np.mean([fields(source, seed=seed)["nmtchps"] for seed in SEEDS]))

    galaxy = at(magnitude=17.0, radius=6.0)
    assert entries(galaxy) > 1.5
    assert entries(at(magnitude=13.0)) > 1.1
    assert entries(at(magnitude=19.0)) == 1.0
    # A few large galaxies are not in the catalogue themselves.
    bright = [fields(galaxy, seed=seed)["nmtchps"] for seed in SEEDS]
    assert 0 < np.mean(np.array(bright) == 0) < 0.1
