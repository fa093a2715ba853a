"""Let a Kafka client pause between its requests for metadata."""

from __future__ import annotations

import asyncio
import math
from typing import Any

# Seconds; the client's own pause between attempts of other requests.
PAUSE = 0.1


def pace_metadata_requests(client: Any, pause: float = PAUSE) -> None:
    """Let an aiokafka client pause after each request for metadata.

    While a partition has no leader, aiokafka 0.14 asks again as soon as it has an answer, or an
    error. A worker whose broker had stopped kept a processor busy until the broker was back.
    """
    request = client._metadata_update
    allowed_at = -math.inf

    async def request_in_time(*args: Any) -> Any:
        nonlocal allowed_at
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, allowed_at - loop.time()))
        try:
            return await request(*args)
        finally:
            allowed_at = loop.time() + pause

    client._metadata_update = request_in_time
