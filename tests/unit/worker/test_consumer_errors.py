"""Consumer failures are explained, with a way past them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiokafka import codec
from aiokafka import errors as kafka
from aiokafka.errors import CorruptRecordException

from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.worker import consumer_errors
from tests.unit.config.test_settings import REQUIRED

SETTINGS = settings.load_settings(Reader(REQUIRED.get))


def raised(module: str) -> BaseException:
    """Return the error that a function of this module raises."""
    namespace = {"__name__": module}
    exec("def decode(): return b'\\xff'.decode()", namespace)
    try:
        namespace["decode"]()  # type: ignore[operator]
    except UnicodeDecodeError as error:
        return error
    raise AssertionError


def damaged(decode: Callable[[bytes], bytes]) -> BaseException:
    with pytest.raises(Exception) as error:  # noqa: PT011  # of the library that decompresses
        decode(b"no batch")
    return error.value


def test_only_what_the_client_cannot_decode_is_explained() -> None:
    error = raised("aiokafka.consumer.fetcher")
    text = str(consumer_errors.explain_unreadable_message(SETTINGS, error))
    assert "alerts_1, alerts_2 has a header whose name is not UTF-8" in text
    assert "group stamps past the message" in text
    for batch_error in (CorruptRecordException("Invalid CRC"), damaged(codec.zstd_decode)):
        text = str(consumer_errors.explain_unreadable_message(SETTINGS, batch_error))
        assert "alerts_1, alerts_2 is in a damaged batch" in text
        assert "group stamps past the message" in text
    for other in (raised("stampapp.anything"), ValueError("x")):
        assert consumer_errors.explain_unreadable_message(SETTINGS, other) is other


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (kafka.InconsistentGroupProtocolError(), "set another CONSUMER_GROUP_ID"),
        (kafka.InvalidGroupIdError(), "set another CONSUMER_GROUP_ID"),
        (kafka.InvalidSessionTimeoutError(), "set a CONSUMER_SESSION_TIMEOUT"),
        # Its code is unknown to aiokafka, as is that of a group with too many members.
        (kafka.KafkaError(repr(kafka.UnknownError())), "group.max.size"),
        (kafka.GroupAuthorizationFailedError("stamps"), "grant READ on the group"),
    ],
)
def test_what_ends_the_membership_in_the_group_is_explained(error: Exception, words: str) -> None:
    text = str(consumer_errors.explain_group_failure(SETTINGS, error))
    assert "the consumer's cluster" in text
    assert "the group stamps" in text
    assert words in text
