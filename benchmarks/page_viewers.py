"""Clients of the dashboard page, as a worker sees them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

from benchmarks.worker_run import Run
from tests.support.web import address


@contextmanager
def page_viewers(run: Run, count: int) -> Iterator[None]:
    """Read the event stream of every worker with `count` clients while the block runs."""
    with ExitStack() as stack:
        for one in run.workers:
            for _ in range(count):
                stack.enter_context(_page_viewer(address(one)))
        yield


@contextmanager
def _page_viewer(url: str) -> Iterator[None]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request("GET", "/events")
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"{url}/events returned {response.status}: is WEB_PAGE on?")
    stopped = threading.Event()
    reader = threading.Thread(target=_read, args=(response, stopped))
    reader.start()
    try:
        yield
    finally:
        stopped.set()
        reader.join()
        response.close()
        connection.close()


def _read(response: HTTPResponse, stopped: threading.Event) -> None:
    # An event arrives every second, so the stop flag is checked often enough.
    while not stopped.is_set() and response.readline():
        pass
