"""Build dead letters."""

from __future__ import annotations

from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers, Message
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.results import provenance
from stampapp.version import __version__


def dead_letter(topic: str, message: Message, error: BadAlert, source: Headers) -> OutgoingMessage:
    """Return the dead letter of a message; `source` is what names it (see `evidence`).

    What a topic may refuse is ours and can be spared, never the message's own: a timestamp from
    the future, which then becomes the header `source.timestamp`, and all but the headers that say
    where it came from and the cause.
    """
    own_timestamp = ((provenance.TIMESTAMP, str(message.timestamp).encode()),)
    all_headers = dead_letter_headers(message, error, source)
    few_headers = (
        *message.headers,
        (provenance.CAUSE, error.cause.encode()),
        *provenance.own_headers(source),
    )

    def version(
        headers: Headers, timestamp: int | None, fallback: OutgoingMessage | None
    ) -> OutgoingMessage:
        return OutgoingMessage(
            topic=topic,
            key=message.key,
            value=message.value,
            headers=headers,
            timestamp=timestamp,
            fallback=fallback,
        )

    smallest = version((*few_headers, *own_timestamp), None, None)
    smaller = version(few_headers, message.timestamp, smallest)
    return version(
        all_headers, message.timestamp, version((*all_headers, *own_timestamp), None, smaller)
    )


def dead_letter_headers(message: Message, error: BadAlert, source: Headers) -> Headers:
    """Return the message's own headers and those that tell why and from where it came here.

    `source` is what names the message (see `evidence`); `error.type` begins what is ours.
    """
    return (
        *message.headers,
        (provenance.CAUSE, error.cause.encode()),
        ("error.message", str(error).encode()),
        *source,
        ("stampapp.version", __version__.encode()),
    )
