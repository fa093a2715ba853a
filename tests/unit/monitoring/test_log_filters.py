from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
from aiokafka.protocol import admin, group

from stampapp.errors import ConfigError, StampError
from stampapp.monitoring import log_filters


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(log_filters, "time", clock)
    return clock


def entry(
    text: str, *values: object, name: str = "aiokafka.conn", level: int = logging.WARNING
) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, text, values, None)


def test_a_message_is_logged_once_in_an_interval(clock: Clock) -> None:
    flood = log_filters.FloodFilter(30.0)
    assert flood.filter(entry("no connection to %s", "one:9092"))
    assert not flood.filter(entry("no connection to %s", "two:9092"))
    clock.now += 29.9
    assert not flood.filter(entry("no connection to %s", "one:9092"))
    clock.now += 0.1
    assert flood.filter(entry("no connection to %s", "one:9092"))
    assert not flood.filter(entry("no connection to %s", "one:9092"))


def test_a_message_about_every_connection_is_logged_once(clock: Clock) -> None:
    flood = log_filters.FloodFilter(30.0)
    assert flood.filter(entry("Sending username and password in the clear"))
    clock.now += 3600.0
    assert not flood.filter(entry("Sending username and password in the clear"))


def test_other_messages_and_clients_are_logged(clock: Clock) -> None:
    flood = log_filters.FloodFilter(30.0)
    for one in (entry("one"), entry("two"), entry("one", name="aiokafka.client")):
        assert flood.filter(one)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("stampapp.worker.pipeline", logging.WARNING),
        ("stampapp.kafka.delivery", logging.ERROR),
        ("aiokafka.conn", logging.INFO),
    ],
)
def test_own_messages_and_information_are_always_logged(
    clock: Clock, name: str, level: int
) -> None:
    flood = log_filters.FloodFilter(30.0)
    assert all(flood.filter(entry("again", name=name, level=level)) for _ in range(3))


@pytest.mark.parametrize(
    ("text", "name", "level", "logged"),
    [
        ("Joined group %s", "aiokafka.consumer.group_coordinator", logging.INFO, False),
        ("Worker ready", "faust.tables.recovery", logging.INFO, False),
        ("Cannot fetch", "aiokafka.consumer.fetcher", logging.WARNING, True),
        ("[^-StampApp]: Starting...", "stampapp.app", logging.INFO, False),
        ("[^-StampApp]: Crashed", "stampapp.app", logging.ERROR, True),
        ("Worker ready: ZTF", "stampapp.worker.runtime", logging.INFO, True),
    ],
)
def test_what_libraries_report_about_themselves_can_be_dropped(
    text: str, name: str, level: int, logged: bool
) -> None:
    record = entry(text, name=name, level=level)
    assert log_filters.LibraryLogFilter().filter(record) is logged


def test_its_memory_is_bounded(clock: Clock) -> None:
    flood = log_filters.FloodFilter(1e9)
    for number in range(5000):
        assert flood.filter(entry(f"wording {number}"))
    assert len(flood._last) <= 1001


@pytest.fixture
def root() -> Iterator[tuple[logging.Logger, list[io.StringIO]]]:
    """A root logger with two handlers, as with a log file."""
    streams = [io.StringIO(), io.StringIO()]
    logger = logging.Logger("aiokafka")
    for stream in streams:
        logger.addHandler(logging.StreamHandler(stream))
    log_filters.install_filters(logger)
    yield logger, streams
    logger.handlers.clear()


def test_every_handler_logs_the_first_and_not_the_second(
    root: tuple[logging.Logger, list[io.StringIO]],
) -> None:
    logger, streams = root
    logger.warning("no connection")
    logger.warning("no connection")
    assert [stream.getvalue() for stream in streams] == ["no connection\n"] * 2


@pytest.mark.parametrize(
    ("error", "traced"),
    [(ConfigError("set KEY"), False), (StampError("stopped"), False), (KeyError("k"), True)],
)
def test_only_unexpected_errors_have_a_stack_trace(
    root: tuple[logging.Logger, list[io.StringIO]], error: Exception, traced: bool
) -> None:
    logger, streams = root
    try:
        raise error
    except Exception:
        logger.error("it fails: %s", error, exc_info=sys.exc_info())
    for stream in streams:
        assert stream.getvalue().startswith(f"it fails: {error}")
        assert ("Traceback" in stream.getvalue()) == traced


@pytest.mark.parametrize("version", [0, 1])
def test_credentials_are_not_shown_with_their_request(version: int) -> None:
    request = getattr(admin, f"SaslAuthenticateRequest_v{version}")(b"\0user\0hush")
    record = entry("Request to %s:%d %d: %s", "one", 9092, 3, request, level=logging.DEBUG)
    assert "hush" in record.getMessage()
    assert log_filters.CredentialFilter().filter(record)
    assert record.getMessage() == f"Request to one:9092 3: SaslAuthenticateRequest_v{version}"


def test_other_requests_are_shown_in_full() -> None:
    request = group.HeartbeatRequest_v1("readers", -1, "")
    record = entry("Request: %s", request, level=logging.DEBUG)
    assert log_filters.CredentialFilter().filter(record)
    assert "readers" in record.getMessage()
