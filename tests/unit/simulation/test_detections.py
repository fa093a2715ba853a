from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from stampapp.simulation import detections
from stampapp.simulation.atlas import CAMERA as ATLAS
from stampapp.simulation.detections import Detection
from stampapp.simulation.image_model import GRID
from stampapp.simulation.instruments import Camera
from stampapp.simulation.ztf import CAMERA as ZTF
from tests.support.ideal_exposures import Field, at, exposure

CAMERAS = pytest.mark.parametrize("camera", [ZTF, ATLAS], ids=["ZTF", "ATLAS"])
HOST = at(2.0, -1.0, radius=2.0, index=1.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A new source with a flux in DN at (x, y), its detection, and the error of the flux."""

    x: float
    y: float
    flux: float
    scatter: float
    found: Detection


def cases(camera: Camera, snr: float, reach: float, count: int = 24) -> list[Case]:
    """Return sources up to `reach` pixels from the middle, in front of a galaxy."""
    rng, seen = np.random.default_rng(8), exposure(camera)
    flux = snr * seen.point_noise
    tried = []
    for _ in range(count):
        x, y = (float(value) for value in rng.uniform(-reach, reach, 2))
        field = Field(
            static=[HOST], fluxes=[5 * seen.point_noise], new=[at(x, y)], new_fluxes=[flux]
        )
        difference = field.difference(rng, seen)
        empty = difference.noise / np.sqrt((difference.psf**2).sum())
        scatter = float(np.hypot(empty, np.sqrt(abs(flux) / camera.gain)))
        found = detections.find_detection(difference, sends_fading=True)
        tried.append(Case(x=x, y=y, flux=flux, scatter=scatter, found=found))
    return tried


@CAMERAS
@pytest.mark.parametrize("snr", [20.0, 200.0, -30.0])
def test_transients_are_found_at_their_position(camera: Camera, snr: float) -> None:
    tried = cases(camera, snr, 1.5)
    assert {case.found.sign for case in tried} == {int(np.sign(snr))}
    for case in tried:
        assert (case.found.x, case.found.y) == pytest.approx((case.x, case.y), abs=0.35)
        # The flux is that of the nearest pixel, up to half a pixel from the peak.
        assert case.found.flux == pytest.approx(abs(case.flux), rel=0.15, abs=4 * case.scatter)


@CAMERAS
@pytest.mark.parametrize("snr", [20.0, 200.0, -30.0])
def test_measured_flux_is_correct_within_its_error(camera: Camera, snr: float) -> None:
    tried = cases(camera, snr, 0.0)
    pulls = np.array([(case.found.flux - abs(case.flux)) / case.scatter for case in tried])
    assert abs(pulls.mean()) < 1.0
    assert 0.5 < pulls.std() < 1.6


@CAMERAS
def test_snr_is_that_of_the_flux_on_an_empty_sky(camera: Camera) -> None:
    rng, seen = np.random.default_rng(8), exposure(camera)
    field = Field(new=[at()], new_fluxes=[50 * seen.point_noise])
    differences = [field.difference(rng, seen) for _ in range(12)]
    found = [detections.find_detection(one, sends_fading=True).snr for one in differences]
    expected = 50 * seen.point_noise * np.sqrt((differences[0].psf ** 2).sum())
    assert np.mean(found) == pytest.approx(expected / differences[0].noise, rel=0.05)


def test_fading_sources_are_not_detected_if_not_sent() -> None:
    rng, seen = np.random.default_rng(5), exposure(ATLAS)
    field = Field(new=[at()], new_fluxes=[-30 * seen.point_noise])
    difference = field.difference(rng, seen)
    assert detections.find_detection(difference, sends_fading=True).snr > 20
    assert detections.find_detection(difference, sends_fading=False).snr < 6


def test_sharpness_of_sources_narrower_than_the_psf() -> None:
    rng, seen = np.random.default_rng(5), exposure(ZTF)
    star = Field(new=[at()], new_fluxes=[100 * seen.point_noise]).difference(rng, seen)
    spiked = Field().difference(rng, seen)
    spiked.pixels[GRID // 2, GRID // 2] += 30 * seen.point_noise
    sharp, round_ = (
        detections.find_detection(one, sends_fading=True).sharpness for one in (spiked, star)
    )
    assert round_ == pytest.approx(1.0, abs=0.15)
    assert sharp > 1.8


@pytest.mark.parametrize("side", [61, 63])
def test_stamp_is_centred_on_the_pixel_of_the_detection(side: int) -> None:
    image = np.arange(GRID * GRID, dtype=np.float64).reshape(GRID, GRID)
    found = Detection(x=2.4, y=-3.6, sign=1, flux=1.0, snr=5.0, sharpness=1.0)
    cut = detections.cut_out(image, found, side)
    assert cut.shape == (side, side)
    assert cut[side // 2, side // 2] == image[GRID // 2 - 4, GRID // 2 + 2]
