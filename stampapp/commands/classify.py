"""Classify alerts from files with the code of the worker, without Kafka."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from stampapp.alerts.packets import Decoded
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.commands.figure_folder import FigureFolder
from stampapp.display.lines import terminal_width
from stampapp.display.progress import ProgressBars
from stampapp.display.tables import Column, Table
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import find_alert_files, read_alerts, total_size
from stampapp.results.class_names import shown_name
from stampapp.results.outcome import Outcome, OutcomeKind

BATCH_SIZE = 256
# Most candids and object names are no longer than this.
_WIDTHS = {"candid": 19, "object": 12, "class": 8}
Lines = Callable[[Outcome], Iterable[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The number of alerts that were read, and of these with each outcome."""

    read: int
    classified: int
    ruled_out: int
    errors: int

    @property
    def superseded(self) -> int:
        """The number of alerts that an earlier one of their object superseded."""
        return self.read - self.classified - self.ruled_out - self.errors

    def __str__(self) -> str:
        return (
            f"{self.read} alerts: {self.classified} classified, {self.ruled_out} ruled out,"
            f" {self.superseded} superseded by an earlier one of their object,"
            f" {self.errors} with an error"
        )


def classify_files(  # noqa: PLR0913  # the options of the command
    paths: Sequence[Path],
    classifier: Classifier,
    out: TextIO,
    *,
    as_json: bool,
    every_alert: bool,
    figures: FigureFolder | None = None,
) -> Summary:
    """Write one line per alert to `out`, progress to stderr, and figures into `figures`.

    Raises ConfigError if a path is wrong.
    """
    files = find_alert_files(paths)
    lines = _json_lines(classifier) if as_json else _table_lines(classifier, out)
    read, counts = 0, Counter[OutcomeKind]()
    with ProgressBars() as progress:
        first = None
        if not every_alert:
            first = _first_alerts(_read_with_progress(files, progress, "reading"), classifier)
        for chunk in _chunks(_read_with_progress(files, progress, "classifying")):
            kept = [decoded for index, decoded in chunk if first is None or index in first]
            for outcome in _outcomes(kept, classifier):
                for line in lines(outcome):
                    print(line, file=out)
                if figures:
                    figures.add(outcome)
                counts[outcome.kind] += 1
            read += len(chunk)
        out.flush()
    return Summary(
        read=read,
        classified=counts[OutcomeKind.CLASSIFIED],
        ruled_out=counts[OutcomeKind.RULED_OUT],
        errors=counts[OutcomeKind.DEAD_LETTERED],
    )


def _read_with_progress(
    files: Sequence[Path], progress: ProgressBars, what: str
) -> Iterator[Decoded]:
    size = total_size(files)
    return read_alerts(files, lambda done: progress.percent(what, done, size))


def _chunks(decoded: Iterator[Decoded]) -> Iterator[list[tuple[int, Decoded]]]:
    numbered = enumerate(decoded)
    while chunk := list(islice(numbered, BATCH_SIZE)):
        yield chunk


def _first_alerts(decoded: Iterator[Decoded], classifier: Classifier) -> set[int]:
    """Return the indices of the earliest good alert of each object, and of all errors."""
    faulty: set[int] = set()

    def prepared() -> Iterator[PreparedAlert | BadAlert]:
        for index, one in enumerate(decoded):
            result = batch.prepare_alert(one, classifier)
            if isinstance(result, BadAlert):
                faulty.add(index)
            yield result

    return batch.earliest_of_each_object(prepared()) | faulty


def _outcomes(decoded: Sequence[Decoded], classifier: Classifier) -> list[Outcome]:
    return batch.classify_batch(
        batch.prepare_batch(decoded, classifier, first_only=False), classifier
    )


def outcome_json(outcome: Outcome, classifier: Classifier) -> dict[str, Any]:
    """Return what `--json` prints for an outcome."""
    alert, result = outcome.alert, outcome.classification
    return {
        "candid": alert.candid if alert else None,
        "aid": alert.aid if alert else None,
        "oid": alert.oid if alert else None,
        "mjd": alert.mjd if alert else None,
        "probabilities": dict(result.probabilities) if result else None,
        "class_name": result.class_name if result else None,
        "rule": result.rule if result else None,
        "error": str(outcome.error) if outcome.error else None,
        "classifier_name": classifier.name,
        "classifier_version": classifier.version,
    }


def _json_lines(classifier: Classifier) -> Lines:
    return lambda outcome: [json.dumps(outcome_json(outcome, classifier), ensure_ascii=False)]


def _table_lines(classifier: Classifier, out: TextIO) -> Lines:
    """Write the heading; return a function that returns the lines of an outcome."""
    columns = [Column(name=name, width=width) for name, width in _WIDTHS.items()]
    widths = {name: max(5, len(name)) for name in map(shown_name, classifier.classes)}
    columns += [Column(name=name, width=width, right=True) for name, width in widths.items()]
    table = Table(columns, terminal_width(out))
    for line in table.heading():
        print(line, file=out)
    return lambda outcome: map(str, table.row(*_row(outcome)))


def _row(outcome: Outcome) -> tuple[list[str], str]:
    """Return the cells, and the detail that follows them: an error or a rule."""
    alert, result = outcome.alert, outcome.classification
    names = [alert.candid if alert else "?", alert.oid if alert else "?"]
    if result is None:
        return [*names, "error"], str(outcome.error)
    numbers = [f"{probability:.3f}" for probability in result.probabilities.values()]
    return [*names, shown_name(result.class_name or "-"), *numbers], result.rule or ""
