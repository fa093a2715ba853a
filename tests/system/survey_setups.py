"""Settings, messages and expected results of a worker for each survey."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import alert_messages, atlas
from tests.support.shadow_models import copy_with_features
from tests.support.topics import Headers, Record
from tests.support.worker import command

FAKE_ATLAS_PACKAGE = Path(__file__).parents[1] / "support" / "fake_atlas_package"
# An instant in the past, in ms: a dead letter keeps its own.
PAST = 1_700_000_000_123


@dataclass(frozen=True, kw_only=True)
class SurveySetup:
    """Settings of a worker, messages to send, and the results of `classify` for them.

    The last three messages are unreadable and have no result.
    """

    settings: dict[str, str]
    sent: list[Record]
    classified: list[dict[str, Any]]
    classes: tuple[str, ...]
    name: str


@pytest.fixture(scope="session")
def ztf_setup(model: Path, classified: dict[str, dict[str, Any]], shared_data: Path) -> SurveySetup:
    unreadable = alert_messages.stream(shared_data / "ztf_sorting_hat_unreadable.avro")
    return SurveySetup(
        settings={"CLASSIFIER_STRATEGY": "ZTF", "MODEL_PATH": str(model)},
        sent=[*alert_messages.stream(shared_data / "ztf_sorting_hat.avro"), *_old(unreadable)],
        classified=list(classified.values()),
        classes=alert_messages.CLASSES,
        name="stamp_classifier",
    )


@pytest.fixture(scope="session")
def ztf_tensorflow_setup(ztf_setup: SurveySetup) -> SurveySetup:
    """The same on TensorFlow, instead of the native engine where that is there."""
    return replace(ztf_setup, settings=ztf_setup.settings | {"INFERENCE_ENGINE": "tensorflow"})


@pytest.fixture(scope="session")
def atlas_setup(
    atlas_model: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> SurveySetup:
    """ATLAS, classified by a network with random weights, and another version as shadow model."""
    folder = tmp_path_factory.mktemp("sent")
    shadow = copy_with_features(atlas_model, folder / "shadow", "next", 0.1)
    settings = {
        "CLASSIFIER_STRATEGY": "ATLAS",
        "MODEL_PATH": str(atlas_model),
        "SHADOW_MODEL_PATH": str(shadow),
    }
    return _atlas(settings, "tried_on_atlas", shared_data, folder)


@pytest.fixture(scope="session")
def atlas_package_setup(
    atlas_model: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> SurveySetup:
    """ATLAS, classified by the fake package, with a model as shadow; MODEL_PATH is empty."""
    settings = {
        "CLASSIFIER_STRATEGY": "ATLAS",
        "MODEL_PATH": "",
        "SHADOW_MODEL_PATH": str(atlas_model),
        "PYTHONPATH": str(FAKE_ATLAS_PACKAGE),
    }
    return _atlas(settings, "atlas_stamp_classifier", shared_data, tmp_path_factory.mktemp("sent"))


def _atlas(settings: dict[str, str], name: str, shared_data: Path, folder: Path) -> SurveySetup:
    good, unreadable = alerts_of_atlas(shared_data)
    write(folder / "alerts", [one.value for one in good])
    arguments = ("classify", "--json", "--every-alert", str(folder / "alerts"))
    done = command(*arguments, cwd=folder, **settings)
    assert done.returncode == 0, done.stderr
    return SurveySetup(
        settings=settings,
        sent=[*good, *_old(unreadable)],
        classified=[json.loads(line) for line in done.stdout.splitlines()],
        classes=atlas.CLASSES,
        name=name,
    )


def alerts_of_atlas(shared_data: Path) -> tuple[list[Record], list[Record]]:
    """Return the six packets raw and as sorting-hat messages, and three damaged ones.

    Sorting-hat messages have plain and gzipped stamps, the latter in a later alert of the object.
    """
    packets = atlas.packets(shared_data)
    plain = [atlas.to_sorting_hat(packet) for packet in packets.values()]
    later = [
        atlas.to_sorting_hat(packet, compressed=True) | {"mjd": first["mjd"] + 1.0}
        for packet, first in zip(packets.values(), plain, strict=True)
    ]
    cut = [one | {"aid": f"{one['aid']}-cut", "stamps": _cut(one["stamps"])} for one in later[:3]]
    return (
        [Record(candid.encode(), packet) for candid, packet in packets.items()]
        + atlas.messages([*plain, *later]),
        atlas.messages(cut),
    )


def write(folder: Path, values: list[bytes | None]) -> Path:
    """Write each message to a separate file: both are Avro containers."""
    folder.mkdir()
    for number, value in enumerate(values):
        (folder / f"{number:03}.avro").write_bytes(value or b"")
    return folder


def _cut(stamps: dict[str, bytes]) -> dict[str, bytes]:
    return stamps | {"difference": stamps["difference"][:-20]}


def _old(records: list[Record]) -> list[Record]:
    headers: Headers = [("origin", b"test")]
    return [one._replace(headers=headers, timestamp=PAST) for one in records]
