from __future__ import annotations

import time

import pytest

from stampapp.kafka.metadata_pace import pace_metadata_requests


class Client:
    """Counts its requests for metadata; the second one fails."""

    def __init__(self) -> None:
        self.requests: list[tuple[object, ...]] = []

    async def _metadata_update(self, *args: object) -> bool:
        self.requests.append(args)
        if len(self.requests) == 2:
            raise OSError("the broker is gone")
        return True


async def test_the_first_request_is_sent_at_once_and_later_ones_after_a_pause() -> None:
    client = Client()
    pace_metadata_requests(client, 0.2)
    start = time.monotonic()
    assert await client._metadata_update("cluster", "topics")
    assert time.monotonic() - start < 0.1
    with pytest.raises(OSError, match="the broker is gone"):
        await client._metadata_update("cluster", "topics")
    assert await client._metadata_update("cluster", "topics")
    assert time.monotonic() - start >= 0.4
    assert client.requests == [("cluster", "topics")] * 3


async def test_a_pause_that_has_passed_is_not_waited_for() -> None:
    client = Client()
    pace_metadata_requests(client, 0.0)
    start = time.monotonic()
    await client._metadata_update()
    with pytest.raises(OSError, match="gone"):
        await client._metadata_update()
    assert time.monotonic() - start < 0.1
