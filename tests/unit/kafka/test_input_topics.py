from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stampapp.errors import ConfigError
from stampapp.kafka.input_topics import InputTopics, parse_entries

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
PRESENT = (
    "ztf_20260301_programid1",
    "ztf_20260228_programid1",
    "ztf_20261301_programid1",
    "ztf_2026301_programid1",
    "ztf_20260301_programid2",
    "alerts",
    "__consumer_offsets",
)


def topics(*entries: str) -> InputTopics:
    return InputTopics(entries=entries)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one,two", ("one", "two")),
        (" one , ,two,", ("one", "two")),
        ("^ztf_[0-9]{6,8}_a,plain", ("^ztf_[0-9]{6,8}_a", "plain")),
        ("plain,^a{1,2}b{3,4}$,ztf_%s", ("plain", "^a{1,2}b{3,4}$", "ztf_%s")),
    ],
)
def test_commas_separate_except_within_braces(text: str, expected: tuple[str, ...]) -> None:
    assert parse_entries(text) == expected


def test_empty_list_is_rejected() -> None:
    with pytest.raises(ValueError, match="comma-separated list"):
        parse_entries(" , ")


def test_names_stand_for_themselves() -> None:
    found = topics("alerts", "more")
    assert not found.dynamic
    assert found.named == ("alerts", "more")
    assert found.select(PRESENT) == ("alerts",)
    assert found.unmatched(PRESENT) == ("more",)
    assert str(found) == "alerts,more"


def test_pattern_matches_the_beginning_of_a_name() -> None:
    assert topics("^ztf_.*_programid1").dynamic
    assert topics("^ztf_2026030").select(PRESENT) == (
        "ztf_20260301_programid1",
        "ztf_20260301_programid2",
    )
    assert topics("^ztf_.*_programid1$").match("ztf_tonight_programid1")
    assert not topics("^ztf_.*_programid1$").match("ztf_20260301_programid12")


def test_patterns_do_not_match_the_topics_of_kafka_itself() -> None:
    assert "__consumer_offsets" not in topics("^.*").select(PRESENT)


def test_dated_name_stands_for_every_date() -> None:
    assert topics("ztf_%s_programid1").select(PRESENT) == (
        "ztf_20260228_programid1",
        "ztf_20260301_programid1",
    )
    found = InputTopics(entries=("ztf_%s",), date_format="%Y-%m-%d")
    assert found.match("ztf_2026-03-01")
    assert not found.match("ztf_20260301")


def test_each_topic_is_selected_once_in_the_order_of_the_entries() -> None:
    found = topics("ztf_%s_programid1", "alerts", "^ztf_20260301", "absent")
    assert found.select(PRESENT) == (
        "ztf_20260228_programid1",
        "ztf_20260301_programid1",
        "alerts",
        "ztf_20260301_programid2",
    )
    assert found.unmatched(PRESENT) == ("absent",)


def test_alerts_are_published_to_the_first_topic_that_is_named() -> None:
    assert topics("^ztf", "alerts", "ztf_%s").publish_to(NOW) == "alerts"
    assert topics("ztf_%s_programid1", "alerts").publish_to(NOW) == "ztf_20260301_programid1"
    with pytest.raises(ConfigError, match=r"CONSUMER_TOPICS is '\^ztf', which names no topic"):
        topics("^ztf").publish_to(NOW)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("^ztf_(", r"'\^ztf_\(' is not a regular expression: missing \)"),
        ("ztf_%s_%s", "may have one %s, for the date, and no other %"),
        ("ztf_%d", "may have one %s, for the date, and no other %"),
        ("t wo", "'t wo' is no topic: a Kafka topic has 1 to 249 letters"),
        ("ztf/%s", r"'ztf/%s' \(of a date: 'ztf/20200101'\) is no topic"),
    ],
)
def test_unusable_entry_is_named(entry: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"CONSUMER_TOPICS: .*{problem}"):
        topics("alerts", entry)
