"""Stop a command on Ctrl-C or SIGTERM between two items, so that what is finished stays."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Within its block, Ctrl-C and SIGTERM end what `until_stopped` yields, and nothing else."""

    def __init__(self) -> None:
        self.received = False
        self._waiting = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._receive) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def until_stopped(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items until a signal arrives; one that is not complete by then is dropped."""
        iterator = iter(items)
        try:
            while not self.received:
                self._waiting = True
                item = next(iterator)
                self._waiting = False
                yield item
        except (StopIteration, KeyboardInterrupt):
            return
        finally:
            self._waiting = False

    def _receive(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.received = True
        # Whoever consumes an item may be writing it: it must be written completely.
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt
