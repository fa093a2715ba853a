from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from stampapp.alerts import lsst_packet
from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.demo.schema_registry import schema_registry
from stampapp.preflight import schema_trial
from stampapp.preflight.schema_trial import SchemaTrial, try_schemas
from tests.support.ports import free_ports

KEYS = {
    "CONSUMER_TOPICS": "alerts",
    "CONSUMER_SERVER": "one:9092",
    "CONSUMER_GROUP_ID": "group",
    "PRODUCER_TOPIC_FORMAT": "out_%s",
    "SCRIBE_TOPIC": "scribe",
    "SCRIBE_CLASSIFIER_ID": "1",
    "SCRIBE_TAXONOMY": "SN:0",
    "METRICS_TOPIC": "metrics",
}


def tried(survey: str = "LSST", **changes: str) -> SchemaTrial:
    found = {**KEYS, "CLASSIFIER_STRATEGY": survey, **changes}
    return try_schemas(settings.load_settings(Reader(found.get)))


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "1.avsc"
    path.write_text(json.dumps(lsst_packet.file_schema()))
    return path


@pytest.fixture
def refusing() -> Iterator[str]:
    """The URL of a server that refuses every user."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(HTTPStatus.UNAUTHORIZED)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_survey_whose_messages_contain_their_schema_needs_no_source() -> None:
    assert tried("ZTF") == SchemaTrial()


def test_a_folder_comes_before_the_installed_package(schema: Path) -> None:
    found = tried(SCHEMA_PATH=str(schema.parent))
    assert found.sources[0] == f"the folder {schema.parent} has the schema 1"
    assert "the installed package has" in found.sources[1]
    assert (found.problem, found.warning) == (None, None)


def test_a_file_is_for_messages_without_a_header(schema: Path) -> None:
    found = tried(SCHEMA_PATH=str(schema))
    assert found.sources[0] == f"messages without a header have the schema {schema}"


def test_a_registry_that_answers_works_whether_it_has_a_schema_or_not() -> None:
    with schema_registry({}) as url:
        found = tried(SCHEMA_REGISTRY_URL=url)
    assert found == SchemaTrial(sources=(f"the registry {url} works",))


def test_a_registry_that_is_away_is_a_warning_because_a_worker_waits_for_it() -> None:
    (port,) = free_ports(1)
    found = tried(SCHEMA_REGISTRY_URL=f"http://127.0.0.1:{port}")
    assert found.problem is None
    assert found.warning
    assert f"the schema registry http://127.0.0.1:{port}: " in found.warning
    assert found.sources == (f"the registry http://127.0.0.1:{port} does not work",)


def test_wrong_credentials_are_named(refusing: str) -> None:
    found = tried(
        SCHEMA_REGISTRY_URL=refusing,
        SCHEMA_REGISTRY_USERNAME="anna",
        SCHEMA_REGISTRY_PASSWORD="wrong",
    )
    assert found.problem
    assert "SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD" in found.problem
    assert "wrong" not in found.problem


def test_without_any_source_it_says_which_there_could_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_trial, "installed_schemas", list)
    found = tried()
    assert found.sources == ()
    assert found.warning
    for remedy in ("SCHEMA_REGISTRY_URL", "SCHEMA_PATH", "pip install -U 'stampapp[lsst]'"):
        assert remedy in found.warning
