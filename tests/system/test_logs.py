"""The log of a worker, for people and for programs."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import produce
from tests.support.worker import command, worker
from tests.system.conftest import environment
from tests.system.survey_setups import SurveySetup

Setup = Callable[..., dict[str, str]]


def lines(text: str) -> list[dict[str, Any]]:
    """Read a log of which every line is an object."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_every_line_of_the_process_is_json(
    signum: signal.Signals, kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **ztf_setup.settings) | {"LOG_FORMAT": "json"}
    sent = ztf_setup.sent[-60:]
    produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], sent)
    with worker(setup, tmp_path) as running:
        running.wait_for(f"{len(sent)} in all")
        running.process.send_signal(signum)
        assert running.exit_code(20) == 0
        logged = lines(running.text())
    for one in logged:
        assert one.keys() >= {"time", "level", "logger", "message", "process"}
    assert {one["logger"].split(".")[0] for one in logged} >= {"stampapp", "faust", "aiokafka"}
    batches = [one for one in logged if one.get("event") == "batch"]
    assert sum(one["size"] for one in batches) == len(sent)
    assert sum(one["causes"].get("stamp-damaged", 0) for one in batches) == 3
    spans = [span for one in batches for span in one["offsets"].values()]
    assert sum(last - first + 1 for first, last in spans) == len(sent)
    assert all(len(one["candids"]) <= 20 for one in batches)
    assert all(one["durations"].keys() >= {"decode", "judge", "publish"} for one in batches)
    # A bad alert is no failure of the program.
    assert not [one for one in logged if "error" in one or "Traceback" in one["message"]]


PROBLEM = re.compile(r"\[(WARNING|ERROR)\]")


def test_people_read_when_it_starts_is_ready_has_classified_a_batch_and_ends(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **ztf_setup.settings)
    setup |= {"CONSUME_MESSAGES": "40", "CONSUME_TIMEOUT": "60"}
    # The last three are bad: they have no stack trace.
    produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], ztf_setup.sent[-40:])
    with worker(setup, tmp_path) as running:
        running.wait_for("3 dead_lettered; 40 in all; collect ")
        running.terminate()
    topic = setup["CONSUMER_TOPICS"]
    logged = [one for one in running.text().splitlines() if not PROBLEM.search(one)]
    assert all(re.match(r"\[[^]]+\] \[\d+\] \[INFO\] ", one) for one in logged)
    starts, ready, batch, ended = (one.split("[INFO] ")[1].rstrip() for one in logged)
    assert re.fullmatch(r"stampapp \S+ starts: .* loads the model", starts)
    assert ready.startswith("Worker ready: ZTF alerts are classified by stamp_classifier ")
    assert " on the CPU in float32, " in ready
    assert re.search(
        r"; the network runs on (the native engine \(\w+\)|TensorFlow, because .+); ", ready
    )
    assert f"; it consumes {topic} (partitions 0-3); web server http://127.0.0.1:" in ready
    assert ready.endswith(f"from {setup['MODEL_PATH']}")
    assert re.findall(rf"{topic}:(\d):", batch) == ["0", "1", "2", "3"]
    assert ended == "Stopped by SIGTERM after 40 messages"


def test_its_final_message_is_json_too(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **ztf_setup.settings)
    setup |= {"LOG_FORMAT": "json", "DEADLETTER_TOPIC": ""}
    produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], ztf_setup.sent[-1:])
    with worker(setup, tmp_path) as running:
        running.wait_for("Worker ready")
        assert running.exit_code(30) == 1
        logged = lines(running.text())
    assert logged[-1]["level"] == "CRITICAL"
    assert logged[-1]["message"].startswith("stampapp stops: ")
    assert "DEADLETTER_TOPIC is empty" in logged[-1]["message"]


def test_problems_of_the_settings_are_json_too(tmp_path: Path) -> None:
    done = command("worker", cwd=tmp_path, LOG_FORMAT="json")
    assert done.returncode == 2
    (logged,) = lines(done.stdout + done.stderr)
    assert logged["message"].startswith("stampapp cannot start: ")
    assert "CONSUMER_SERVER is not set" in logged["message"]


def test_a_key_that_nothing_reads_is_a_warning_at_the_start(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **ztf_setup.settings) | {"CONSUME_TIMEOUTS": "1"}
    with worker(setup, tmp_path) as running:
        running.wait_for(
            "CONSUME_TIMEOUTS in the environment is not a setting of stampapp: did you mean"
            " CONSUME_TIMEOUT?"
        )
        (line,) = [one for one in running.text().splitlines() if "CONSUME_TIMEOUTS" in one]
        assert "WARNING" in line


def test_an_unknown_format_is_reported(tmp_path: Path) -> None:
    done = command("worker", cwd=tmp_path, LOG_FORMAT="xml")
    assert done.returncode == 2
    assert "LOG_FORMAT is 'xml': human or json is expected" in done.stderr
