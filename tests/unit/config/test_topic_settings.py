from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.errors import ConfigError

REQUIRED = {
    "CLASSIFIER_STRATEGY": "ZTF",
    "CONSUMER_SERVER": "one:9092",
    "CONSUMER_TOPICS": "alerts",
    "CONSUMER_GROUP_ID": "group",
    "PRODUCER_TOPIC_FORMAT": "out_%s",
    "SCRIBE_TOPIC": "scribe",
    "METRICS_TOPIC": "metrics",
}


def load(**changes: str) -> settings.Settings:
    return settings.load_settings(Reader({**REQUIRED, **changes}.get))


def test_patterns_dates_and_names_stand_together() -> None:
    found = load(CONSUMER_TOPICS="^a{1,2}$,alerts,ztf_%s", CONSUMER_TOPICS_DATE_FORMAT="%y%m")
    assert found.consumer_topics.entries == ("^a{1,2}$", "alerts", "ztf_%s")
    assert found.consumer_topics.match("ztf_2603")


def test_unusable_pattern_is_reported_with_the_other_problems() -> None:
    with pytest.raises(ConfigError) as error:
        load(CONSUMER_TOPICS="^ztf_(", CONSUME_MESSAGES="0")
    _, *problems = str(error.value).splitlines()
    assert len(problems) == 2
    assert any(one.startswith("CONSUMER_TOPICS: '^ztf_(' is not a regular") for one in problems)


@pytest.mark.parametrize(
    ("topics", "key", "name"),
    [
        ("^out_", "PRODUCER_TOPIC_FORMAT", "out_"),
        (f"^out_{datetime.now(UTC) + timedelta(days=30):%Y%m}", "PRODUCER_TOPIC_FORMAT", "out_"),
        ("alerts,scr%s", "SCRIBE_TOPIC", "scribe"),
        ("^metrics$", "METRICS_TOPIC", "metrics"),
        ("^group", "DEADLETTER_TOPIC", "group-deadletter"),
        ("scribe", "SCRIBE_TOPIC", "scribe"),
    ],
)
def test_worker_must_not_consume_what_it_publishes(topics: str, key: str, name: str) -> None:
    date_format = "ibe" if "%s" in topics else "%Y%m%d"
    with pytest.raises(ConfigError) as error:
        load(CONSUMER_TOPICS=topics, CONSUMER_TOPICS_DATE_FORMAT=date_format)
    (problem,) = str(error.value).splitlines()[1:]
    assert problem.startswith(f"CONSUMER_TOPICS is {topics!r} and includes {name}")
    assert f"to which the worker itself publishes ({key})" in problem


def test_other_clusters_may_have_topics_of_the_same_name() -> None:
    assert load(
        CONSUMER_TOPICS="^.*",
        PRODUCER_SERVER="two:9092",
        SCRIBE_SERVER="two:9092",
        METRICS_SERVER="two:9092",
    )
