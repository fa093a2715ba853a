"""Progress on stderr: bars for people, and silence where nobody looks."""

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
    """Progress bars on stderr, one for each description, which go at the end.

    What is printed to stderr meanwhile stands above them. There are none where stderr is no
    terminal.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            # As wide as the terminal leaves room for.
            BarColumn(bar_width=min(40, console.width // 3)),
            TextColumn("{task.fields[amount]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # Elsewhere it would write empty lines.
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
        """Show that so many more of a total are done; of an unknown total for None."""
        task = self._task(what)
        self._progress.update(task, advance=more, total=total)
        done = int(self._progress.tasks[task].completed)
        self._progress.update(task, amount=f"{done}/{'?' if total is None else total}")

    def percent(self, what: str, done: int, total: int, note: str = "") -> None:
        """Show which part of a total is done, and a note."""
        amount = f"{100 * done // max(1, total)} % {note}"
        self._progress.update(self._task(what), completed=done, total=total, amount=amount)

    def _task(self, what: str) -> TaskID:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, amount="")
        return self._tasks[what]


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], object]]:
    """Show how far it is to `total` (None: not known); call what is given with how many more."""
    with ProgressBars() as bars:
        bars(what, 0, total)
        yield lambda more: bars(what, more, total)


def status_line(what: str) -> Status:
    """Return a line that says what is being done, for as long as the block."""
    return Console(stderr=True).status(what)


def report(text: str) -> None:
    """Write a line to stderr; where a bar is shown, above it."""
    print(text, file=sys.stderr, flush=True)
