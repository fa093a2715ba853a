from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from stampapp.feeds.stopping import StopSignal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_current_item_be_finished(number: signal.Signals) -> None:
    finished = []
    with StopSignal() as stop:
        for item in stop.until_stopped(range(10)):
            if item == 3:
                signal.raise_signal(number)
            finished.append(item)
    assert finished == [0, 1, 2, 3]
    assert stop.received


def test_a_signal_ends_the_wait_for_an_item() -> None:
    def slow() -> Iterator[int]:
        yield 0
        main = threading.main_thread().ident
        threading.Timer(0.2, signal.pthread_kill, [main, signal.SIGTERM]).start()
        time.sleep(60)
        yield 1

    start = time.monotonic()
    with StopSignal() as stop:
        assert list(stop.until_stopped(slow())) == [0]
    assert time.monotonic() - start < 30


def test_without_a_signal_everything_is_yielded_and_the_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignal() as stop:
        assert list(stop.until_stopped("abc")) == ["a", "b", "c"]
        assert signal.getsignal(signal.SIGTERM) != before
    assert not stop.received
    assert signal.getsignal(signal.SIGTERM) == before


def test_after_a_signal_nothing_more_is_begun() -> None:
    with StopSignal() as stop:
        signal.raise_signal(signal.SIGINT)
        assert list(stop.until_stopped("abc")) == []
