"""The alerts of files and archives, one after the other, and what of them is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from stampapp.errors import BadAlert
from stampapp.feeds import archives, record_splitter
from stampapp.feeds.record_splitter import Single

# As many as a person reads; the others are counted.
MOST_LINES = 100


class Stock:
    """The alerts of some files, in order. `damaged` counts what could not be read.

    `tell` hears what is damaged, `moved` how many bytes of all files have been read.
    """

    def __init__(
        self, files: Sequence[Path], tell: Callable[[str], object], moved: Callable[[int], object]
    ) -> None:
        self.damaged = 0
        self._files = files
        self._tell = tell
        self._moved = moved

    def alerts(self, change: Callable[[Single], Single]) -> Iterator[Single]:
        """Yield every alert as `change` makes it; what it refuses with a BadAlert is damaged."""
        before = 0
        for path in self._files:
            try:
                with path.open("rb") as file:
                    for one in self._of(path, file, change):
                        yield one
                        self._moved(before + file.tell())
                    before += file.tell()
            except OSError as error:
                self._note(str(path), BadAlert("unreadable", error.strerror or str(error)))

    def _of(
        self, path: Path, file: BinaryIO, change: Callable[[Single], Single]
    ) -> Iterator[Single]:
        for name, source in archives.opened(str(path), file):
            if isinstance(source, BadAlert):
                self._note(name, source)
                continue
            try:
                for single in record_splitter.split(source):
                    try:
                        yield change(single)
                    except BadAlert as error:
                        self._note(name, error)
            except BadAlert as error:
                self._note(name, error)

    def _note(self, name: str, error: BadAlert) -> None:
        self.damaged += 1
        if self.damaged <= MOST_LINES:
            self._tell(f"damaged: {name}: {error}")
