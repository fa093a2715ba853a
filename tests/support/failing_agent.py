"""`python -m tests.support.failing_agent AGENT FLAG worker`: a worker with one agent that fails.

It fails once, at its second delivery or message, and then creates the file FLAG.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faust.cli.faust import cli

from stampapp.agents.forwarding import PendingDelivery
from stampapp.worker.pipeline import Pipeline

ERROR = "the agent {} was made to fail"


def fail_second_call(agent: str, flag: Path) -> None:
    """Make the second call in this agent's body fail, unless the file `flag` exists."""
    taken = 0

    def due() -> bool:
        if taken != 2 or flag.exists():
            return False
        flag.touch()
        return True

    def failing(call: Callable[..., Any]) -> Callable[..., Any]:
        async def called(*arguments: Any) -> Any:
            nonlocal taken
            of = getattr(arguments[-1], "__module__", "")
            taken += of == f"stampapp.agents.{agent}" or agent == "classification"
            if due():
                raise RuntimeError(ERROR.format(agent))
            return await call(*arguments)

        return called

    if agent == "classification":
        Pipeline.add_message = failing(Pipeline.add_message)  # type: ignore[method-assign]
    else:
        PendingDelivery.complete = failing(PendingDelivery.complete)  # type: ignore[method-assign]


if __name__ == "__main__":
    _, agent, flag, *arguments = sys.argv
    fail_second_call(agent, Path(flag))
    sys.argv = ["faust", "-A", "stampapp", *arguments]
    cli()
