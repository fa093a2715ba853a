"""The table that grows: a line per result (probabilities in %), and the totals under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live
from rich.text import Text

from stampapp.demo.stage import Classified, Dead, Figures, Result
from stampapp.records import Verdict

BAR_CELLS = 4
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_COLOURS = ("magenta", "yellow", "cyan", "green", "red", "blue")


def bar(probability: float) -> str:
    """Return a probability as a bar of `BAR_CELLS` characters, to an eighth of one."""
    eighths = round(min(max(probability, 0.0), 1.0) * BAR_CELLS * 8)
    full, rest = divmod(eighths, 8)
    partial = _EIGHTHS[rest] if rest else ""
    return ("█" * full + partial).ljust(BAR_CELLS)


class Table:
    """Prints results as they come. A context manager; the totals stay visible at a terminal."""

    def __init__(self, console: Console) -> None:
        self.shown = 0
        self.published = 0
        self._console = console
        self._outcomes: Counter[str] = Counter()
        self._classes: tuple[str, ...] = ()
        self._live = Live(console=console, get_renderable=self.totals, transient=True)

    def __enter__(self) -> Table:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._console.print(self.totals())

    def add(self, result: Result) -> None:
        """Show a result, or add a batch's figures to the totals."""
        match result:
            case Figures():
                self._outcomes.update(result.counts)
            case Classified():
                self._head(tuple(result.probabilities))
                self._print(self._row(result))
            case Dead():
                self._print(_dead_row(result))

    def totals(self) -> Text:
        """Return the counts since the start: what was published, and what became of it."""
        parts = [f"{self.published} published"]
        parts += [
            f"{self._outcomes[verdict]} {verdict.replace('_', ' ')}"
            for verdict in Verdict
            if self._outcomes
        ]
        return Text(" · ".join(parts), style="bold", no_wrap=True)

    def _print(self, line: Text) -> None:
        self.shown += 1
        self._console.print(line, soft_wrap=True)

    def _head(self, classes: tuple[str, ...]) -> None:
        if classes != self._classes:
            self._classes = classes
            names = "".join(f" {name:<8.8}" for name in classes)
            head = f"{'UTC':<8} {'object':<15} {'class':<8}{names}"
            self._console.print(Text(head, style="bold underline"), soft_wrap=True)

    def _row(self, result: Classified) -> Text:
        best = max(result.probabilities, key=result.probabilities.__getitem__)
        line = _start(result.aid)
        line.append(f" {best:<8.8}", style=_colour(self._classes, best))
        for name, probability in result.probabilities.items():
            colour = _colour(self._classes, name)
            line.append(f" {bar(probability)}", style=colour)
            line.append(f"{100 * probability:4.0f}", style=None if name == best else "dim")
        return line


def _start(name: str) -> Text:
    return Text(f"{datetime.now(UTC):%H:%M:%S} {name:<15}")


def _dead_row(dead: Dead) -> Text:
    return _start(dead.key).append(f" dead letter: {dead.cause}: {dead.message}", style="red")


def _colour(classes: Sequence[str], name: str) -> str:
    return _COLOURS[classes.index(name) % len(_COLOURS)] if name in classes else "white"
