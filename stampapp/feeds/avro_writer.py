"""Write labelled alerts to an Avro file for `classify` and their labels to a CSV for training."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import fastavro

from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.errors import ConfigError, StampError
from stampapp.feeds.alert_encoding import file_format


def write_alerts(drawn: Iterable[LabelledAlert], alerts: Path, labels: Path) -> int:
    """Write a container of alerts, and a CSV with the columns candid and label.

    The survey of the first alert decides how all are encoded. Returns the number of alerts. Both
    files appear at the end, or neither if there is no alert; older ones are replaced. If `drawn`
    raises a StampError, what it yielded before is kept. Raises ConfigError if the files cannot be
    written.
    """
    finished = _UntilError(drawn)
    try:
        with (
            _replacing(alerts, finished) as alert_draft,
            _replacing(labels, finished) as label_draft,
            alert_draft.open("wb") as binary,
            label_draft.open("w", newline="", encoding="utf-8") as text,
        ):
            rows = csv.writer(text, lineterminator="\n")
            rows.writerow(("candid", "label"))
            _write_container(binary, finished, rows.writerow)
    except OSError as error:
        raise ConfigError(f"{alerts} and {labels} cannot be written: {error.strerror}") from error
    if finished.error:
        raise finished.error
    return finished.count


class _UntilError(Iterator[LabelledAlert]):
    """Counts alerts, and ends where the iterator raises a StampError."""

    def __init__(self, drawn: Iterable[LabelledAlert]) -> None:
        self.count = 0
        self.error: StampError | None = None
        self._drawn = iter(drawn)

    def __next__(self) -> LabelledAlert:
        try:
            one = next(self._drawn)
        except StampError as error:
            self.error = error
            raise StopIteration from error
        self.count += 1
        return one


@contextmanager
def _replacing(path: Path, finished: _UntilError) -> Iterator[Path]:
    """Yield a temporary path, and rename it to `path` at the end, if there is any alert."""
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name a file")
    if not path.parent.is_dir():
        raise ConfigError(f"{path} cannot be written: there is no folder {path.parent}")
    draft = path.with_name(f".{path.name}.draft")
    try:
        yield draft
        if finished.count:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write_container(
    binary: BinaryIO, drawn: Iterator[LabelledAlert], label: Callable[[tuple[str, str]], object]
) -> None:
    if (first := next(drawn, None)) is None:
        return
    schema, encode = file_format(first.alert.survey)
    labelled = _noting_labels(chain([first], drawn), label)
    fastavro.writer(binary, schema, map(encode, labelled))


def _noting_labels(
    drawn: Iterable[LabelledAlert], label: Callable[[tuple[str, str]], object]
) -> Iterator[Alert]:
    for one in drawn:
        label((one.alert.candid, survey_rules(one.alert.survey).spelled(one.label)))
        yield one.alert
