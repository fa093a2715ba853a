"""People who look at the page of each worker, as far as a worker notices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

from benchmarks.worker_run import Run
from tests.support.web import address


@contextmanager
def looking(run: Run, count: int) -> Iterator[None]:
    """Read the events of every worker's page, `count` times over, as long as the block."""
    with ExitStack() as stack:
        for one in run.workers:
            for _ in range(count):
                stack.enter_context(_looking(address(one)))
        yield


@contextmanager
def _looking(url: str) -> Iterator[None]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{url}/events answers {answer.status}: is WEB_PAGE on?")
    ended = threading.Event()
    reader = threading.Thread(target=_read, args=(answer, ended))
    reader.start()
    try:
        yield
    finally:
        ended.set()
        reader.join()
        answer.close()
        connection.close()


def _read(answer: HTTPResponse, ended: threading.Event) -> None:
    # There is an event every second, so that the end is noticed.
    while not ended.is_set() and answer.readline():
        pass
