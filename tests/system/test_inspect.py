"""`topics` and `inspect` on the topics of a worker that has run."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import alert_messages, atlas
from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import Record, produce, wait_for_count
from tests.support.worker import FAUST, clean_environment, command, worker
from tests.system.conftest import Environment, environment
from tests.system.survey_setups import alerts_of_atlas

CHANGE_HOUR = "22"
CLASSES = alert_messages.CLASSES + atlas.CLASSES
MODELS = Path(__file__).parents[2] / "model"


@pytest.fixture(scope="module", params=["ZTF", "ATLAS"])
def setup(
    request: pytest.FixtureRequest,
    kafka: ApacheKafka,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Environment:
    """The settings of a worker that has classified fifteen alerts and dead-lettered three."""
    if request.param == "ZTF":
        good = alert_messages.stream(shared_data / "ztf_sorting_hat.avro")
        bad = alert_messages.stream(shared_data / "ztf_sorting_hat_unreadable.avro")
    else:
        good, bad = alerts_of_atlas(shared_data)
    values = {
        "CLASSIFIER_STRATEGY": request.param,
        "MODEL_PATH": str(MODELS / request.param.lower()),
    }
    found = environment(kafka.bootstrap, **values)
    found["PRODUCER_TOPIC_FORMAT"] += "-%s"
    produce(kafka.bootstrap, found["CONSUMER_TOPICS"], [*good[:15], *bad])
    with worker(found, tmp_path_factory.mktemp("worker")) as running:
        running.wait_for("18 in all")
        wait_for_count(kafka.bootstrap, found["METRICS_TOPIC"], 1)
        running.terminate()
    return found


def run(setup: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command(*arguments, cwd=None, **setup)


def tonight() -> str:
    now = datetime.now(UTC)
    return f"{now + timedelta(days=now.hour >= int(CHANGE_HOUR)):%Y%m%d}"


def seen(setup: Environment, *arguments: str) -> list[dict[str, Any]]:
    """Return what `inspect --json` prints."""
    done = run(setup, "inspect", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_topics_prints_contents_and_lag(
    setup: Environment,
) -> None:
    done = run(setup, "topics")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    rows = {cells[0]: cells for cells in lines}
    where = setup["CONSUMER_SERVER"]
    assert rows["consumer"] == ["consumer", setup["CONSUMER_TOPICS"], "4", "18", "0", where]
    assert rows["producer"][1] == setup["PRODUCER_TOPIC_FORMAT"].replace("%s", tonight())
    assert rows["deadletter"][2:4] == ["1", "3"]
    assert rows["scribe"][3] == rows["producer"][3]
    assert f"The group {setup['CONSUMER_GROUP_ID']} is 0 messages behind." in done.stdout
    assert f"T{CHANGE_HOUR}:00:00Z on, in " in done.stdout
    values = json.loads(run(setup, "topics", "--json").stdout)
    (consumed,) = (one for one in values["topics"] if one["role"] == "consumer")
    assert [one["lag"] for one in consumed["partitions"]] == [0, 0, 0, 0]
    assert sum(one["committed"] or 0 for one in consumed["partitions"]) == 18


def test_an_unreachable_cluster_is_reported_with_the_others(
    setup: Environment,
) -> None:
    done = run(setup | {"METRICS_SERVER": "127.0.0.1:1"}, "topics")
    assert done.returncode == 2
    assert (
        "error: the metrics cluster 127.0.0.1:1 cannot be used: no program listens" in done.stderr
    )
    rows = {cells[0]: cells for cells in map(str.split, done.stdout.splitlines())}
    assert (rows["consumer"][3], rows["metrics"][2]) == ("18", "?")


def test_every_role_is_decoded(setup: Environment) -> None:
    alerts = seen(setup, "consumer", "--last", "100")
    assert len(alerts) == 18
    assert {one["kind"] for one in alerts} == {"alert"}
    assert {one["content"]["survey"] for one in alerts} == {setup["CLASSIFIER_STRATEGY"]}
    predictions = seen(setup, "producer", "--last", "100")
    assert {one["kind"] for one in predictions} == {"prediction"}
    assert {one["content"]["aid"] for one in predictions} < {
        one["content"]["aid"] for one in alerts
    }
    commands = seen(setup, "scribe", "--last", "100")
    assert [one["content"]["criteria"]["_id"] for one in commands]
    assert len(commands) == len(predictions)
    figures = seen(setup, "metrics")
    assert sum(one["content"]["n_messages"] for one in figures) == 18
    dead = seen(setup, "deadletter")
    assert {one["content"]["cause"] for one in dead} == {"stamp-damaged"}
    assert all(one["content"]["source"].startswith(setup["CONSUMER_TOPICS"]) for one in dead)


def test_an_object_is_followed_through_the_topics(setup: Environment) -> None:
    aid = seen(setup, "producer", "--last", "1")[0]["content"]["aid"]
    (prediction,) = seen(setup, "producer", "--aid", aid)
    alerts = seen(setup, setup["CONSUMER_TOPICS"], "--aid", aid)
    assert {one["content"]["aid"] for one in alerts} == {aid}
    places = {f"{one['topic']}:{one['partition']}:{one['offset']}" for one in alerts}
    assert prediction["content"]["source"] in places
    text = run(setup, "inspect", "producer", "--aid", aid).stdout
    bars = [line for line in text.splitlines() if line.strip().startswith(CLASSES)]
    assert len(bars) == 5
    assert "█" in bars[0]
    assert "\x1b" not in text


def test_the_stamps_of_a_prediction_are_drawn(setup: Environment, tmp_path: Path) -> None:
    for role in ("producer", "deadletter"):
        path = tmp_path / f"{role}.png"
        done = run(setup, "inspect", role, "--last", "1", "--stamps", str(path))
        assert done.returncode == 0, done.stderr
        assert str(path) in done.stderr
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert picture.width == {"ZTF": 1024, "ATLAS": 688}[setup["CLASSIFIER_STRATEGY"]]
            assert len(picture.getcolors(2**20) or ()) > 200
    refused = run(setup, "inspect", "metrics", "--stamps", str(tmp_path / "no.png"))
    assert refused.returncode == 2
    assert "is not a readable alert" in refused.stderr


def test_an_unknown_topic_or_object_is_reported(setup: Environment) -> None:
    wrong = setup["SCRIBE_TOPIC"].replace("scribe", "scrybe")
    done = run(setup, "inspect", wrong)
    assert done.returncode == 2
    assert f"{wrong} is neither a topic nor a role (consumer, producer," in done.stderr
    assert f"there are {setup['SCRIBE_TOPIC']}, " in done.stderr
    unknown = run(setup, "inspect", "consumer", "--aid", "nobody")
    assert unknown.returncode == 1
    assert unknown.stdout == ""
    assert "There is no message about nobody in consumer." in unknown.stderr


def test_following_shows_what_comes_and_ends_by_an_interrupt(
    kafka: ApacheKafka, setup: Environment
) -> None:
    process = subprocess.Popen(
        [*FAUST, "inspect", "metrics", "--last", "1", "--follow", "--json"],
        env=clean_environment() | setup,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process, ExitStack() as stack:
        stack.callback(process.kill)
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["kind"] == "metrics"
        produce(kafka.bootstrap, setup["METRICS_TOPIC"], [Record(b"k", b"tail")])
        assert json.loads(process.stdout.readline())["content"] == {"text": "tail"}
        process.send_signal(signal.SIGINT)
        assert process.wait(AMPLE) == 0
        assert process.stderr.read() == ""
