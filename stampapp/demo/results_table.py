"""Show the results of the demo: a row per result (probabilities in %) and the totals below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from stampapp.demo.demo_message import DemoMessage
from stampapp.demo.topics import BatchCounts, Classified, DeadLetter, Result
from stampapp.display.tables import Column, Table
from stampapp.display.values import bar
from stampapp.results.class_names import shown_name, with_shown_names
from stampapp.results.outcome import OutcomeKind

BAR_CELLS = 4
_COLOURS = ("magenta", "yellow", "cyan", "green", "red", "blue")
_CLASS, _TRUTH = (Column(name=name, width=8) for name in ("class", "truth"))
# Simulated objects have short names, with which a row fits into 80 columns; others up to 18 digits.
_SHORT_NAME, _LONG_NAME = 15, 18


class ResultsTable:
    """Prints results as they come, and keeps the totals visible on a terminal.

    With `truths` there is a column for the true class, and objects are named by survey and number.
    The surveys share the columns of their classes, in the order of the first.
    """

    def __init__(self, console: Console, *, truths: bool = False) -> None:
        self.shown = 0
        self.published = 0
        self._console = console
        self._truths: dict[str, str] | None = {} if truths else None
        self._names: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._right: Counter[bool] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._classes: tuple[str, ...] = ()
        self._table = self._layout()
        self._live = Live(console=console, get_renderable=self.totals, transient=True)

    def __enter__(self) -> ResultsTable:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._console.print(self.totals())

    def note_published(self, message: DemoMessage) -> None:
        """Count a published message, and remember its true class."""
        self.published += 1
        self._counts[message.survey] += 1
        if self._truths is not None and message.label is not None:
            aid = message.key.decode()
            self._truths[aid] = message.label
            self._names[aid] = f"{message.survey}-{self._counts[message.survey]}"

    def add(self, result: Result) -> None:
        """Show a result, or add a batch's figures to the totals."""
        match result:
            case BatchCounts():
                self._outcomes.update(result.counts)
            case Classified():
                self._head(result)
                self._print(self._table.row(self._cells(result)))
                self.shown += 1
            case DeadLetter():
                problem = f"dead letter: {result.cause}: {result.message}"
                lines = self._table.row([self._name(result.key)], problem)
                self._print([Text(line.plain, style="red") for line in lines])
                self.shown += 1

    def totals(self) -> Text:
        """Return the counts since the start: published messages and their outcomes."""
        parts = [f"{self.published} published"]
        parts += [
            f"{self._outcomes[kind]} {kind.replace('_', ' ')}"
            for kind in OutcomeKind
            if self._outcomes[kind]
        ]
        if compared := self._right.total():
            parts.append(f"{self._right[True]} of {compared} right")
        return Text(" · ".join(parts), style="bold")

    def _print(self, lines: Sequence[Text]) -> None:
        for line in lines:
            self._console.print(line, soft_wrap=True)

    def _layout(self) -> Table:
        width = _LONG_NAME if self._truths is None else _SHORT_NAME
        truth = [] if self._truths is None else [_TRUTH]
        columns = [Column(name="object", width=width), _CLASS, *truth]
        for name in self._classes:
            columns.append(Column(name=name[: _CLASS.width], width=BAR_CELLS + 4, right=True))
        return Table(columns, self._console.width if self._console.is_terminal else None)

    def _head(self, result: Classified) -> None:
        classes = with_shown_names(result.probabilities)
        if classes.keys() != set(self._classes):
            self._classes = tuple(classes)
            self._table = self._layout()
            self._print(self._table.heading("bold underline"))

    def _cells(self, result: Classified) -> list[Text]:
        found = with_shown_names(result.probabilities)
        best = max(found, key=found.__getitem__)
        best_name = Text(best[: _CLASS.width], style=self._colour(best))
        truth = [] if self._truths is None else [self._truth(result.aid, best)]
        shares = [self._share(name, found[name], best=name == best) for name in self._classes]
        return [Text(self._name(result.aid)), best_name, *truth, *shares]

    def _name(self, aid: str) -> str:
        return self._names.pop(aid, aid)

    def _share(self, name: str, probability: float, *, best: bool) -> Text:
        shown = Text(bar(probability, BAR_CELLS).ljust(BAR_CELLS), style=self._colour(name))
        return shown.append(f"{100 * probability:4.0f}", style=None if best else "dim")

    def _truth(self, aid: str, best: str) -> Text:
        truth = (self._truths or {}).pop(aid, None)
        if truth is None:
            return Text()
        truth = shown_name(truth)
        right = truth == best
        self._right[right] += 1
        return Text(truth[: _TRUTH.width], style="dim" if right else "bold reverse")

    def _colour(self, name: str) -> str:
        return _COLOURS[self._classes.index(name) % len(_COLOURS)]
