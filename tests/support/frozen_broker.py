"""`python -m tests.support.frozen_broker PID SECONDS worker`: a worker whose broker freezes.

It freezes once, between the moment when the group is joined and when its offsets are read.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from faust.cli.faust import cli

from stampapp.app import app
from stampapp.consumer.log_positions import LogPositionsThread

# Seconds. Kafka lets a session be no shorter, and a request may not take less than that.
SESSION = 6.0


def freeze_at_first_seek(broker: int, seconds: float) -> None:
    """Freeze the process `broker` at the first seek, for so many seconds."""
    positions: Any = LogPositionsThread
    seek = positions._seek_to_committed
    thaw = threading.Timer(seconds, os.kill, (broker, signal.SIGCONT))

    async def frozen_seek(thread: Any) -> Any:
        if not thaw.ident:
            os.kill(broker, signal.SIGSTOP)
            thaw.start()
        return await seek(thread)

    positions._seek_to_committed = frozen_seek


if __name__ == "__main__":
    _, broker, seconds, *arguments = sys.argv
    freeze_at_first_seek(int(broker), float(seconds))
    # By default it is 30 s more than the session.
    app.conf.broker_request_timeout = SESSION
    sys.argv = ["faust", "-A", "stampapp.app:app", *arguments]
    cli()
