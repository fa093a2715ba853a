"""Write labelled alerts to an Avro file for `classify` and their labels to a CSV for training."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import fastavro

from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.errors import ConfigError, StampError
from stampapp.feeds.alert_encoding import file_format
from stampapp.feeds.unfinished_alerts import SimulationSource, UnfinishedAlerts, draft_of


def write_alerts(
    drawn: Iterable[LabelledAlert],
    alerts: Path,
    labels: Path,
    source: SimulationSource,
    before: UnfinishedAlerts | None = None,
) -> int:
    """Write a container of alerts, and a CSV with the columns candid and label.

    They begin with the alerts of an interrupted run, if it has left some (`before`); `source` goes
    into the metadata of the container. Returns the number of alerts. Both files appear at the end,
    or neither if there is no new alert; older ones are replaced. If `drawn` raises a StampError,
    what it yielded before is kept. Raises ConfigError if the files cannot be written.
    """
    finished = _UntilError(drawn)
    kept = before.count if before else 0
    try:
        with (
            _replacing(alerts, finished, kept) as alert_draft,
            _replacing(labels, finished, kept) as label_draft,
        ):
            if before:
                _copy(before.alerts, before.size, alert_draft)
                _copy(before.labels, before.labels_size, label_draft)
            _write(alert_draft, label_draft, finished, source)
    except OSError as error:
        raise ConfigError(f"{alerts} and {labels} cannot be written: {error.strerror}") from error
    if finished.error:
        raise finished.error
    return kept + finished.count


def _copy(path: Path, size: int, to: Path) -> None:
    if path != to:
        shutil.copyfile(path, to)
    os.truncate(to, size)


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
def _replacing(path: Path, finished: _UntilError, kept: int) -> Iterator[Path]:
    """Yield a temporary path, and rename it to `path` at the end, if there is any alert.

    After an exception it stays if alerts of an interrupted run are `kept` in it.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name a file")
    if not path.parent.is_dir():
        raise ConfigError(f"{path} cannot be written: there is no folder {path.parent}")
    draft = draft_of(path)
    if not kept:
        draft.unlink(missing_ok=True)
    try:
        yield draft
        if kept + finished.count:
            draft.replace(path)
    finally:
        if not kept:
            draft.unlink(missing_ok=True)


def _write(
    alerts: Path, labels: Path, drawn: Iterator[LabelledAlert], source: SimulationSource
) -> None:
    """Append alerts to a container, and labels to a CSV; both are begun where they are missing."""
    # A label is written before its alert, so that a killed run leaves one for each.
    with (
        alerts.open("a+b") as binary,
        labels.open("a", buffering=1, newline="", encoding="utf-8") as text,
    ):
        rows = csv.writer(text, lineterminator="\n")
        if not text.tell():
            rows.writerow(("candid", "label"))
        if (first := next(drawn, None)) is None:
            return
        schema, encode = file_format(first.alert.survey)
        labelled = _noting_labels(chain([first], drawn), rows.writerow)
        fastavro.writer(binary, schema, map(encode, labelled), metadata=source.metadata())


def _noting_labels(
    drawn: Iterable[LabelledAlert], label: Callable[[tuple[str, str]], object]
) -> Iterator[Alert]:
    for one in drawn:
        label((one.alert.candid, survey_rules(one.alert.survey).spelled(one.label)))
        yield one.alert
