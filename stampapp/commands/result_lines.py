"""Results as lines: a table for people, or JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from stampapp.classifiers.base import Classifier
from stampapp.display.lines import terminal_width
from stampapp.display.tables import Column, Table
from stampapp.results.alert_result import alert_result
from stampapp.results.class_names import shown_name
from stampapp.results.outcome import Outcome
from stampapp.results.summary import Summary

# Most candids are no longer than this, and the object names of most surveys.
_CANDID, _OBJECT, _CLASS = 19, 12, 8
_JSON_FIELDS = (
    *("candid", "aid", "oid", "mjd", "probabilities", "class_name", "rule", "error"),
    *("classifier_name", "classifier_version"),
)
Lines = Callable[[Outcome], Iterable[str]]


class ResultLines:
    """Writes a line per result to `out`."""

    def __init__(self, classifier: Classifier, out: TextIO, *, as_json: bool) -> None:
        self._lines = _json_lines(classifier) if as_json else _table_lines(classifier, out)
        self._out = out

    def add(self, outcome: Outcome) -> None:
        """Write the line of an outcome. Raises BrokenPipeError once `out` is closed."""
        with _quiet_once_closed(self._out):
            for line in self._lines(outcome):
                print(line, file=self._out)

    def keep(self, summary: Summary) -> None:  # noqa: ARG002  # a table's output needs it
        """Hand over what is written."""
        with _quiet_once_closed(self._out):
            self._out.flush()


@contextmanager
def _quiet_once_closed(out: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # At its end, Python would try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        raise


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
