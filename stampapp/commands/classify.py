"""Classify alerts from files with the code of the worker, without Kafka."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from stampapp.alerts.detection_limit import DetectionLimit
from stampapp.alerts.packets import Decoded
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.commands.figure_folder import FigureFolder
from stampapp.display.lines import terminal_width
from stampapp.display.progress import ProgressBars
from stampapp.display.tables import Column, Table
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import read_alerts, total_size
from stampapp.feeds.stopping import StopSignal
from stampapp.results.alert_result import alert_result
from stampapp.results.class_names import shown_name
from stampapp.results.outcome import Outcome, OutcomeKind

# Most candids are no longer than this, and the object names of most surveys.
_CANDID, _OBJECT, _CLASS = 19, 12, 8
_JSON_FIELDS = (
    *("candid", "aid", "oid", "mjd", "probabilities", "class_name", "rule", "error"),
    *("classifier_name", "classifier_version"),
)
Lines = Callable[[Outcome], Iterable[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The number of alerts that were read, and of these with each outcome."""

    read: int
    classified: int
    ruled_out: int
    errors: int
    # Of the superseded ones, those whose object has more than MAX_DETECTIONS detections.
    over_max_detections: int = 0
    # Why it ended before all alerts were read; None if it did not.
    stopped: str | None = None

    @property
    def superseded(self) -> int:
        """The number of alerts that an earlier one of their object superseded."""
        outcomes = (self.classified, self.ruled_out, self.errors, self.over_max_detections)
        return self.read - sum(outcomes)

    def __str__(self) -> str:
        over = self.over_max_detections
        by_detections = f" {over} superseded by MAX_DETECTIONS," if over else ""
        stopped = f"Stopped {self.stopped} after " if self.stopped else ""
        return stopped + (
            f"{self.read} alerts: {self.classified} classified, {self.ruled_out} ruled out,"
            f" {self.superseded} superseded by an earlier one of their object,{by_detections}"
            f" {self.errors} with an error"
        )


def classify_files(  # noqa: PLR0913  # the options of the command
    files: Sequence[Path],
    classifier: Classifier,
    out: TextIO,
    *,
    as_json: bool,
    every_alert: bool,
    limit: DetectionLimit | None = None,
    schemas: MessageSchemas = NO_SCHEMAS,
    figures: FigureFolder | None = None,
) -> Summary:
    """Write one line per alert to `out`, progress to stderr, and figures into `figures`.

    Without `every_alert`, superseded alerts have no line: those over the `limit`, and of the others
    all but the earliest of each object. Ctrl-C, SIGTERM or a closed `out` stop it between two
    alerts.
    """
    limit = None if every_alert else limit
    lines = _json_lines(classifier) if as_json else _table_lines(classifier, out)
    read, counts, stopped = 0, Counter[OutcomeKind](), None
    with StopSignal() as stop, ProgressBars() as progress:
        first = None
        if not every_alert:
            reading = _Progress(progress, "reading", total_size(files))
            found = stop.until_stopped(read_alerts(files, reading.read, schemas))
            first = _first_alerts(found, classifier, limit)
        classifying = _Progress(progress, "classifying", total_size(files))
        chunks = _chunks(read_alerts(files, classifying.read, schemas))
        try:
            for number, outcome in stop.until_stopped(
                _classified(chunks, first, classifier, limit)
            ):
                read = number
                if outcome and outcome.kind is not OutcomeKind.SUPERSEDED:
                    _write(lines(outcome), out)
                    _save(outcome, figures)
                counts.update([outcome.kind] if outcome else [])
                classifying.finish(read)
            out.flush()
        except BrokenPipeError:
            stopped = "because its output was closed"
            # At its end, Python would try to write the rest.
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    return Summary(
        read=read,
        classified=counts[OutcomeKind.CLASSIFIED],
        ruled_out=counts[OutcomeKind.RULED_OUT],
        errors=counts[OutcomeKind.DEAD_LETTERED],
        over_max_detections=counts[OutcomeKind.SUPERSEDED],
        stopped="by a signal" if stop.received else stopped,
    )


def _write(lines: Iterable[str], out: TextIO) -> None:
    for line in lines:
        print(line, file=out)


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
    """Shows how much of the files is read, and how many alerts are done."""

    def __init__(self, bars: ProgressBars, what: str, size: int) -> None:
        self._bars, self._what, self._size = bars, what, size
        self._bytes = self._alerts = 0

    def read(self, size: int) -> None:
        """Show how many bytes have been read so far."""
        self._bytes = size
        self._show()

    def finish(self, alerts: int) -> None:
        """Show how many alerts are done so far."""
        self._alerts = alerts
        self._show()

    def _show(self) -> None:
        done = f"read, {self._alerts} alerts done" if self._alerts else "read"
        self._bars.percent(self._what, self._bytes, self._size, done)


def _chunks(decoded: Iterator[Decoded]) -> Iterator[list[tuple[int, Decoded]]]:
    numbered = enumerate(decoded)
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


def outcome_json(outcome: Outcome, classifier: Classifier) -> dict[str, Any]:
    """Return what `--json` prints for an outcome."""
    result = alert_result(outcome, classifier.name, classifier.version)
    return {name: getattr(result, name) for name in _JSON_FIELDS}


def _json_lines(classifier: Classifier) -> Lines:
    return lambda outcome: [json.dumps(outcome_json(outcome, classifier), ensure_ascii=False)]


def _table_lines(classifier: Classifier, out: TextIO) -> Lines:
    """Return a function that returns the lines of an outcome, the first time after the heading."""
    table: Table | None = None

    def lines(outcome: Outcome) -> Iterator[str]:
        nonlocal table
        if table is None:
            # The names of a survey's objects are of one length.
            name = outcome.alert.oid if outcome.alert else ""
            table = Table(_columns(classifier, max(_OBJECT, len(name))), terminal_width(out))
            yield from map(str, table.heading())
        yield from map(str, table.row(*_row(outcome)))

    return lines


def _columns(classifier: Classifier, name_length: int) -> list[Column]:
    widths = {"candid": _CANDID, "object": name_length, "class": _CLASS}
    numbers = {name: max(5, len(name)) for name in map(shown_name, classifier.classes)}
    return [
        *(Column(name=name, width=width) for name, width in widths.items()),
        *(Column(name=name, width=width, right=True) for name, width in numbers.items()),
    ]


def _row(outcome: Outcome) -> tuple[list[str], str]:
    """Return the cells, and the detail that follows them: an error or a rule."""
    alert, result = outcome.alert, outcome.classification
    names = [alert.candid if alert else "?", alert.oid if alert else "?"]
    if result is None:
        return [*names, "error"], str(outcome.error)
    numbers = [f"{probability:.3f}" for probability in result.probabilities.values()]
    return [*names, shown_name(result.class_name or "-"), *numbers], result.rule or ""
