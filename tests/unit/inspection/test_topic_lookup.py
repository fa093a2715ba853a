from __future__ import annotations

import pytest

from stampapp.errors import ConfigError
from stampapp.inspection.topic_lookup import describe_topics, select_topics
from tests.unit.inspection.test_topic_roles import NOON, settings_with


async def test_role_needs_no_request() -> None:
    found = await select_topics(settings_with(), "consumer", NOON)
    assert (found.topics, found.cluster.bootstrap) == (("one", "two"), "in:9092")
    night = await select_topics(settings_with(), "producer", NOON)
    assert night.topics == ("out_20260301",)
    assert night.nightly == settings_with().output_topic


async def test_no_topic_if_dead_letters_are_off() -> None:
    with pytest.raises(ConfigError, match="DEADLETTER_TOPIC is empty"):
        await select_topics(settings_with(DEADLETTER_TOPIC=""), "deadletter", NOON)


def test_similar_names_come_first() -> None:
    names = ["alerts", "zoo", "stamps_1", "__consumer_offsets"]
    assert describe_topics(names, "stamp_1") == "there are stamps_1, alerts, zoo"
    assert describe_topics([]) == "the cluster has no topics"
    assert describe_topics([f"t{n:03}" for n in range(50)]).endswith("t019 and 30 more")
