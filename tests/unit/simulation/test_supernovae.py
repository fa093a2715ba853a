from __future__ import annotations

import numpy as np
import pytest

from stampapp.simulation import supernovae
from stampapp.simulation.atlas import CAMERA as ATLAS
from tests.support.ideal_exposures import at, exposure


def hosts(magnitude: float, count: int = 2000) -> np.ndarray:
    rng = np.random.default_rng(2)
    return np.array([supernovae.draw_host_magnitude(rng, magnitude) for _ in range(count)])


def test_most_hosts_are_brighter_than_their_supernova() -> None:
    brighter = 18.5 - hosts(18.5)
    assert 1.0 < np.median(brighter) < 3.0
    assert np.mean(brighter > 0) > 0.8


def test_fainter_supernovae_have_fainter_hosts() -> None:
    assert np.median(hosts(19.0)) - np.median(hosts(17.0)) == pytest.approx(2.0)


def test_few_hosts_are_too_faint_for_the_template() -> None:
    assert 0.005 < np.mean(hosts(19.0) > 20.8) < 0.08


def test_faint_sources_are_hidden_on_bright_nuclei_only() -> None:
    seen = exposure(ATLAS)
    flux = 8.0 * seen.point_noise
    bright = at(magnitude=13.0, radius=2.0)
    assert not supernovae.is_detectable(seen, flux, bright, 5.0)
    assert supernovae.is_detectable(seen, flux, bright.moved(20.0, 0.0), 5.0)
    assert supernovae.is_detectable(seen, flux, at(magnitude=19.0, radius=2.0), 5.0)


def test_residual_of_a_thin_galaxy_extends_along_it() -> None:
    seen = exposure(ATLAS)
    thin = at(magnitude=13.5, radius=4.0, ratio=0.2, angle=0.5)
    along, across = (
        thin.moved(5.0 * np.cos(0.5 + turn), 5.0 * np.sin(0.5 + turn)) for turn in (0.0, np.pi / 2)
    )
    flux = 6.0 * seen.point_noise
    assert not supernovae.is_detectable(seen, flux, along, 5.0)
    assert supernovae.is_detectable(seen, flux, across, 5.0)
