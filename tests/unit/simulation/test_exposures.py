from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.instruments import Camera
from stampapp.simulation.simulated_survey import simulated_survey
from tests.support.ideal_exposures import CAMERAS, exposure

EACH_CAMERA = pytest.mark.parametrize("camera", CAMERAS.values(), ids=[str(one) for one in CAMERAS])


def nights(camera: Camera, count: int = 400) -> list[Exposure]:
    rng = np.random.default_rng(2)
    draw = simulated_survey(camera.survey).draw_exposure
    return [draw(rng, camera) for _ in range(count)]


@EACH_CAMERA
def test_exposures_follow_the_camera(camera: Camera) -> None:
    drawn = nights(camera)
    for one in drawn:
        assert camera.first_mjd <= one.mjd <= camera.last_mjd
        assert one.frames in camera.frames
        assert min(one.noise, one.template_noise, one.fwhm, one.template_fwhm) > 0
        # The sky is subtracted from the images of LSST, except for a remainder of either sign.
        assert one.background > 0 or not camera.background
    seeing = np.median([one.fwhm * camera.pixel for one in drawn])
    assert seeing == pytest.approx(camera.seeing, rel=0.15)
    shares = Counter(one.band for one in drawn)
    for name, band in camera.bands.items():
        assert shares[name] / len(drawn) == pytest.approx(band.share, abs=0.1)


@EACH_CAMERA
def test_the_limit_is_five_times_the_noise_and_worse_under_clouds(camera: Camera) -> None:
    clear = exposure(camera)
    limit = clear.flux(clear.limiting_magnitude)
    assert limit == pytest.approx(5 * clear.fit_noise)
    cloudy = exposure(camera, zero_point=clear.zero_point - 2.0)
    assert cloudy.limiting_magnitude == pytest.approx(clear.limiting_magnitude - 2.0)
    assert 18.0 < clear.limiting_magnitude + camera.depth < 21.5


def test_flux_and_magnitude_are_inverse() -> None:
    seen = exposure()
    assert seen.flux(seen.zero_point) == pytest.approx(1.0)
    assert seen.magnitude(seen.flux(17.25)) == pytest.approx(17.25)
    assert seen.flux(16.0) / seen.flux(18.5) == pytest.approx(10.0)


def test_the_noise_of_a_point_source_grows_with_the_seeing() -> None:
    sharp, blurred = (exposure(fwhm=fwhm) for fwhm in (2.0, 4.0))
    assert blurred.point_noise / sharp.point_noise == pytest.approx(2.0, rel=0.05)
    assert math.hypot(sharp.noise, sharp.template_noise) < sharp.point_noise


def test_photometry_of_ztf_has_the_noise_of_more_pixels_than_the_psf() -> None:
    ztf, atlas = exposure(), exposure(CAMERAS[Survey.ATLAS])
    assert ztf.fit_noise > 1.5 * ztf.point_noise
    assert atlas.fit_noise == atlas.point_noise
