from __future__ import annotations

from datetime import UTC, datetime

from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.config.settings import Settings
from stampapp.inspection.topic_roles import (
    TOPIC_ROLES,
    distinct_clusters,
    replace_patterns,
    topic_roles,
)

REQUIRED = {
    "CLASSIFIER_STRATEGY": "ZTF",
    "CONSUMER_TOPICS": "one,two",
    "CONSUMER_SERVER": "in:9092",
    "CONSUMER_GROUP_ID": "group",
    "PRODUCER_TOPIC_FORMAT": "out_%s",
    "SCRIBE_TOPIC": "commands",
    "METRICS_TOPIC": "figures",
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def settings_with(**changes: str) -> Settings:
    return settings.load_settings(Reader({**REQUIRED, **changes}.get))


def test_every_role_has_its_topics_on_its_cluster() -> None:
    changes = {"PRODUCER_SERVER": "out:9092", "SCRIBE_SERVER": "db:9092"}
    shadow = {"SHADOW_MODEL_PATH": "next", "SHADOW_TOPIC": "next"}
    found = topic_roles(settings_with(**changes, **shadow), NOON)
    assert [(one.role, one.topic, one.cluster.bootstrap) for one in found] == [
        ("consumer", "one", "in:9092"),
        ("consumer", "two", "in:9092"),
        ("producer", "out_20260301", "out:9092"),
        ("deadletter", "group-deadletter", "out:9092"),
        ("scribe", "commands", "db:9092"),
        ("metrics", "figures", "in:9092"),
        ("shadow", "next", "out:9092"),
    ]
    assert tuple(dict.fromkeys(one.role for one in found)) == TOPIC_ROLES


def test_patterns_are_replaced_by_the_topics_that_match() -> None:
    loaded = settings_with(CONSUMER_TOPICS="^a,one,b_%s")
    found = replace_patterns(
        topic_roles(loaded, NOON), loaded.consumer_topics, ["a2", "a1", "figures", "out_20260301"]
    )
    inputs = [one.topic for one in found if one.role == "consumer"]
    assert inputs == ["a1", "a2", "one", "b_%s"]
    assert [one.topic for one in found][len(inputs) :] == [
        "out_20260301",
        "group-deadletter",
        "commands",
        "figures",
    ]


def test_no_role_if_dead_letters_are_off() -> None:
    assert "deadletter" not in {
        one.role for one in topic_roles(settings_with(DEADLETTER_TOPIC=""), NOON)
    }


def test_distinct_clusters_are_listed_once() -> None:
    assert [one.role for one in distinct_clusters(settings_with())] == ["consumer"]
    several = settings_with(PRODUCER_SERVER="out:9092", SCRIBE_SERVER="out:9092")
    assert [one.role for one in distinct_clusters(several)] == ["consumer", "producer"]
