"""Classify alerts from files with the code of the worker, without Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol

from stampapp.alerts.detection_limit import DetectionLimit
from stampapp.alerts.packets import Decoded
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.commands.figure_folder import FigureFolder
from stampapp.display.progress import ProgressBars
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import read_alerts, total_size
from stampapp.feeds.stopping import StopSignal
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.results.summary import Summary

NOTHING_YET = Summary()


class ResultOutput(Protocol):
    """Where results go."""

    def add(self, outcome: Outcome) -> None:
        """Add the result of an alert. Raises BrokenPipeError if nobody reads it any more."""

    def keep(self, summary: Summary) -> None:
        """Make what was added stay; `summary` is that of all alerts so far."""


def classify_files(  # noqa: PLR0913  # the options of the command
    files: Sequence[Path],
    classifier: Classifier,
    output: ResultOutput,
    *,
    every_alert: bool,
    limit: DetectionLimit | None = None,
    schemas: MessageSchemas = NO_SCHEMAS,
    figures: FigureFolder | None = None,
    before: Summary = NOTHING_YET,
) -> Summary:
    """Add a result per alert to `output`, write progress to stderr, and figures into `figures`.

    Without `every_alert`, superseded alerts have no result: those over the `limit`, and of the
    others all but the earliest of each object. Ctrl-C, SIGTERM or a closed output stop it between
    two alerts. `before` is what an earlier run did, with which the returned summary goes on.
    """
    limit = None if every_alert else limit
    summary, stopped = before, None
    with StopSignal() as stop, ProgressBars() as bars:
        progress = _Progress(bars, total_size(files), before.read)
        first = None
        if not every_alert:
            found = stop.until_stopped(read_alerts(files, progress.read, schemas))
            first = _first_alerts(found, classifier, limit)
        progress.classify()
        alerts = islice(enumerate(read_alerts(files, progress.read, schemas)), before.read, None)
        outcomes = _classified(_chunks(alerts), first, classifier, limit)
        try:
            for number, outcome in stop.until_stopped(outcomes):
                summary = summary.after(number, outcome)
                if outcome and outcome.kind is not OutcomeKind.SUPERSEDED:
                    output.add(outcome)
                    _save(outcome, figures)
                if outcome is None:
                    output.keep(summary)
                progress.finish(number)
            output.keep(summary)
        except BrokenPipeError:
            stopped = "because its output was closed"
    return replace(summary, stopped="by a signal" if stop.received else stopped)


def _save(outcome: Outcome, figures: FigureFolder | None) -> None:
    if figures:
        figures.add(outcome)


def _classified(
    chunks: Iterable[list[tuple[int, Decoded]]],
    first: set[int] | None,
    classifier: Classifier,
    limit: DetectionLimit | None,
) -> Iterator[tuple[int, Outcome | None]]:
    """Yield how many alerts are read, with the outcome of the last.

    None is one that an earlier alert of its object supersedes.
    """
    for chunk in chunks:
        kept = [one for one in chunk if first is None or one[0] in first]
        outcomes = batch.classify_decoded([one for _, one in kept], classifier, limit)
        for (index, _), outcome in zip(kept, outcomes, strict=True):
            yield index + 1, outcome
        yield chunk[-1][0] + 1, None


class _Progress:
    """Shows how much of the files is read, and how many alerts are done, `before` of them."""

    def __init__(self, bars: ProgressBars, size: int, before: int) -> None:
        self._bars, self._size, self._before = bars, size, before
        self._what = "reading"
        self._bytes = self._alerts = 0

    def classify(self) -> None:
        """Show from now on what is classified."""
        self._what, self._bytes = "classifying", 0
        # Until an alert is classified, those of an earlier run are skipped.
        if self._before:
            self._what = "skipping"

    def read(self, size: int) -> None:
        """Show how many bytes have been read so far."""
        self._bytes = size
        self._show()

    def finish(self, alerts: int) -> None:
        """Show how many alerts are done so far."""
        self._what, self._alerts = "classifying", alerts
        self._show()

    def _show(self) -> None:
        done = f"read, {self._alerts} alerts done" if self._alerts else "read"
        self._bars.percent(self._what, self._bytes, self._size, done, self._alerts)


def _chunks(numbered: Iterator[tuple[int, Decoded]]) -> Iterator[list[tuple[int, Decoded]]]:
    while chunk := list(islice(numbered, batch.BATCH_SIZE)):
        yield chunk


def _first_alerts(
    decoded: Iterator[Decoded], classifier: Classifier, limit: DetectionLimit | None
) -> set[int]:
    """Return the indices of the earliest good alert of each object.

    And of all errors, and of all alerts over the limit.
    """
    others: set[int] = set()

    def prepared() -> Iterator[PreparedAlert | BadAlert | None]:
        for index, one in enumerate(decoded):
            over = batch.is_over(limit, one)
            result = None if over else batch.prepare_alert(one, classifier)
            if not isinstance(result, PreparedAlert):
                others.add(index)
            yield result

    return batch.earliest_of_each_object(prepared()) | others
