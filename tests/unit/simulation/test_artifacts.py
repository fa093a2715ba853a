from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation import artifacts
from stampapp.simulation.image_model import GRID, Image
from tests.support.ideal_exposures import exposure

MIDDLE = GRID // 2
ROWS, COLUMNS = np.mgrid[-MIDDLE:MIDDLE, -MIDDLE:MIDDLE]
KINDS = ("noise", "cosmic ray", "column", "spike", "ghost", "edge")


def with_artifact(kind: str, seed: int) -> Image:
    image = np.zeros((GRID, GRID))
    artifacts.add_artifact(np.random.default_rng(seed), image, exposure(), kind)
    return image


@pytest.mark.parametrize("kind", KINDS)
def test_artifacts_are_in_the_middle_and_above_the_noise(kind: str) -> None:
    for seed in range(30):
        image = with_artifact(kind, seed)
        assert np.isfinite(image).all()
        near = image[np.hypot(ROWS, COLUMNS) <= 6]
        assert near.max() > exposure().noise / 2


@pytest.mark.parametrize("kind", ["residual", "flux scale"])
def test_subtraction_errors_add_nothing_to_the_image(kind: str) -> None:
    assert not with_artifact(kind, 0).any()


def test_cosmic_rays_are_narrower_than_stars() -> None:
    places = np.array([ROWS.ravel(), COLUMNS.ravel()])
    star = exposure().psf.at(COLUMNS.astype(np.float64), ROWS.astype(np.float64))

    def width(image: Image) -> float:
        """The variance across, in square pixels."""
        return float(np.linalg.eigvalsh(np.cov(places, aweights=np.abs(image).ravel()))[0])

    widths = [width(with_artifact("cosmic ray", seed)) for seed in range(30)]
    assert max(widths) < 0.5 * width(star)


def masks(kind: str | None, count: int = 300) -> list[artifacts.Mask]:
    rng = np.random.default_rng(0)
    return [artifacts.draw_mask(rng, 63, kind) for _ in range(count)]


def test_most_stamps_are_complete_and_all_have_their_middle() -> None:
    found = masks(None)
    assert 0 < np.mean([mask.any() for mask in found]) < 0.25
    for mask in found:
        assert mask.shape == (63, 63)
        assert not mask[27:36, 27:36].any()


def test_edge_masks_one_side() -> None:
    for mask in masks("edge", 60):
        lines = [bool(mask[side].all()) for side in (0, -1)]
        lines += [bool(mask[:, side].all()) for side in (0, -1)]
        assert sum(lines) == 1
        assert not mask[31, 31]
        assert mask.mean() > 0.3
