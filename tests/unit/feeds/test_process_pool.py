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


def test_what_is_being_computed_does_not_delay_the_end() -> None:
    start = time.monotonic()
    with process_pool.pool(2) as pool:
        # Once a process has answered, it is the one that sleeps.
        assert pool.submit(int).result() == 0
        running = pool.submit(time.sleep, 600)
        while not running.running():
            time.sleep(0.01)
    assert time.monotonic() - start < 60
    assert multiprocessing.active_children() == []


def test_a_result_that_is_being_sent_at_the_end_does_not_block_it() -> None:
    for _ in range(5):
        with process_pool.pool(2) as pool:
            large = [pool.submit(bytes, 20_000_000) for _ in range(6)]
            assert large[0].result()
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
