"""Build a dead letter, and smaller fallbacks in case its topic refuses it."""

from __future__ import annotations

from dataclasses import replace

from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers, Message
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.results import provenance
from stampapp.version import __version__


def dead_letter(topic: str, message: Message, error: BadAlert, source: Headers) -> OutgoingMessage:
    """Return the dead letter of a message.

    `source` are the headers that name the message (see stampapp.results.provenance). The fallbacks
    keep the message unchanged, but move its timestamp to the header `source.timestamp`, or leave
    out all of our headers except those that name the cause and the source.
    """
    # Topics may reject timestamps in the future, and large messages.
    own_timestamp = (provenance.TIMESTAMP, str(message.timestamp).encode())
    all_headers = dead_letter_headers(message, error, source)
    few_headers = (
        *message.headers,
        (provenance.CAUSE, error.cause.encode()),
        *provenance.own_headers(source),
    )
    whole = OutgoingMessage(
        topic=topic,
        key=message.key,
        value=message.value,
        headers=all_headers,
        timestamp=message.timestamp,
    )
    smallest = replace(whole, headers=(*few_headers, own_timestamp), timestamp=None)
    smaller = replace(whole, headers=few_headers, fallback=smallest)
    untimed = replace(
        whole, headers=(*all_headers, own_timestamp), timestamp=None, fallback=smaller
    )
    return replace(whole, fallback=untimed)


def dead_letter_headers(message: Message, error: BadAlert, source: Headers) -> Headers:
    """Return the message's own headers, followed by the added ones: the cause, and `source`.

    The last header `error.type` is the first added one.
    """
    return (
        *message.headers,
        (provenance.CAUSE, error.cause.encode()),
        ("error.message", str(error).encode()),
        *source,
        ("stampapp.version", __version__.encode()),
    )
