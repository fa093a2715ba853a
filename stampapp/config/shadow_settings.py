"""Read which second model classifies the same alerts without publishing results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from stampapp.config.casts import number, topic_name
from stampapp.config.environment import Reader, environment_reader
from stampapp.config.model_address import ModelAddress, model_path
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import ConfigError

if TYPE_CHECKING:
    from stampapp.config.settings import Settings

KEY = "SHADOW_MODEL_PATH"
# Nights before and after this one for which the name of the output topic is compared.
_NIGHTS = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowSettings:
    """The shadow model, the share of the objects that it sees (0 to 1), and its topic, if any."""

    model: ModelSettings
    share: float
    topic: str | None


def read_shadow(reader: Reader, live: ModelSettings) -> ShadowSettings | None:
    """Read the shadow model of a worker; None where there is none."""
    path = _read_path(reader)
    share = reader.read(
        "SHADOW_SHARE", number(0, 1, float), 1.0, "share of the objects that the second model sees"
    )
    topic: str | None = reader.read(
        "SHADOW_TOPIC",
        topic_name,
        None,
        "topic of the second model's predictions, on the producer's cluster; unset: none",
    )
    if path is None:
        # What is set for a model that is not would have no effect.
        reader.problems += [
            f"{key} is set without {KEY}: set it, or remove both"
            for key, differs in {"SHADOW_SHARE": share != 1.0, "SHADOW_TOPIC": topic}.items()
            if differs
        ]
        return None
    return ShadowSettings(model=shadow_of(live, path), share=share, topic=topic)


def _read_path(reader: Reader) -> Path | ModelAddress | None:
    found: Path | ModelAddress | None = reader.read(
        KEY,
        model_path,
        None,
        "a second model that publishes no results: its folder, or the address of its zip",
    )
    return found


def load_shadow_settings(live: ModelSettings, given: Path | ModelAddress | None) -> ModelSettings:
    """Return the model to compare with `live`: what is given for --shadow, or SHADOW_MODEL_PATH."""
    if given:
        return shadow_of(live, given, "--shadow")
    reader = environment_reader()
    path = _read_path(reader)
    reader.finish()
    if path is None:
        raise ConfigError(f"there is no model to compare: give --shadow FOLDER, or set {KEY}")
    return shadow_of(live, path)


def shadow_of(live: ModelSettings, path: Path | ModelAddress, key: str = KEY) -> ModelSettings:
    """Return the settings of a model beside `live`, which differs by its folder, name and version.

    `key` is the setting that names the folder, for messages.
    """
    return replace(live, path=path, path_is_set=True, path_key=key, name=None, version=None)


def describe_shared_topic(settings: Settings) -> list[str]:
    """Describe which other topic of the worker has the name of SHADOW_TOPIC."""
    topic = settings.shadow and settings.shadow.topic
    if not topic:
        return []
    servers = set(settings.producer.servers)
    output, now = settings.output_topic, datetime.now(UTC)
    nights = (now + timedelta(days=days) for days in range(-_NIGHTS, _NIGHTS))
    others = (
        ("PRODUCER_TOPIC_FORMAT", {output.name_at(night) for night in nights}, settings.producer),
        ("DEADLETTER_TOPIC", {settings.deadletter_topic}, settings.producer),
        ("SCRIBE_TOPIC", {settings.scribe_topic}, settings.scribe),
        ("METRICS_TOPIC", {settings.metrics_topic}, settings.metrics),
    )
    return [
        f"SHADOW_TOPIC is {topic!r}, to which the worker publishes by {key} as well: choose a topic"
        " of its own"
        for key, topics, cluster in others
        if topic in topics and servers & set(cluster.servers)
    ]
