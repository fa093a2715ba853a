from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers, Message, TopicPartitionOffset
from stampapp.results import provenance
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert, message
from tests.support.fake_classifier import classification

FAULT = BadAlert("field", "bad")


def outcome(kind: OutcomeKind, aid: str) -> Outcome:
    one = alert(aid=aid)
    has_result = kind in {OutcomeKind.CLASSIFIED, OutcomeKind.RULED_OUT}
    return Outcome(
        kind=kind,
        alert=one,
        classification=classification(one, "SN" if kind is OutcomeKind.CLASSIFIED else None)
        if has_result
        else None,
        error=FAULT if kind is OutcomeKind.DEAD_LETTERED else None,
    )


CLASSIFIED, SUPERSEDED, RULED_OUT, DEAD = (partial(outcome, kind) for kind in OutcomeKind)


def provenance_of(outcomes: Sequence[Outcome]) -> list[provenance.Provenance]:
    """Return the provenance of each message of a batch from one partition."""
    batch = [message(10 + number) for number in range(len(outcomes))]
    found = [
        provenance.read_provenance(headers)
        for headers in provenance.headers_for_batch(batch, outcomes, "group")
    ]
    return [one for one in found if one]


def offsets(places: Sequence[TopicPartitionOffset]) -> list[int]:
    return [place.offset for place in places]


def test_a_published_message_names_its_source() -> None:
    (headers,) = provenance.headers_for_batch(
        [message(42, partition=3)], [CLASSIFIED("A")], "group"
    )
    assert headers == (
        ("source.topic", b"alerts"),
        ("source.partition", b"3"),
        ("source.offset", b"42"),
        ("source.group", b"group"),
    )
    place = TopicPartitionOffset(topic="alerts", partition=3, offset=42)
    assert provenance.read_provenance(headers) == provenance.Provenance(group="group", source=place)
    assert str(place) == "alerts:3:42"


def test_a_superseded_message_is_named_by_the_prediction_of_its_object() -> None:
    first, _, third, _ = provenance_of(
        [CLASSIFIED("A"), SUPERSEDED("B"), CLASSIFIED("B"), SUPERSEDED("B")]
    )
    assert offsets(first.superseded) == []
    assert offsets(third.superseded) == [11, 13]


def test_unpublished_messages_are_named_by_the_first_prediction() -> None:
    _, _, _, third, fourth = provenance_of(
        [RULED_OUT("A"), SUPERSEDED("A"), DEAD("C"), CLASSIFIED("B"), CLASSIFIED("D")]
    )
    assert (offsets(third.ruled_out), offsets(third.superseded)) == ([10], [11])
    assert fourth.ruled_out == fourth.superseded == ()


def test_without_a_prediction_they_are_named_by_a_dead_letter() -> None:
    _, dead, later, _ = provenance_of([RULED_OUT("A"), DEAD("B"), DEAD("C"), SUPERSEDED("B")])
    assert (offsets(dead.ruled_out), offsets(dead.superseded)) == ([10], [13])
    assert later.ruled_out == later.superseded == ()


def test_the_headers_of_a_full_batch_of_one_object_fit_a_message() -> None:
    offset = 10**12
    batch = [message(offset + n, topic="t" * 249, partition=1000) for n in range(10_000)]
    outcomes = [CLASSIFIED("A"), *[SUPERSEDED("A")] * 9999]
    headers = provenance.headers_for_batch(batch, outcomes, "group")[0]
    assert sum(len(value) for _, value in headers) < 150_000


@given(
    st.lists(
        st.tuples(st.sampled_from(["a.b", "c_d-e"]), st.integers(0, 99), st.integers(0, 2**63 - 1)),
        min_size=1,
    )
)
def test_offsets_are_decoded_as_they_were_encoded(places: list[tuple[str, int, int]]) -> None:
    batch = [message(offset, topic=topic, partition=number) for topic, number, offset in places]
    headers: Headers = (
        *provenance.headers_for_batch(batch[:1], [CLASSIFIED("A")], "g")[0],
        ("source.superseded", provenance.encode_offsets(batch)),
    )
    found = provenance.read_provenance(headers)
    assert found
    assert sorted(found.superseded, key=str) == sorted(map(place_of, batch), key=str)


def place_of(one: Message) -> TopicPartitionOffset:
    return TopicPartitionOffset(topic=one.topic, partition=one.partition, offset=one.offset)


@given(st.lists(st.sampled_from(OutcomeKind), max_size=12))
def test_every_message_of_a_batch_is_named_once_unless_nothing_is_published(
    kinds: list[OutcomeKind],
) -> None:
    # Objects of few names, so that they meet.
    outcomes = [outcome(kind, f"A{number % 3}") for number, kind in enumerate(kinds)]
    published = {OutcomeKind.CLASSIFIED, OutcomeKind.DEAD_LETTERED}
    named: list[int] = []
    for one, found in zip(outcomes, provenance_of(outcomes), strict=True):
        if one.kind in published:
            places = (found.source, *found.superseded, *found.ruled_out)
            named += offsets(places)
    anything = any(one.kind in published for one in outcomes)
    assert sorted(named) == (list(range(10, 10 + len(outcomes))) if anything else [])


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("source.topic", b"t"), ("source.partition", b"1")),
        (("source.topic", b"t"), ("source.partition", b"x"), ("source.offset", b"1")),
        (("source.topic", b"\xff"), ("source.partition", b"1"), ("source.offset", b"1")),
        (
            ("source.topic", b"t"),
            ("source.partition", b"1"),
            ("source.offset", b"1"),
            ("source.superseded", b"nonsense"),
        ),
        (("source.topic", None), ("source.partition", None), ("source.offset", None)),
    ],
)
def test_other_headers_have_no_provenance(headers: Headers) -> None:
    assert provenance.read_provenance(headers) is None
