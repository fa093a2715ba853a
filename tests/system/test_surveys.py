"""One worker per survey, side by side as the Procfile starts them, on one broker."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import alert_messages, atlas, lsst_packets
from tests.support.apache_kafka import ApacheKafka
from tests.support.ports import free_ports
from tests.support.stopwatch import AMPLE
from tests.support.topics import Record, committed, offsets_to_commit, produce, read_all
from tests.support.worker import Worker, worker
from tests.system.conftest import environment

PROCFILE = Path(__file__).parents[2] / "Procfile"
COPIES = {"ztf": 2, "atlas": 40}
LSST_ALERTS = 120
CLASSES = {"ztf": alert_messages.CLASSES, "atlas": atlas.CLASSES, "lsst": alert_messages.CLASSES}
TAXONOMY = {"SCRIBE_CLASSIFIER_ID": "1", "SCRIBE_TAXONOMY": "SN:0,AGN:1,VS:2,asteroid:3,bogus:4"}


def commands() -> dict[str, str]:
    """The process types of the Procfile, and what starts them."""
    lines = [line for line in PROCFILE.read_text().splitlines() if line and line[0] != "#"]
    return dict(line.split(": ", 1) for line in lines)


@contextmanager
def started(survey: str, settings: dict[str, str], folder: Path) -> Iterator[Worker]:
    """Run a process type in its own folder, as a Procfile runner does."""
    (folder / survey).mkdir(exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    argv = ("sh", "-c", commands()[survey])
    with worker(settings | {"PATH": path}, folder / survey, argv) as running:
        yield running


@pytest.fixture(scope="module")
def alerts(shared_data: Path) -> dict[str, list[Record]]:
    """Alerts of each survey, each of a different object."""
    raw = atlas.packets(shared_data).items()
    records = [
        atlas.to_sorting_hat(packet, compressed=bool(copy % 2), aid=f"AL-{candid}-{copy}")
        for copy in range(COPIES["atlas"])
        for candid, packet in raw
    ]
    ztf = list(alert_messages.distinct(shared_data / "ztf_sorting_hat.avro", COPIES["ztf"]))
    lsst = list(lsst_packets.container_messages(LSST_ALERTS))
    return {"ztf": ztf, "atlas": atlas.messages(records), "lsst": lsst}


@pytest.fixture
def settings(
    kafka: ApacheKafka, model: Path, atlas_model: Path, lsst_model: Path
) -> dict[str, dict[str, str]]:
    """Settings that differ in everything but the broker and the first port to try."""
    (port,) = free_ports(1)
    models = {"ztf": model, "atlas": atlas_model, "lsst": lsst_model}
    return {
        survey: environment(
            kafka.bootstrap,
            MODEL_PATH=str(folder),
            WEB_PORT=str(port),
            **(TAXONOMY if survey == "lsst" else {}),
        )
        for survey, folder in models.items()
    }


def ready(running: Worker) -> dict[str, Any]:
    """Wait until a worker's /readyz reports that it is ready; return the report."""
    running.wait_for("Worker ready")
    port = re.search(r"http://127\.0\.0\.1:(\d+)", running.text())
    assert port, running.text()
    deadline = time.monotonic() + AMPLE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/readyz", timeout=5) as answer:
                return {"port": port[1], **json.load(answer)}
        except urllib.error.URLError:
            assert time.monotonic() < deadline, running.text()
            time.sleep(0.2)


def finished(kafka: ApacheKafka, settings: dict[str, str], running: Worker) -> None:
    """Wait until everything is committed."""
    topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
    deadline = time.monotonic() + AMPLE
    while committed(kafka.bootstrap, group, topic) != offsets_to_commit(kafka.bootstrap, topic):
        assert running.process.poll() is None, running.text()
        assert time.monotonic() < deadline, running.text()
        time.sleep(0.3)


def test_the_procfile_has_a_worker_for_each_survey() -> None:
    assert set(commands()) == set(CLASSES)


def test_each_classifies_its_own_and_refuses_the_others(
    kafka: ApacheKafka,
    settings: dict[str, dict[str, str]],
    alerts: dict[str, list[Record]],
    tmp_path: Path,
) -> None:
    surveys = list(settings)
    others = {one: alerts[surveys[number - 1]][0] for number, one in enumerate(surveys)}
    for survey, own in settings.items():
        produce(kafka.bootstrap, own["CONSUMER_TOPICS"], [*alerts[survey], others[survey]])
    with ExitStack() as stack:
        running = {
            survey: stack.enter_context(started(survey, own, tmp_path))
            for survey, own in settings.items()
        }
        assert len({ready(one)["port"] for one in running.values()}) == len(running)
        for survey, own in settings.items():
            finished(kafka, own, running[survey])
        assert "ZTF alerts are classified by stamp_classifier" in running["ztf"].text()
        for survey in ("ATLAS", "LSST"):
            named = f"{survey} alerts are classified by tried_on_{survey.lower()}"
            assert named in running[survey.lower()].text()
        for one in running.values():
            assert one.terminate() < 10.0
            assert one.process.returncode == 0
    for survey, own in settings.items():
        output = read_all(kafka.bootstrap, own["PRODUCER_TOPIC_FORMAT"])
        assert {m.key for m in output} <= {record.key for record in alerts[survey]}
        records = alert_messages.decoded([message.value for message in output])
        assert {frozenset(classes(record)) for record in records} == {frozenset(CLASSES[survey])}
        (dead,) = read_all(kafka.bootstrap, own["DEADLETTER_TOPIC"])
        assert (dead.key, dead.value) == others[survey][:2]
        assert dict(dead.headers)["error.type"] == b"survey"


def classes(record: dict[str, Any]) -> list[str]:
    """Return the names of the classes in an output record of either form."""
    if "probabilities" in record:
        return list(record["probabilities"])
    return [one["class_name"] for one in record["classifications"]]


def test_one_that_is_killed_loses_nothing_and_leaves_the_other_alone(
    kafka: ApacheKafka,
    settings: dict[str, dict[str, str]],
    alerts: dict[str, list[Record]],
    tmp_path: Path,
) -> None:
    with started("ztf", settings["ztf"], tmp_path) as ztf:
        with started("atlas", settings["atlas"], tmp_path) as killed:
            ready(ztf)
            ready(killed)
            for survey in ("ztf", "atlas"):
                own = settings[survey]
                produce(kafka.bootstrap, own["CONSUMER_TOPICS"], alerts[survey])
            killed.wait_for("batch of")
            killed.kill()
        with started("atlas", settings["atlas"], tmp_path) as again:
            finished(kafka, settings["atlas"], again)
            finished(kafka, settings["ztf"], ztf)
            assert again.terminate() < 10.0
        assert "Traceback" not in ztf.text()
        assert ztf.terminate() < 10.0
    for role in ("PRODUCER_TOPIC_FORMAT", "SCRIBE_TOPIC"):
        output = read_all(kafka.bootstrap, settings["atlas"][role])
        assert {m.key for m in output} == {record.key for record in alerts["atlas"]}
    assert read_all(kafka.bootstrap, settings["atlas"]["DEADLETTER_TOPIC"]) == []
