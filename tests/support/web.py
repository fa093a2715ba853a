"""Requests to a worker's web server."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from email.message import Message

from tests.support.worker import Worker

PORT = re.compile(r"web server http://[^:/ ]+:(\d+)")


def address(running: Worker) -> str:
    """Return the address of a worker's web server, read from its log."""
    running.wait_for("Worker ready")
    found = PORT.search(running.text())
    assert found, running.text()
    return f"http://127.0.0.1:{found[1]}"


def get(url: str) -> tuple[int, Message[str, str], bytes]:
    """Return status, headers and body, whatever the status is."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()
