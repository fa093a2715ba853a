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
    (told,) = read(
        JsonLineFormatter().format(
            record(created=1772404205.125, msecs=125.0, event="batch", size=4)
        )
    )
    assert told.pop("time") == "2026-03-01T22:30:05.125+00:00"
    assert told == {
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
    (told,) = read(line)
    assert told["error"]["type"] == "KeyError"
    assert 'raise KeyError("k")' in told["error"]["stack"]


def test_an_error_that_is_none_is_left_out() -> None:
    (told,) = read(JsonLineFormatter().format(record(exc_info=(None, None, None))))
    assert not {"error", "exc_info"} & told.keys()


def test_what_json_has_no_word_for_is_told_as_text() -> None:
    (told,) = read(JsonLineFormatter().format(record(where={1, 2}.__class__)))
    assert told["where"] == "<class 'set'>"


def test_what_is_printed_in_one_go_is_one_line() -> None:
    real = io.StringIO()
    stream = JsonStream(real, "stdout")
    print("two\nlines", file=stream)
    print("and", "parts", file=stream)
    print(file=stream)
    stream.write("no end yet")
    stream.flush()
    told = read(real.getvalue())
    assert [one["message"] for one in told] == ["two\nlines", "and parts"]
    assert {one["logger"] for one in told} == {"stdout"}


def test_what_it_holds_is_bounded() -> None:
    real = io.StringIO()
    stream = JsonStream(real, "stdout")
    for _ in range(100):
        stream.write("x" * 1000)
    assert real.getvalue()


@contextmanager
def taken_over() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Let everything be taken over within the test: pytest takes the streams itself in between."""
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


def test_whoever_speaks_speaks_json() -> None:
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
    told = read(err.getvalue())
    assert [one["logger"] for one in told] == ["aiokafka.x", "py.warnings", "stampapp", "stampapp"]
    assert "DeprecationWarning: old" in told[1]["message"]
    assert told[2]["error"]["type"] == "ZeroDivisionError"
    assert (told[3]["level"], told[3]["message"]) == ("CRITICAL", "stampapp stops: why")


def test_to_take_over_twice_is_to_do_it_once() -> None:
    with taken_over() as (out, _):
        json_logs.capture_output()
        print("printed")
    assert [one["message"] for one in read(out.getvalue())] == ["printed"]


def test_last_words_are_plain_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log_filters.print_final_message("stampapp stops: why", as_json=False)
    assert capsys.readouterr().err == "stampapp stops: why\n"
