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
from stampapp.feeds.unfinished_alerts import (
    SimulationSource,
    UnfinishedAlerts,
    draft_of,
    find_drafts,
)
from stampapp.file_lock import lock_while_writing
from stampapp.output_path import check_file


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
    or neither if there is no alert; older ones are replaced. If `drawn` raises a StampError, what
    it yielded before is kept. Raises ConfigError if the files cannot be written, and without
    `before` if an interrupted run has left drafts of them.
    """
    check_file(alerts)
    check_file(labels)
    finished = _UntilError(drawn)
    kept = before.count if before else 0
    with _locked_draft(alerts) as alert_draft, _dropping_empty(alerts, labels):
        label_draft = draft_of(labels)
        try:
            if before:
                _copy(before.alerts, before.size, alert_draft)
                _copy(before.labels, before.labels_size, label_draft)
            else:
                _begin(alerts, labels)
            _write(alert_draft, label_draft, finished, source)
            if kept + finished.count:
                label_draft.replace(labels)
                alert_draft.replace(alerts)
        except OSError as error:
            raise ConfigError(_failure(alerts, labels, error)) from error
    if finished.error:
        raise finished.error
    return kept + finished.count


@contextmanager
def _locked_draft(alerts: Path) -> Iterator[Path]:
    """Yield the draft of the alerts, which no other process writes meanwhile."""
    draft = draft_of(alerts)
    try:
        file = draft.open("ab")
    except OSError as error:
        raise ConfigError(f"{alerts} cannot be written: {error.strerror}") from error
    with file:
        lock_while_writing(file, alerts)
        yield draft


@contextmanager
def _dropping_empty(alerts: Path, labels: Path) -> Iterator[None]:
    """Remove drafts that have no alert in the end."""
    try:
        yield
    finally:
        if find_drafts(alerts, labels) is None:
            draft_of(alerts).unlink(missing_ok=True)
            draft_of(labels).unlink(missing_ok=True)


def _begin(alerts: Path, labels: Path) -> None:
    if find_drafts(alerts, labels):
        raise ConfigError(
            f"{alerts} is not finished: go on with --resume, or delete {draft_of(alerts)} to start"
            " again"
        )
    os.truncate(draft_of(alerts), 0)
    draft_of(labels).unlink(missing_ok=True)


def _failure(alerts: Path, labels: Path, error: OSError) -> str:
    kept = find_drafts(alerts, labels)
    remedy = f". The first {kept.count} alerts are kept: --resume goes on" if kept else ""
    return f"{alerts} and {labels} cannot be written: {error.strerror}{remedy}"


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
