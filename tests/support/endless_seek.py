"""`python -m tests.support.endless_seek N worker`: a worker whose Nth rebalance does not end."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from faust.cli.faust import cli

from stampapp.consumer.log_positions import LogPositionsConsumer


def prevent_end_of(rebalance: int) -> None:
    """Let the seek in this rebalance, counted from 1, wait for what never happens."""
    consumer: Any = LogPositionsConsumer
    seek, done = consumer.perform_seek, 0

    async def seek_or_wait(self: LogPositionsConsumer) -> None:
        nonlocal done
        done += 1
        if done == rebalance:
            await asyncio.Event().wait()
        await seek(self)

    consumer.perform_seek = seek_or_wait


if __name__ == "__main__":
    _, rebalance, *arguments = sys.argv
    prevent_end_of(int(rebalance))
    sys.argv = ["faust", "-A", "stampapp", *arguments]
    cli()
