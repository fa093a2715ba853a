from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from stampapp.monitoring import json_logs, log_filters
from stampapp.monitoring.json_logs import JsonLineFormatter, JsonStream


def read(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def record(**changes: Any) -> logging.LogRecord:
    made = logging.LogRecord("stampapp.x", logging.WARNING, __file__, 1, "%d of %s", (3, "é"), None)
    made.__dict__.update(changes)
    return made


def test_a_record_is_an_object_in_a_line() -> None:
    (fields,) = read(
        JsonLineFormatter().format(
            record(created=1772404205.125, msecs=125.0, event="batch", size=4)
        )
    )
    assert fields.pop("time") == "2026-03-01T22:30:05.125+00:00"
    assert fields == {
        "level": "WARNING",
        "logger": "stampapp.x",
        "message": "3 of é",
        "process": record().process,
        "event": "batch",
        "size": 4,
    }


def test_an_error_is_in_the_same_line_with_its_stack() -> None:
    try:
        raise KeyError("k")
    except KeyError:
        line = JsonLineFormatter().format(record(exc_info=sys.exc_info()))
    (fields,) = read(line)
    assert fields["error"]["type"] == "KeyError"
    assert 'raise KeyError("k")' in fields["error"]["stack"]


def test_without_an_error_there_is_no_error_field() -> None:
    (fields,) = read(JsonLineFormatter().format(record(exc_info=(None, None, None))))
    assert not {"error", "exc_info"} & fields.keys()


def test_values_without_a_json_form_are_written_as_text() -> None:
    (fields,) = read(JsonLineFormatter().format(record(where={1, 2}.__class__)))
    assert fields["where"] == "<class 'set'>"


def test_each_printed_text_is_one_line() -> None:
    real = io.StringIO()
    stream = JsonStream(real, "stdout")
    print("two\nlines", file=stream)
    print("and", "parts", file=stream)
    print(file=stream)
    stream.write("no end yet")
    stream.flush()
    records = read(real.getvalue())
    assert [one["message"] for one in records] == ["two\nlines", "and parts"]
    assert {one["logger"] for one in records} == {"stdout"}


def test_its_buffer_is_bounded() -> None:
    real = io.StringIO()
    stream = JsonStream(real, "stdout")
    for _ in range(100):
        stream.write("x" * 1000)
    assert real.getvalue()


@contextmanager
def taken_over() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Capture all output within the test: pytest replaces the streams between fixtures."""
    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers = root.handlers[:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setattr(sys, "excepthook", sys.excepthook)
        patch.setattr(threading, "excepthook", threading.excepthook)
        json_logs.capture_output()
        root.handlers[:] = [logging.StreamHandler()]
        log_filters.install_filters(root, as_json=True)
        try:
            yield out, err
        finally:
            root.handlers[:] = handlers
            logging.captureWarnings(False)


def test_everything_that_is_printed_or_logged_is_json() -> None:
    with taken_over() as (out, err):
        print("printed")
        logging.getLogger("aiokafka.x").warning("no broker %s", "one")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        log_filters.print_final_message("stampapp stops: why", as_json=True)
    assert [one["message"] for one in read(out.getvalue())] == ["printed"]
    records = read(err.getvalue())
    assert [one["logger"] for one in records] == [
        "aiokafka.x",
        "py.warnings",
        "stampapp",
        "stampapp",
    ]
    assert "DeprecationWarning: old" in records[1]["message"]
    assert records[2]["error"]["type"] == "ZeroDivisionError"
    assert (records[3]["level"], records[3]["message"]) == ("CRITICAL", "stampapp stops: why")


def test_capturing_twice_has_no_further_effect() -> None:
    with taken_over() as (out, _):
        json_logs.capture_output()
        print("printed")
    assert [one["message"] for one in read(out.getvalue())] == ["printed"]


def test_the_final_message_is_plain_text_without_json_logs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_filters.print_final_message("stampapp stops: why", as_json=False)
    assert capsys.readouterr().err == "stampapp stops: why\n"
