"""The commands that look back on the stream, as Faust's CLI sees them."""

from __future__ import annotations

import sys
from datetime import datetime

from faust.cli import option

from stampapp import instants
from stampapp.app import app
from stampapp.commands.shells import PlainCommand

BEGIN = option(
    "--from",
    "begin",
    type=instants.parse,
    metavar="INSTANT",
    help="From this instant on: ISO 8601, UTC unless it says otherwise.",
)
END = option("--to", "end", type=instants.parse, metavar="INSTANT", help="Up to this instant.")


@app.command(
    BEGIN,
    END,
    option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    base=PlainCommand,
)
def reconcile(
    self: PlainCommand,  # noqa: ARG001
    begin: datetime | None,
    end: datetime | None,
    as_json: bool,
) -> int:
    """Say whether every message that was consumed is accounted for."""
    settings = app.works.required()
    from stampapp.commands import reconcile as command
    from stampapp.consumption import Window

    window = Window(begin=begin, end=end)
    found = command.reconcile(settings, window, sys.stdout, as_json=as_json)
    return 0 if found.complete else 1
