"""The table that grows: a line per result (probabilities in %), and the totals under it."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.live import Live
from rich.text import Text

from stampapp.demo.demo_message import Cue
from stampapp.demo.topics import Classified, Dead, Figures, Result
from stampapp.results.outcome import OutcomeKind

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
    """Prints results as they come. A context manager; the totals stay visible at a terminal.

    With `truths` there is a column for the class that an object is known to be of. Surveys spell
    the same classes differently: they share the columns, in the spelling of the first.
    """

    def __init__(self, console: Console, *, truths: bool = False) -> None:
        self.shown = 0
        self.published = 0
        self._console = console
        self._truths: dict[str, str] | None = {} if truths else None
        self._right: Counter[bool] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._classes: dict[str, str] = {}
        self._live = Live(console=console, get_renderable=self.totals, transient=True)

    def __enter__(self) -> Table:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._console.print(self.totals())

    def expect(self, cue: Cue) -> None:
        """Count what is published, and remember what it is."""
        self.published += 1
        if self._truths is not None and cue.label is not None:
            self._truths[cue.key.decode()] = cue.label

    def add(self, result: Result) -> None:
        """Show a result, or add a batch's figures to the totals."""
        match result:
            case Figures():
                self._outcomes.update(result.counts)
            case Classified():
                self._head(result)
                self._print(self._row(result))
            case Dead():
                self._print(_dead_row(result))

    def totals(self) -> Text:
        """Return the counts since the start: what was published, and what became of it."""
        parts = [f"{self.published} published"]
        parts += [
            f"{self._outcomes[kind]} {kind.replace('_', ' ')}"
            for kind in OutcomeKind
            if self._outcomes[kind]
        ]
        if compared := self._right.total():
            parts.append(f"{self._right[True]} of {compared} right")
        return Text(" · ".join(parts), style="bold", no_wrap=True)

    def _print(self, line: Text) -> None:
        self.shown += 1
        self._console.print(line, soft_wrap=True)

    def _head(self, result: Classified) -> None:
        classes = {name.casefold(): name for name in result.probabilities}
        if classes.keys() != self._classes.keys():
            self._classes = classes
            truth = "" if self._truths is None else f" {'truth':<8}"
            names = "".join(f" {name:<8.8}" for name in classes.values())
            head = f"{'object':<15} {'class':<8}{truth}{names}"
            self._console.print(Text(head, style="bold underline"), soft_wrap=True)

    def _row(self, result: Classified) -> Text:
        found = {name.casefold(): p for name, p in result.probabilities.items()}
        best = max(found, key=found.__getitem__)
        line = Text(f"{result.aid:<15}")
        line.append(f" {self._classes[best]:<8.8}", style=self._colour(best))
        if self._truths is not None:
            line.append(self._truth(result.aid, best))
        for name in self._classes:
            line.append(f" {bar(found[name])}", style=self._colour(name))
            line.append(f"{100 * found[name]:4.0f}", style=None if name == best else "dim")
        return line

    def _truth(self, aid: str, best: str) -> Text:
        truth = (self._truths or {}).pop(aid, None)
        if truth is None:
            return Text(" " * 9)
        right = truth.casefold() == best
        self._right[right] += 1
        return Text(f" {truth:<8.8}", style="dim" if right else "bold reverse")

    def _colour(self, name: str) -> str:
        return _COLOURS[list(self._classes).index(name) % len(_COLOURS)]


def _dead_row(dead: Dead) -> Text:
    return Text(f"{dead.key:<15} dead letter: {dead.cause}: {dead.message}", style="red")
