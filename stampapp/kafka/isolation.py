"""Which messages of transactions are read, and up to where a partition can be read."""

from __future__ import annotations

from typing import Any

# Without aborted messages, up to the first open transaction; or everything that is written.
READ_COMMITTED, READ_UNCOMMITTED = "read_committed", "read_uncommitted"


def readable_end(client: Any, partition: Any, isolation_level: str) -> int | None:
    """Return the offset up to which an aiokafka consumer can read a partition now.

    It is that of the last response of the broker, None before the first.
    """
    if isolation_level == READ_COMMITTED:
        stable = client.last_stable_offset(partition)
        # Old brokers know no transactions, and some send -1 if there are none.
        if stable is not None and stable >= 0:
            return int(stable)
    end = client.highwater(partition)
    return None if end is None else int(end)
