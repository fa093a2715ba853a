from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiokafka import errors as kafka

from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.config.settings import Settings
from stampapp.errors import StampError
from stampapp.kafka.metadata_v8 import ClusterMetadata, Operation, TopicMetadata
from stampapp.preflight.required_access import (
    ClusterAccess,
    describe_denied_group,
    missing_permissions,
    missing_topics,
    required_access,
)
from stampapp.worker.consumer_errors import explain_lost_permission

NOW = datetime(2026, 3, 1, 21, 0, tzinfo=UTC)
KEYS = {
    "CLASSIFIER_STRATEGY": "ZTF",
    "CONSUMER_TOPICS": "alerts,more",
    "CONSUMER_SERVER": "one:9092",
    "CONSUMER_GROUP_ID": "group",
    "PRODUCER_TOPIC_FORMAT": "out_%s",
    "SCRIBE_TOPIC": "scribe",
    "METRICS_TOPIC": "metrics",
}
READ = frozenset({Operation.READ, Operation.DESCRIBE})
WRITE = frozenset({Operation.WRITE, Operation.DESCRIBE})


def settings_with(**changes: str) -> Settings:
    return settings.load_settings(Reader({**KEYS, **changes}.get))


def single_access(**changes: str) -> ClusterAccess:
    (access,) = required_access(settings_with(**changes), NOW)
    return access


def metadata(
    allowed: frozenset[Operation] | None, *names: str, exists: bool = True
) -> ClusterMetadata:
    topics = {name: TopicMetadata(name=name, exists=exists, allowed=allowed) for name in names}
    return ClusterMetadata(brokers=(), topics=topics)


def test_one_cluster_has_all_permissions() -> None:
    access = single_access()
    assert access.cluster.role == "consumer"
    assert (access.group, access.optional) == ("group", False)
    done = [(need.operation.name, need.topic, need.setting) for need in access.permissions]
    assert done == [
        ("READ", "alerts", "CONSUMER_TOPICS"),
        ("READ", "more", "CONSUMER_TOPICS"),
        ("WRITE", "out_20260301", "PRODUCER_TOPIC_FORMAT"),
        ("WRITE", "out_20260302", "PRODUCER_TOPIC_FORMAT"),
        ("WRITE", "group-deadletter", "DEADLETTER_TOPIC"),
        ("WRITE", "scribe", "SCRIBE_TOPIC"),
        ("WRITE", "metrics", "METRICS_TOPIC"),
    ]


def test_fixed_output_topic_and_no_dead_letter_topic() -> None:
    access = single_access(PRODUCER_TOPIC_FORMAT="out", DEADLETTER_TOPIC="")
    assert access.topics == ("alerts", "more", "out", "scribe", "metrics")


def test_each_cluster_has_its_own_permissions() -> None:
    apart = {"PRODUCER_SERVER": "two:9092", "SCRIBE_SERVER": "two:9092"}
    found = required_access(settings_with(**apart, METRICS_SERVER="three:9092"), NOW)
    assert [access.cluster.role for access in found] == ["consumer", "producer", "metrics"]
    assert [access.group for access in found] == ["group", None, None]
    assert [access.optional for access in found] == [False, False, True]
    assert found[1].topics == ("out_20260301", "out_20260302", "group-deadletter", "scribe")


def test_each_user_has_its_own_permissions() -> None:
    found = required_access(
        settings_with(SCRIBE_SASL_USERNAME="user", SCRIBE_SASL_PASSWORD="hush"), NOW
    )
    assert [access.cluster.role for access in found] == ["consumer", "scribe"]


def test_missing_permissions_name_the_settings() -> None:
    access = single_access(CONSUMER_SASL_USERNAME="user", CONSUMER_SASL_PASSWORD="hush")
    vital, optional = missing_permissions(access, metadata(READ, *access.topics))
    where = "the consumer's cluster one:9092 does not let user 'user' write to"
    assert vital == [
        f"{where} out_20260301 and out_20260302: grant WRITE there, or check"
        " PRODUCER_TOPIC_FORMAT and CONSUMER_SASL_USERNAME",
        f"{where} group-deadletter: grant WRITE there, or check"
        " DEADLETTER_TOPIC and CONSUMER_SASL_USERNAME",
        f"{where} scribe: grant WRITE there, or check SCRIBE_TOPIC and CONSUMER_SASL_USERNAME",
    ]
    assert optional == [
        f"{where} metrics: grant WRITE there, or check METRICS_TOPIC and CONSUMER_SASL_USERNAME"
    ]


def test_missing_permission_without_a_user_names_the_security_setting() -> None:
    access = single_access()
    vital, _ = missing_permissions(access, metadata(WRITE, "alerts"))
    assert vital == [
        "the consumer's cluster one:9092 does not let a client without a user name read alerts:"
        " grant READ there, or check CONSUMER_TOPICS and CONSUMER_SECURITY_PROTOCOL"
    ]


@pytest.mark.parametrize("answer", [metadata(None, *single_access().topics), metadata(None)])
def test_unreported_permissions_count_as_granted(answer: ClusterMetadata) -> None:
    assert missing_permissions(single_access(), answer) == ([], [])


def test_only_topics_that_do_not_exist_are_missing() -> None:
    access = single_access()
    assert missing_topics(access, metadata(None, *access.topics)) == ()
    (need,) = missing_topics(access, metadata(None, "scribe", exists=False))
    assert (need.topic, need.role, need.setting) == ("scribe", "scribe", "SCRIBE_TOPIC")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (kafka.GroupAuthorizationFailedError("group"), "consume as the group group: grant READ"),
        (kafka.TopicAuthorizationFailedError({"alerts"}), "read alerts and more: grant READ"),
    ],
)
def test_a_revoked_permission_of_the_consumer_is_explained(error: Exception, words: str) -> None:
    found = explain_lost_permission(settings_with(), error)
    assert isinstance(found, StampError)
    assert words in str(found)


def test_any_other_error_is_unchanged() -> None:
    error = RuntimeError("out of memory")
    assert explain_lost_permission(settings_with(), error) is error


@pytest.mark.parametrize(
    ("user", "group", "told"),
    [("anna", "stampapp", True), ("anna", "anna-stampapp", False), ("", "stampapp", False)],
)
def test_a_refused_group_without_the_name_of_the_user_has_the_rule_in_its_error(
    user: str, group: str, told: bool
) -> None:
    keys = {"CONSUMER_SASL_USERNAME": user, "CONSUMER_SASL_PASSWORD": user and "hush"}
    message = describe_denied_group(settings_with(**keys).consumer, group)
    assert ("CONSUMER_GROUP_ID=anna-stampapp" in message) is told
