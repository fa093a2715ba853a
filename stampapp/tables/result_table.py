"""Results as an astropy Table: columns, units and descriptions, and the classifier as metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from astropy import units
from astropy.table import MaskedColumn, Table

from stampapp import times
from stampapp.alerts.surveys import Survey
from stampapp.display.lines import printable
from stampapp.results.alert_result import AlertResult
from stampapp.version import __version__

# Column → its unit, and what it is.
_NUMBERS = {
    "mjd": (units.day, "time of the detection, modified Julian date (UTC)"),
    "ra": (units.deg, "right ascension (ICRS)"),
    "dec": (units.deg, "declination (ICRS)"),
    "mag": (units.mag, "magnitude"),
    "e_mag": (units.mag, "error of the magnitude"),
}
TEXTS = {
    "candid": "detection",
    "aid": "object, by ALeRCE's name where the alert has one",
    "oid": "object, by the survey's name",
    "fid": "name of the filter",
    "outcome": "classified, ruled_out, superseded or dead_lettered",
    "class_name": "most probable class, unless a rule vetoes it",
    "rule": "why a rule decided",
    "cause": "why the alert is not classified, as a short word",
    "error": "why the alert is not classified",
    "classifier_name": "name of the classifier",
    "classifier_version": "version of the classifier",
}
_ALERT = ("candid", "aid", "oid", "mjd", "ra", "dec", "fid", "mag", "e_mag")
_BEFORE = (*_ALERT, "outcome", "class_name")
# Some readers take text of one character for a number or a flag.
_LEAST_WIDTH = 2
_AFTER = ("rule", "cause", "error", "classifier_name", "classifier_version")


@dataclass(frozen=True, kw_only=True, slots=True)
class TableSource:
    """What made the results: the metadata of a table. `created` is in UTC."""

    survey: Survey
    classes: tuple[str, ...]
    classifier_name: str
    classifier_version: str
    created: datetime


def result_table(
    results: Sequence[AlertResult], source: TableSource, widths: Mapping[str, int] | None = None
) -> Table:
    """Return a table with a row per result. What is not known is masked.

    `widths` is the number of characters of each column of text; by default, of its longest value.
    Characters that cannot be printed are replaced.
    """
    table = Table(list(_columns(results, source.classes, widths or {})))
    table.meta = {
        "survey": str(source.survey),
        "classifier_name": source.classifier_name,
        "classifier_version": source.classifier_version,
        "classes": ",".join(source.classes),
        "created": times.format_iso(source.created),
        "stampapp_version": __version__,
    }
    return table


def table_size(results: Iterable[AlertResult]) -> tuple[int, dict[str, int]]:
    """Return the number of rows, and how many characters each column of text needs.

    The characters are those of FITS, which escapes some.
    """
    rows, widths = 0, dict.fromkeys(TEXTS, _LEAST_WIDTH)
    for rows, one in enumerate(results, 1):  # noqa: B007  # the last one is returned
        for name in TEXTS:
            text = _text(getattr(one, name)).encode("ascii", "backslashreplace")
            widths[name] = max(widths[name], len(text))
    return rows, widths


def _columns(
    results: Sequence[AlertResult], classes: Sequence[str], widths: Mapping[str, int]
) -> Iterator[MaskedColumn]:
    for name in _BEFORE:
        yield _column(results, name, widths)
    for name in classes:
        yield _numbers(
            f"probability_{name}",
            [one.probabilities[name] if one.probabilities else None for one in results],
            units.dimensionless_unscaled,
            f"probability of the class {name}, from 0 to 1",
        )
    for name in _AFTER:
        yield _column(results, name, widths)


def _column(results: Sequence[AlertResult], name: str, widths: Mapping[str, int]) -> MaskedColumn:
    values = [getattr(one, name) for one in results]
    if name in _NUMBERS:
        return _numbers(name, values, *_NUMBERS[name])
    return MaskedColumn(
        np.array(list(map(_text, values)), dtype=f"U{widths[name]}" if widths else np.str_),
        name=name,
        mask=[value is None for value in values],
        description=TEXTS[name],
    )


def _text(value: object) -> str:
    return "" if value is None else printable(str(value))


def _numbers(
    name: str, values: Sequence[float | None], unit: units.UnitBase, description: str
) -> MaskedColumn:
    return MaskedColumn(
        np.array([np.nan if value is None else value for value in values], dtype=np.float64),
        name=name,
        mask=[value is None for value in values],
        unit=unit,
        description=description,
    )
