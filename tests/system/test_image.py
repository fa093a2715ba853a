"""The image, built and run as in production: read-only, as its own user, against Apache Kafka."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.containers import AS_IN_PRODUCTION, IMAGE, Engine, engine
from tests.support.ports import free_ports
from tests.support.topics import Record, committed, produce, wait_for_count
from tests.support.worker import Worker, command, worker
from tests.system.conftest import environment

# Building takes minutes where nothing is cached.
pytestmark = pytest.mark.timeout(1800)
USER = "10001"


@dataclass(frozen=True, kw_only=True)
class Container:
    """A worker that runs in a container."""

    name: str
    running: Worker


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="module")
def built(containers: Engine) -> Engine:
    containers.build()
    return containers


@contextmanager
def container(built: Engine, settings: Mapping[str, str], folder: Path) -> Iterator[Container]:
    name = f"stampapp-{secrets.token_hex(4)}"
    argv = built.run_command(name, settings)
    try:
        with worker({**settings, **built.environment}, folder, argv) as running:
            running.wait_for("Worker ready")
            yield Container(name=name, running=running)
    finally:
        built("rm", "--force", name)


def alerts(folder: Path) -> list[Record]:
    """A thousand simulated alerts, each of another object."""
    done = command("simulate", "--survey", "ZTF", "--count", "20", "--to", "sky.avro", cwd=folder)
    assert done.returncode == 0, done.stderr
    return list(alert_messages.distinct(folder / "sky.avro", 50))


def test_a_worker_classifies_in_a_container_and_hands_back_at_sigterm(
    built: Engine, kafka: ApacheKafka, tmp_path: Path
) -> None:
    port, other = free_ports(2)
    settings = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", WEB_PORT=str(port))
    topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
    sent = alerts(tmp_path)
    with container(built, settings, tmp_path) as one:
        assert built("exec", one.name, "id", "--user").stdout.strip() == USER
        assert "Read-only file system" in built("exec", one.name, "touch", "/app/file").stderr
        healthy = built.health_check(one.name)
        assert healthy.returncode == 0, healthy.stderr
        assert built.health_check(one.name, f"--env=WEB_PORT={other}").returncode == 1
        produce(kafka.bootstrap, topic, sent)
        wait_for_count(kafka.bootstrap, settings["PRODUCER_TOPIC_FORMAT"], 1)
        built("stop", "--time=60", one.name)
        assert one.running.exit_code(60) == 0, one.running.text()
    assert 0 < sum(committed(kafka.bootstrap, group, topic).values()) < len(sent)
    assert not members(kafka.bootstrap, group)
    reconciled = command("reconcile", cwd=tmp_path, **settings)
    assert reconciled.returncode == 0, reconciled.stdout


def members(bootstrap: str, group: str) -> list[object]:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    return list(admin.describe_consumer_groups([group])[group].result(60).members)


def test_the_layers_are_small_and_the_last_holds_only_the_program(
    built: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = built.layers()
    with capsys.disabled():
        for megabytes, made_by in layers:
            print(f"\n{megabytes:8.1f} MB  {made_by[:90]}", end="")
    sizes = [megabytes for megabytes, _ in layers]
    program, packages = sizes[-1], sizes[-2]
    assert program < 10
    assert packages < 1450
    assert sum(sizes) < 1700


def test_the_image_without_tensorflow_is_small_and_classifies(containers: Engine) -> None:
    lean = f"{IMAGE}-lean"
    containers.build("lean", lean)
    assert sum(megabytes for megabytes, _ in containers.layers(lean)) < 460
    sample = "/opt/venv/lib/python3*/site-packages/stampapp/model/ztf/sample.avro"
    script = f"faust -A stampapp classify --survey ZTF --json --every-alert {sample}"
    ran = containers(
        *("run", "--rm", *AS_IN_PRODUCTION, "--env=INFERENCE_ENGINE=native"),
        *("--entrypoint=sh", lean, "-c", script),
    )
    assert ran.returncode == 0, ran.stderr
    assert "stampapp_ztf_simulated" in ran.stdout
    found = containers("run", "--rm", "--entrypoint=python", lean, "-c", "import tensorflow")
    assert "No module named 'tensorflow'" in found.stderr
