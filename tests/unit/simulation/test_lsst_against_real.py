"""The real alerts of LSST lie among the simulated ones, in what is measured and in the pixels."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.simulation import simulate
from stampapp.stamps import lsst as cutouts
from tests.support.lsst_schemas import SCHEMAS

# All real alerts but one are of this band.
BAND, COUNT = "i", 60
MEASURED = (
    *("snr", "psfFlux", "psfFluxErr", "scienceFlux", "scienceFluxErr", "apFlux", "apFluxErr"),
    *("ixx", "iyy", "ixxPSF", "iyyPSF", "extendedness", "reliability", "trailLength", "bboxSize"),
)


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[Alert]:
    paths = sorted(shared_data.glob("lsst_raw/*.msg"))
    if not paths:
        pytest.skip("no real alerts of LSST: there is no folder shared/data/lsst_raw")
    found = [packets.decode_alert(path.read_bytes(), SCHEMAS) for path in paths]
    return [alert for alert in found if alert.fid == BAND]


@pytest.fixture(scope="module")
def simulated() -> list[Alert]:
    every = (one.alert for one in simulate.simulate_alerts(Survey.LSST, 3, 10**6))
    return list(islice((alert for alert in every if alert.fid == BAND), COUNT))


def share_inside(real: list[float], simulated: list[float], margin: float) -> float:
    """Return the share of real values between the extremes of the simulated ones."""
    low, high = np.min(simulated), np.max(simulated)
    wide = margin * (high - low)
    return float(np.mean([low - wide <= one <= high + wide for one in real]))


def values(alerts: list[Alert], name: str) -> list[float]:
    found = [alert.extra_fields[name] for alert in alerts]
    return [float(one) for one in found if isinstance(one, int | float)]


def pixel_noise(alert: Alert, name: str) -> tuple[float, float]:
    """Return the noise of a pixel by the variance, and the noise-equivalent area of the PSF."""
    data = alert.stamps[name]
    seen = cutouts.read_noise_and_psf(data, cutouts.read_cutout(data, name), name)
    assert seen.variance is not None
    assert seen.psf is not None
    return math.sqrt(float(np.median(seen.variance))), 1 / float((seen.psf**2).sum())


def test_fields_are_the_same_and_of_the_same_types(
    real: list[Alert], simulated: list[Alert]
) -> None:
    fields = real[0].extra_fields.keys()
    for alert in simulated:
        assert alert.extra_fields.keys() == fields
    for name in fields:
        types = {type(alert.extra_fields[name]) for alert in real}
        assert {type(alert.extra_fields[name]) for alert in simulated} <= types | {type(None)}


@pytest.mark.parametrize("name", MEASURED)
def test_real_measurements_lie_among_simulated_ones(
    name: str, real: list[Alert], simulated: list[Alert]
) -> None:
    assert share_inside(values(real, name), values(simulated, name), 0.05) >= 0.85


@pytest.mark.parametrize("name", ["science", "template", "difference"])
def test_noise_and_seeing_are_as_in_real_cutouts(
    name: str, real: list[Alert], simulated: list[Alert]
) -> None:
    whole = [alert for alert in simulated if alert.stamps[name] is not None]
    for part in (0, 1):
        there = [pixel_noise(alert, name)[part] for alert in real]
        here = [pixel_noise(alert, name)[part] for alert in whole]
        assert share_inside(there, here, 0.0) == 1.0


def test_headers_have_the_same_cards(real: list[Alert], simulated: list[Alert]) -> None:
    for name in ("science", "difference"):
        there, here = (
            {card[:8] for card in cards_of(alerts[0].stamps[name])} for alerts in (real, simulated)
        )
        assert here == there


def cards_of(stamp: bytes | None) -> list[str]:
    """Return the cards of the first header that have a value."""
    assert stamp is not None
    text = stamp[:2880].decode("ascii")
    cards = [text[start : start + 80] for start in range(0, 2880, 80)]
    return [card for card in cards[: cards.index("END".ljust(80))] if card[8] == "="]
