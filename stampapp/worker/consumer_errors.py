"""What a Kafka client itself cannot read, in words that say what to do. Pure."""

from __future__ import annotations

import traceback

from aiokafka import errors as kafka

from stampapp.config.settings import Settings
from stampapp.errors import StampError
from stampapp.kafka.metadata_v8 import Operation
from stampapp.preflight.required_access import describe_denied_group, describe_denied_topics


def explain_unreadable_header(settings: Settings, error: BaseException) -> BaseException:
    """Return a client's failure to read a message in words; any other error as it is.

    The client decodes the names of headers, and does not say whose. No worker gets past such a
    message, since it never comes to where messages are put away.
    """
    if not isinstance(error, UnicodeDecodeError) or not _raised_by_client(error):
        return error
    return StampError(
        f"a message on {', '.join(settings.consumer_topics)} has a header whose name is not UTF-8,"
        " which no worker can read: in the partition that no longer gets on (see `faust -A stampapp"
        " topics`), find it behind the committed offset, and set the offset of the group"
        f" {settings.group_id} behind it (kafka-consumer-groups.sh --reset-offsets)"
    )


def _raised_by_client(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(str(frame.f_globals.get("__name__")).startswith("aiokafka.") for frame, _ in frames)


def explain_lost_permission(settings: Settings, error: BaseException) -> BaseException:
    """Return the consumer's loss of a permission in words; any other error as it is."""
    cluster = settings.consumer
    if isinstance(error, kafka.GroupAuthorizationFailedError):
        return StampError(describe_denied_group(cluster, settings.group_id))
    if isinstance(error, kafka.TopicAuthorizationFailedError):
        topics = settings.consumer_topics
        return StampError(
            describe_denied_topics(cluster, "CONSUMER_TOPICS", Operation.READ, topics)
        )
    return error
