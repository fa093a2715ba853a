"""ATLAS alerts → the table that the package `atlas_stamp_classifier` takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stampapp.alerts.alert import Alert, Survey
from stampapp.classifiers import atlas
from stampapp.classifiers.base import Examined

# Of the stamps, which the package takes whole; in pixels.
SIDE = 61
_BAND, *_FIGURES = atlas.CARDS


def of(examined: Sequence[Examined]) -> Any:
    """Return the DataFrame that the package takes: a row for each object, the earliest first.

    Indexed by aid; candid and FILTER are str, red and diff (61, 61) float32, the others float64.
    """
    # It comes with the package.
    import pandas

    ordered = sorted(examined, key=lambda one: one.alert.mjd)
    rows = [_row(one) for one in ordered]
    index = pandas.Index([one.alert.aid for one in ordered], dtype=object)
    columns = ("candid", "mjd", "red", "diff", *atlas.CARDS, "ra", "dec")
    # As objects first: by itself, pandas chooses its type of text by its version.
    table = pandas.DataFrame(rows, index=index, columns=columns, dtype=object)
    return table.astype(dict.fromkeys(("mjd", *_FIGURES, "ra", "dec"), np.float64))


def _row(one: Examined) -> list[object]:
    alert = one.alert
    cards = [alert.extra_fields[card] for card in atlas.CARDS]
    return [alert.candid, alert.mjd, *one.crops, *cards, alert.ra, alert.dec]


def nobody() -> Examined:
    """Return an alert that is nobody's, to try the package on."""
    slope = np.add.outer(np.arange(SIDE), np.arange(SIDE)).astype(np.float32)
    alert = Alert(
        aid="nobody",
        oid="nobody",
        candid="0",
        survey=Survey.ATLAS,
        mjd=0.0,
        fid="o",
        ra=0.0,
        dec=0.0,
        mag=18.0,
        e_mag=0.1,
        isdiffpos=1,
        extra_fields=dict.fromkeys(_FIGURES, 1.0) | {_BAND: "o"},
        stamps={},
    )
    return Examined(alert=alert, crops=(slope, slope))
