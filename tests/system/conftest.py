"""Fixtures of the system tests, none of which imports stampapp."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.apache_kafka import ApacheKafka
from tests.support.models import write_atlas, write_lsst, write_ztf
from tests.support.shared import made_once
from tests.support.topics import create_topics
from tests.support.worker import command
from tests.system.survey_setups import (
    atlas_package_setup,
    atlas_setup,
    ztf_setup,
    ztf_tensorflow_setup,
)

__all__ = ["atlas_package_setup", "atlas_setup", "ztf_setup", "ztf_tensorflow_setup"]

Environment = dict[str, str]


# Made once in a test run: no test may change a model, it copies it.
@pytest.fixture(scope="session")
def model(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ALeRCE's network of June 2020, imported by the command that operators use."""
    archive = shared_data / "ztf_model_2020-06.zip"

    def import_model(folder: Path) -> None:
        done = command("import-model", str(archive), "--into", str(folder))
        assert done.returncode == 0, done.stderr

    return made_once("model", tmp_path_factory, import_model)


@pytest.fixture(scope="session")
def ztf_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for ZTF with random weights."""
    return made_once("ztf-model", tmp_path_factory, write_ztf)


@pytest.fixture(scope="session")
def atlas_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for ATLAS with random weights."""
    return made_once("atlas-model", tmp_path_factory, write_atlas)


@pytest.fixture(scope="session")
def lsst_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for LSST with random weights."""
    return made_once("lsst-model", tmp_path_factory, write_lsst)


@pytest.fixture(scope="session")
def classified(
    model: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The results of `classify` for every real alert, by candid."""

    def classify(results: Path) -> None:
        arguments = ("--json", "--every-alert", "--survey", "ZTF", "--model", str(model))
        done = command("classify", *arguments, str(shared_data / "ztf_sorting_hat.avro"))
        assert done.returncode == 0, done.stderr
        results.write_text(done.stdout)

    results = made_once("classified", tmp_path_factory, classify).read_text()
    return {row["candid"]: row for row in map(json.loads, results.splitlines())}


def environment(bootstrap: str, **overrides: str) -> Environment:
    """Create topics with unique names, and return the environment of a worker on them.

    Which survey's it is, and its model, are overrides.
    """
    unique = secrets.token_hex(4)
    partitions = {"alerts": 4, "out": 2, "scribe": 2, "metrics": 1, "dead": 1}
    names = {role: f"{role}-{unique}" for role in partitions}
    create_topics(bootstrap, {names[role]: count for role, count in partitions.items()})
    return {
        "CONSUMER_SERVER": bootstrap,
        "CONSUMER_TOPICS": names["alerts"],
        "CONSUMER_GROUP_ID": f"group-{unique}",
        "CONSUMER_SESSION_TIMEOUT": "6",
        "CONSUME_TIMEOUT": "1",
        "CONSUME_MESSAGES": "50",
        "PRODUCER_TOPIC_FORMAT": names["out"],
        "SCRIBE_TOPIC": names["scribe"],
        "METRICS_TOPIC": names["metrics"],
        "DEADLETTER_TOPIC": names["dead"],
    } | overrides


@pytest.fixture
def setup(kafka: ApacheKafka, model: Path) -> Callable[..., Environment]:
    overrides = {"CLASSIFIER_STRATEGY": "ZTF", "MODEL_PATH": str(model)}
    return partial(environment, kafka.bootstrap, **overrides)
