"""Progress on stderr: bars on a terminal, now and then a line in a pipe or file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.status import Status

from stampapp.display.lines import escape_bytes
from stampapp.display.pace import Pace, measured_from, rate, time_left

_FIRST_LINE, _MOST_SECONDS = 5.0, 60.0


class ProgressBars:
    """Progress bars on stderr, one for each description, removed at the end.

    Lines that are printed to stderr meanwhile appear above them. Without a terminal they are lines,
    the first after _FIRST_LINE seconds, later ones after twice as long, at most _MOST_SECONDS. The
    last one is that of the end.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            # Leaves space for the texts on a narrow terminal.
            BarColumn(bar_width=min(40, console.width // 3)),
            TextColumn("{task.fields[amount]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # Into a pipe or file it would write empty lines.
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._paces: dict[str, Pace] = {}
        self._lines = not console.is_terminal
        self._pause = _FIRST_LINE
        self._due = time.monotonic() + self._pause
        # The last line that was written, and that which follows the latest change.
        self._shown = self._latest = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
        if self._shown and self._latest != self._shown:
            report(self._latest)

    def __call__(self, what: str, more: int, total: int | None) -> None:
        """Show that `more` of `total` are done (None: the total is unknown)."""
        task = self._task(what)
        self._progress.update(task, advance=more, total=total)
        done = int(self._progress.tasks[task].completed)
        pace = self._pace(what, done, total, done)
        amount = f"{done}/{'?' if total is None else total}{pace}"
        self._progress.update(task, amount=amount)
        self._show_line(what, amount)

    def percent(
        self, what: str, done: int, total: int, note: str = "", count: int | None = None
    ) -> None:
        """Show the share of a total that is done, and a note.

        With the time that is left, and where the `count` of things so far is given, their rate.
        """
        pace = self._pace(what, done, total, count)
        amount = f"{100 * done // max(1, total)} % {note}".rstrip() + pace
        self._progress.update(self._task(what), completed=done, total=total, amount=amount)
        self._show_line(what, amount)

    def _pace(self, what: str, done: int, total: int | None, count: int | None) -> str:
        now = time.monotonic()
        first = measured_from(self._paces.get(what), now, done, count or 0)
        self._paces[what] = first
        parts = [rate(first, now, count), time_left(first, now, done, total)]
        return "".join(f", {part}" for part in parts if part)

    def _show_line(self, what: str, amount: str) -> None:
        self._latest = f"{what}: {amount.strip()}"
        if self._lines and time.monotonic() >= self._due:
            report(self._latest)
            self._shown = self._latest
            self._pause = min(2 * self._pause, _MOST_SECONDS)
            self._due = time.monotonic() + self._pause

    def _task(self, what: str) -> TaskID:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, amount="")
        return self._tasks[what]


@contextmanager
def progress_bar(what: str, total: int | None, done: int = 0) -> Iterator[Callable[[int], object]]:
    """Show a bar; yield a function to call with the number of items newly done."""
    with ProgressBars() as bars:
        bars(what, done, total)
        yield lambda more: bars(what, more, total)


def status_line(what: str) -> Status:
    """Return a context manager that shows this text on stderr, if it is a terminal."""
    return Console(stderr=True).status(what)


def report(text: str) -> None:
    """Write a line to stderr, above the bars if any."""
    print(escape_bytes(text), file=sys.stderr, flush=True)
