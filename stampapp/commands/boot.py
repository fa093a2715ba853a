"""Faust's command `worker`, which greets people only."""

from __future__ import annotations

from typing import Any

from faust.cli import worker as builtin


class worker(builtin.worker):  # noqa: N801  # Faust's command line calls a command by its class
    """Start a worker that classifies alerts."""

    def on_worker_created(self, worker: Any) -> None:
        """Show the banner, unless lines are for programs."""
        if not worker.as_json:
            super().on_worker_created(worker)
