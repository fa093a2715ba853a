"""Classify alerts from files with the code of the worker, without Kafka."""

from __future__ import annotations

import json
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
from stampapp.results.outcome import Outcome

BATCH_SIZE = 256
# Most candids and object names are no longer than this.
_WIDTHS = {"candid": 19, "object": 12, "class": 8}
Lines = Callable[[Outcome], Iterable[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The numbers of alerts that were read, shown (classified or with an error), and in error."""

    read: int
    shown: int
    errors: int

    def __str__(self) -> str:
        superseded = self.read - self.shown
        return (
            f"{self.read} alerts: {self.shown - self.errors} classified, {superseded} superseded"
            f" by an earlier one of their object, {self.errors} with an error"
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
    read = shown = errors = 0
    with ProgressBars() as progress:
        first = None
        if not every_alert:
            first = _first_alerts(_read_with_progress(files, progress, "reading"), classifier)
        for chunk in _chunks(_read_with_progress(files, progress, "classifying")):
            kept = [one for index, one in chunk if first is None or index in first]
            for outcome in _outcomes(kept, classifier):
                for line in lines(outcome):
                    print(line, file=out)
                if figures:
                    figures.add(outcome)
                errors += outcome.error is not None
            read, shown = read + len(chunk), shown + len(kept)
        out.flush()
    return Summary(read=read, shown=shown, errors=errors)


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

    def examined() -> Iterator[PreparedAlert | BadAlert]:
        for index, one in enumerate(decoded):
            found = batch.prepare_alert(one, classifier)
            if isinstance(found, BadAlert):
                faulty.add(index)
            yield found

    return batch.earliest_of_each_object(examined()) | faulty


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
    widths = {name: max(5, len(name)) for name in classifier.classes}
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
    return [*names, result.class_name or "-", *numbers], result.rule or ""
