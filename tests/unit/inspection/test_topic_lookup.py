from __future__ import annotations

import pytest

from stampapp.errors import ConfigError
from stampapp.inspection.topic_lookup import describe_topics, select_topics
from tests.unit.inspection.test_topic_roles import NOON, told


async def test_a_role_is_known_without_asking() -> None:
    found = await select_topics(told(), "consumer", NOON)
    assert (found.topics, found.cluster.bootstrap) == (("one", "two"), "in:9092")
    night = await select_topics(told(), "producer", NOON)
    assert night.topics == ("out_20260301",)
    assert night.nightly == told().output_topic


async def test_dead_letters_may_be_turned_off() -> None:
    with pytest.raises(ConfigError, match="DEADLETTER_TOPIC is empty"):
        await select_topics(told(DEADLETTER_TOPIC=""), "deadletter", NOON)


def test_names_that_are_spelt_alike_come_first() -> None:
    names = ["alerts", "zoo", "stamps_1", "__consumer_offsets"]
    assert describe_topics(names, "stamp_1") == "there are stamps_1, alerts, zoo"
    assert describe_topics([]) == "the cluster has no topics"
    assert describe_topics([f"t{n:03}" for n in range(50)]).endswith("t019 and 30 more")
