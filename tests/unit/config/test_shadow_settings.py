from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.config.compute import Engine
from stampapp.errors import ConfigError
from tests.unit.inspection.test_topic_roles import settings_with


def test_there_is_no_shadow_model_by_default() -> None:
    assert settings_with().shadow is None
    assert settings_with(SHADOW_MODEL_PATH=" ", SHADOW_SHARE=" ").shadow is None


def test_a_shadow_model_is_like_the_live_one_but_for_its_folder_and_name() -> None:
    found = settings_with(
        SHADOW_MODEL_PATH="/models/next",
        SHADOW_SHARE="0.25",
        SHADOW_TOPIC="next",
        MODEL_NAME="renamed",
        INFERENCE_ENGINE="native",
        SOLAR_SYSTEM_RULE="false",
    ).shadow
    assert found
    assert (found.share, found.topic) == (0.25, "next")
    model = found.model
    assert (model.path, model.name, model.version) == (Path("/models/next"), None, None)
    assert model.compute.engine is Engine.NATIVE
    assert not model.solar_system_rule


@pytest.mark.parametrize("share", ["-0.1", "1.1", "half"])
def test_a_share_is_from_0_to_1(share: str) -> None:
    with pytest.raises(ConfigError, match=r"SHADOW_SHARE is .*a number from 0 to 1 is expected"):
        settings_with(SHADOW_MODEL_PATH="m", SHADOW_SHARE=share)


@pytest.mark.parametrize(("key", "text"), [("SHADOW_TOPIC", "next"), ("SHADOW_SHARE", "0.5")])
def test_a_topic_or_a_share_without_a_model_is_refused(key: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{key} is set without SHADOW_MODEL_PATH"):
        settings_with(**{key: text})


@pytest.mark.parametrize(
    ("topic", "key"),
    [
        ("out_20260301", "PRODUCER_TOPIC_FORMAT"),
        ("group-deadletter", "DEADLETTER_TOPIC"),
        ("commands", "SCRIBE_TOPIC"),
        ("figures", "METRICS_TOPIC"),
    ],
)
def test_a_topic_of_results_is_refused(topic: str, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"SHADOW_TOPIC is '{topic}'.* by {key} as well"):
        settings_with(
            SHADOW_MODEL_PATH="m", SHADOW_TOPIC=topic, PRODUCER_TOPIC_FORMAT="out_20260301"
        )


def test_the_same_name_on_another_cluster_is_another_topic() -> None:
    found = settings_with(
        SHADOW_MODEL_PATH="m", SHADOW_TOPIC="commands", SCRIBE_SERVER="elsewhere:9092"
    )
    assert found.shadow
    assert found.shadow.topic == "commands"


def test_a_topic_that_the_worker_consumes_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the worker itself publishes \(SHADOW_TOPIC\)"):
        settings_with(SHADOW_MODEL_PATH="m", SHADOW_TOPIC="one")
