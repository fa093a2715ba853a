"""Read labels and the probabilities of a reference network from CSV files."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stampapp.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The class of an alert ("" if unknown), and its line in the file."""

    name: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """The probability that a reference network gives to each class, by candid."""

    probabilities: Mapping[str, Mapping[str, float]]

    def class_name(self, candid: str) -> str:
        """Return the most probable class."""
        row = self.probabilities[candid]
        return max(row, key=row.__getitem__)


def read_labels(path: Path, classes: Sequence[str]) -> dict[str, Label]:
    """Return the labels of a CSV file with the columns candid and label, by candid.

    A label may be empty, and is written in any case; other columns are ignored. Raises ConfigError
    with file and line for an unknown class and for a missing or repeated candid.
    """
    found: dict[str, Label] = {}
    spelling = {"": ""} | {name.casefold(): name for name in classes}
    for line, row in _rows(path, ("candid", "label")):
        candid, label = row["candid"], row["label"]
        if (name := spelling.get(label.casefold())) is None:
            known = ", ".join(classes)
            raise ConfigError(f"{path}, line {line}: {label!r} is not one of the classes {known}")
        if candid in found:
            raise ConfigError(
                f"{path}, line {line}: candid {candid} is already in line {found[candid].line}"
            )
        found[candid] = Label(name=name, line=line)
    return found


def read_reference(path: Path, classes: Sequence[str]) -> Reference:
    """Return the probabilities of a CSV file with the column candid and one for each class."""
    rows: dict[str, dict[str, float]] = {}
    for line, row in _rows(path, ("candid", *classes)):
        rows[row["candid"]] = {
            name: _probability(row[name], f"{path}, line {line}: {name}") for name in classes
        }
    return Reference(probabilities=rows)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path} has no columns {', '.join(missing)}")
            for row in reader:
                values = {name: row[name].strip() for name in columns}
                if not values["candid"]:
                    raise ConfigError(f"{path}, line {reader.line_num}: the candid is missing")
                yield reader.line_num, values
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read as CSV: {error}") from error


def _probability(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise ConfigError(f"{where} is {text!r}, not a probability from 0 to 1")
    return value
