"""Progress bars on stderr, if it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.status import Status


class ProgressBars:
    """Progress bars on stderr, one for each description, removed at the end.

    Lines that are printed to stderr meanwhile appear above them. Without a terminal nothing is
    shown.
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

    def __call__(self, what: str, more: int, total: int | None) -> None:
        """Show that `more` of `total` are done (None: the total is unknown)."""
        task = self._task(what)
        self._progress.update(task, advance=more, total=total)
        done = int(self._progress.tasks[task].completed)
        self._progress.update(task, amount=f"{done}/{'?' if total is None else total}")

    def percent(self, what: str, done: int, total: int, note: str = "") -> None:
        """Show the share of a total that is done, and a note."""
        amount = f"{100 * done // max(1, total)} % {note}"
        self._progress.update(self._task(what), completed=done, total=total, amount=amount)

    def _task(self, what: str) -> TaskID:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, amount="")
        return self._tasks[what]


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], object]]:
    """Show a bar; yield a function to call with the number of items newly done."""
    with ProgressBars() as bars:
        bars(what, 0, total)
        yield lambda more: bars(what, more, total)


def status_line(what: str) -> Status:
    """Return a context manager that shows this text on stderr, if it is a terminal."""
    return Console(stderr=True).status(what)


def report(text: str) -> None:
    """Write a line to stderr, above the bars if any."""
    print(text, file=sys.stderr, flush=True)
