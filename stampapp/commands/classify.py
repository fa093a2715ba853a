"""Classifies alerts on disk with the worker's own code, without Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import Progress

from stampapp.alerts.packets import Decoded
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.commands.figure_folder import Album
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import find_alert_files, read_alerts, total_size
from stampapp.results.outcome import Outcome

BATCH = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """How many alerts were read, classified, superseded and faulty."""

    read: int
    shown: int
    errors: int

    def __str__(self) -> str:
        superseded = self.read - self.shown
        return (
            f"{self.read} alerts: {self.shown - self.errors} classified, {superseded} superseded"
            f" by an earlier one of their object, {self.errors} with an error"
        )


def classify(  # noqa: PLR0913  # what a command is told
    paths: Sequence[Path],
    classifier: Classifier,
    out: TextIO,
    *,
    as_json: bool,
    every_alert: bool,
    album: Album | None = None,
) -> Summary:
    """Write one line per alert to `out`, progress to stderr, pictures into `album`.

    Raises ConfigError on a bad path.
    """
    files = find_alert_files(paths)
    line = _json_line if as_json else _table_line
    if not as_json:
        print(_heading(classifier.classes), file=out)
    read = shown = errors = 0
    with Progress(console=Console(stderr=True), transient=True) as progress:
        kept = None
        if not every_alert:
            kept = _first_alerts(_tracked(files, progress, "reading"), classifier)
        for chunk in _chunks(_tracked(files, progress, "classifying")):
            chosen = [one for index, one in chunk if kept is None or index in kept]
            for outcome in _outcomes(chosen, classifier):
                print(line(outcome, classifier), file=out)
                if album:
                    album.add(outcome)
                errors += outcome.error is not None
            read, shown = read + len(chunk), shown + len(chosen)
        out.flush()
    return Summary(read=read, shown=shown, errors=errors)


def _tracked(files: Sequence[Path], progress: Progress, what: str) -> Iterator[Decoded]:
    task = progress.add_task(what, total=total_size(files))
    return read_alerts(files, lambda done: progress.update(task, completed=done))


def _chunks(decoded: Iterator[Decoded]) -> Iterator[list[tuple[int, Decoded]]]:
    numbered = enumerate(decoded)
    while chunk := list(islice(numbered, BATCH)):
        yield chunk


def _first_alerts(decoded: Iterator[Decoded], classifier: Classifier) -> set[int]:
    """Return the places of the earliest good alert of each object, and of all faulty ones."""
    faulty: set[int] = set()

    def examined() -> Iterator[PreparedAlert | BadAlert]:
        for index, one in enumerate(decoded):
            found = batch.prepare_alert(one, classifier)
            if isinstance(found, BadAlert):
                faulty.add(index)
            yield found

    return batch.first_of_each(examined()) | faulty


def _outcomes(decoded: Sequence[Decoded], classifier: Classifier) -> list[Outcome]:
    return batch.classify_batch(
        batch.prepare_batch(decoded, classifier, first_only=False), classifier
    )


def describe(outcome: Outcome, classifier: Classifier) -> dict[str, Any]:
    """Return what `--json` prints of an outcome."""
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


def _json_line(outcome: Outcome, classifier: Classifier) -> str:
    return json.dumps(describe(outcome, classifier), ensure_ascii=False)


def _heading(classes: Sequence[str]) -> str:
    return f"{'candid':<20} {'object':<16} {'class':<9}" + "".join(f"{name:>9}" for name in classes)


def _table_line(outcome: Outcome, _: Classifier) -> str:
    alert, result = outcome.alert, outcome.classification
    who = f"{alert.candid if alert else '?':<20} {alert.oid if alert else '?':<16}"
    if result is None:
        return f"{who} {'error':<9} {outcome.error}"
    numbers = "".join(f"{p:>9.3f}" for p in result.probabilities.values())
    note = f"  {result.rule}" if result.rule else ""
    return f"{who} {result.class_name or '-':<9}{numbers}{note}"
