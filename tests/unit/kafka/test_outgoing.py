from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from aiokafka import errors as kafka

from stampapp.deadletters import encoding, record
from stampapp.errors import BadAlert
from stampapp.kafka import outgoing
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.message import Message
from stampapp.kafka.outgoing import OutgoingMessage
from tests.support.alerts import message

CLUSTER = Cluster(role="producer", servers=("one:9092",), protocol="PLAINTEXT")
OWN = (("h", b"1"), ("h", b""))
SOURCE = (
    *(("source.topic", b"alerts"), ("source.partition", b"0"), ("source.offset", b"7")),
    *(("source.group", b"g"), ("source.ruled_out", b"alerts:0:8" + b",8" * 5000)),
)
DEAD = message(7, b"value", headers=OWN, timestamp=4_102_444_800_000)


def with_fallbacks() -> Iterator[OutgoingMessage]:
    form: OutgoingMessage | None = encoding.dead_letter(
        "dead", DEAD, BadAlert("field", "x" * 900), SOURCE
    )
    while form:
        yield form
        form = form.fallback


def as_consumed(form: OutgoingMessage) -> Message:
    return replace(DEAD, topic="dead", timestamp=form.timestamp or 1, headers=form.headers)


def test_original_message_is_recovered_from_every_fallback() -> None:
    for form in with_fallbacks():
        assert (form.topic, form.key, form.value) == ("dead", DEAD.key, DEAD.value)
        assert record.replayed_headers(as_consumed(form))[:2] == OWN


def test_every_fallback_has_cause_source_and_time() -> None:
    for form in with_fallbacks():
        found = record.read_dead_letter(as_consumed(form))
        assert found
        assert (found.cause, found.source, found.timestamp) == (
            "field",
            DEAD.location,
            DEAD.timestamp,
        )


def test_fallbacks_drop_timestamp_or_added_headers() -> None:
    kept = [
        (one.timestamp == DEAD.timestamp, outgoing.message_size(one) > 10_000)
        for one in with_fallbacks()
    ]
    assert kept == [(True, True), (False, True), (True, False), (False, False)]
    assert outgoing.message_size(list(with_fallbacks())[2]) < 150


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (kafka.MessageSizeTooLargeError(), "max.message.bytes"),
        (kafka.InvalidTimestampError(), "message.timestamp.before.max.ms"),
        (kafka.TopicAuthorizationFailedError(), "grant WRITE to a client without a user name"),
        (kafka.UnsupportedVersionError(), ""),
    ],
)
def test_fatal_errors_have_a_remedy(error: Exception, words: str) -> None:
    assert words in outgoing.suggest_remedy(error, list(with_fallbacks()), CLUSTER)
