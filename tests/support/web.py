"""Requests to a worker's web server."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from email.message import Message

from prometheus_client.parser import text_string_to_metric_families

from tests.support.worker import Worker

PORT = re.compile(r"web server http://[^:/ ]+:(\d+)")


def address(running: Worker) -> str:
    """Return the address of a worker's web server, read from its log."""
    running.wait_for("Worker ready")
    found = PORT.search(running.text())
    assert found, running.text()
    return f"http://127.0.0.1:{found[1]}"


def shadow_counts(running: Worker) -> dict[tuple[str, str], int]:
    """Return the alerts that a worker's shadow model has compared, by live and shadow class."""
    text = get(f"{address(running)}/metrics")[2].decode()
    samples = (one for found in text_string_to_metric_families(text) for one in found.samples)
    return {
        (one.labels["live_class"], one.labels["shadow_class"]): int(one.value)
        for one in samples
        if one.name == "stampapp_shadow_compared_total"
    }


def get(url: str) -> tuple[int, Message[str, str], bytes]:
    """Return status, headers and body, whatever the status is."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()
