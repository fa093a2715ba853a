"""`python -m tests.support.failing_agent AGENT FLAG worker`: a worker of which one agent dies.

It dies once, with its second delivery or message, and then makes the file FLAG.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faust.cli.faust import cli

from stampapp.agents.forwarding import PendingDelivery
from stampapp.worker.pipeline import Pipeline

LAST_WORDS = "the agent {} has been shot"


def shoot(agent: str, flag: Path) -> None:
    """Let the second call in this agent's own body fail, unless it has failed before."""
    taken = 0

    def due() -> bool:
        if taken != 2 or flag.exists():
            return False
        flag.touch()
        return True

    def fatal(call: Callable[..., Any]) -> Callable[..., Any]:
        async def called(*arguments: Any) -> Any:
            nonlocal taken
            of = getattr(arguments[-1], "__module__", "")
            taken += of == f"stampapp.agents.{agent}" or agent == "classification"
            if due():
                raise RuntimeError(LAST_WORDS.format(agent))
            return await call(*arguments)

        return called

    target: Any = Pipeline if agent == "classification" else PendingDelivery
    name = "take" if agent == "classification" else "complete"
    setattr(target, name, fatal(getattr(target, name)))


if __name__ == "__main__":
    _, agent, flag, *arguments = sys.argv
    shoot(agent, Path(flag))
    sys.argv = ["faust", "-A", "stampapp", *arguments]
    cli()
