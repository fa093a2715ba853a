from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

import pytest

from stampapp.errors import StampError
from stampapp.feeds import process_pool

THREADS = "OPENBLAS_NUM_THREADS"


@pytest.fixture(autouse=True)
def no_thread_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(THREADS, raising=False)


def test_numpy_has_one_thread_there_and_this_process_keeps_its_settings() -> None:
    with process_pool.pool(1) as pool:
        assert pool.submit(os.getenv, THREADS).result() == "1"
    assert THREADS not in os.environ


def test_a_given_number_of_threads_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS, "3")
    with process_pool.pool(1) as pool:
        assert pool.submit(os.getenv, THREADS).result() == "3"
    assert os.environ[THREADS] == "3"


def test_ctrl_c_does_not_reach_children_started_while_it_is_ignored() -> None:
    with process_pool.pool(1) as pool:
        with process_pool.without_interrupts():
            blocked = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, [])
        assert blocked.result() == {signal.SIGINT}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()


def test_a_process_that_dies_raises_an_error() -> None:
    with (
        pytest.raises(StampError, match="a process that simulates alerts died"),
        process_pool.pool(1) as pool,
    ):
        pool.submit(os._exit, 9).result()
    assert multiprocessing.active_children() == []


def test_what_has_not_begun_is_cancelled_at_the_end() -> None:
    with process_pool.pool(1) as pool:
        waiting = [pool.submit(os.getpid) for _ in range(200)]
        waiting[0].result()
    assert waiting[-1].done()
    assert multiprocessing.active_children() == []


def test_ctrl_c_that_another_thread_receives_waits_for_the_end_of_the_block() -> None:
    stop, reached = threading.Event(), []

    def interrupted_inside() -> None:
        with process_pool.without_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            reached.append("the end")

    other = threading.Thread(target=stop.wait, args=(30.0,))
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted_inside()
    finally:
        stop.set()
        other.join()
    assert reached == ["the end"]
