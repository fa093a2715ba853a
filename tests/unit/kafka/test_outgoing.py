"""Letters, and what is spared of a dead letter that a topic refuses."""

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


def forms() -> Iterator[OutgoingMessage]:
    letter: OutgoingMessage | None = encoding.dead_letter(
        "dead", DEAD, BadAlert("field", "x" * 900), SOURCE
    )
    while letter:
        yield letter
        letter = letter.fallback


def as_consumed(letter: OutgoingMessage) -> Message:
    return replace(DEAD, topic="dead", timestamp=letter.timestamp or 1, headers=letter.headers)


def test_of_every_form_the_message_comes_back_whole() -> None:
    for letter in forms():
        assert (letter.topic, letter.key, letter.value) == ("dead", DEAD.key, DEAD.value)
        assert record.replayed_headers(as_consumed(letter))[:2] == OWN


def test_every_form_says_the_cause_the_source_and_the_instant() -> None:
    for letter in forms():
        found = record.read_dead_letter(as_consumed(letter))
        assert found
        assert (found.cause, found.source, found.timestamp) == (
            "field",
            DEAD.location,
            DEAD.timestamp,
        )


def test_what_is_spared_is_the_timestamp_or_nearly_all_that_is_ours() -> None:
    told = [
        (one.timestamp == DEAD.timestamp, outgoing.message_size(one) > 10_000) for one in forms()
    ]
    assert told == [(True, True), (False, True), (True, False), (False, False)]
    assert outgoing.message_size(list(forms())[2]) < 150


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (kafka.MessageSizeTooLargeError(), "max.message.bytes"),
        (kafka.InvalidTimestampError(), "message.timestamp.before.max.ms"),
        (kafka.TopicAuthorizationFailedError(), "grant WRITE to a client without a user name"),
        (kafka.UnsupportedVersionError(), ""),
    ],
)
def test_a_refusal_has_its_remedy(error: Exception, words: str) -> None:
    assert words in outgoing.suggest_remedy(error, list(forms()), CLUSTER)
