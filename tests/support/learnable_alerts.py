"""Alerts that are easy to classify, for tests of the training."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np

from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.alerts.surveys import Survey
from tests.support import alerts

CLASSES = ("AGN", "SN", "VS", "asteroid", "bogus")
NAMES = (
    *("sgscore1", "distpsnr1", "sgscore2", "distpsnr2", "sgscore3", "distpsnr3", "fwhm"),
    *("diffmaglim", "rb", "distnr", "magnr", "classtar", "ndethist", "ncovhist"),
    *("chinr", "sharpnr"),
)


def extra(rng: np.random.Generator, place: int) -> dict[str, object]:
    """Return every feature that the ZTF recipe needs; their means depend on the class."""
    values = {name: float(rng.normal(place, 0.2)) for name in NAMES}
    return {**values, "ssdistnr": -999.0, "ncovhist": 40 + place, "ndethist": 1 + place}


def stamp(rng: np.random.Generator, place: int) -> bytes:
    rows, columns = np.indices(alerts.SHAPE) - 31
    noise = rng.normal(0.0, 1.0, alerts.SHAPE)
    source = 100.0 * np.exp(-(rows**2 + columns**2) / (2.0 * (place + 1) ** 2))
    return gzip.compress(alerts.fits((noise + source).astype(np.float32)), mtime=0)


def alert(seed: int, index: int) -> Alert:
    """Return the alert of this number; its class is that of `CLASSES` in turn."""
    place = index % len(CLASSES)
    rng = np.random.default_rng((seed, index))
    stamps = {name: stamp(rng, place) for name in ("science", "template", "difference")}
    changes: dict[str, Any] = {"ra": float(rng.uniform(0, 360)), "mag": float(rng.uniform(16, 20))}
    return alerts.alert(
        extra(rng, place),
        **changes,
        aid=f"A{seed}-{index // 2}",
        candid=f"{seed}{index:06d}",
        stamps=stamps,
    )


def simulate_alert(survey: Survey, seed: int, index: int) -> LabelledAlert:
    assert survey is Survey.ZTF
    return LabelledAlert(alert=alert(seed, index), label=CLASSES[index % len(CLASSES)])


def simulate_unknown_class(survey: Survey, seed: int, index: int) -> LabelledAlert:
    return LabelledAlert(alert=simulate_alert(survey, seed, index).alert, label="comet")


def simulate_bad_alert(survey: Survey, seed: int, index: int) -> LabelledAlert:
    return LabelledAlert(alert=alerts.alert(stamps={}), label="SN")


def refuse_to_simulate(survey: Survey, seed: int, index: int) -> LabelledAlert:
    raise AssertionError("nothing should be drawn")
