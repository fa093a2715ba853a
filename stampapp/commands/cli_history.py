"""Declare the commands about consumed messages: reconcile, deadletters."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click
from faust.cli import option

from stampapp import times
from stampapp.app import app
from stampapp.commands.base import PlainCommand
from stampapp.commands.given_path import GivenPath
from stampapp.deadletters.causes import CAUSES

BEGIN = option(
    "--from",
    "begin",
    type=times.parse_iso,
    metavar="INSTANT",
    help="Start of the time window: ISO 8601, UTC if there is no zone.",
)
END = option("--to", "end", type=times.parse_iso, metavar="INSTANT", help="End of the time window.")


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
    """Check that every consumed message was published or dead-lettered."""
    settings = app.runtime.required_settings()
    from stampapp.audit.consumed import TimeWindow
    from stampapp.commands.reconcile import report_reconciliation

    window = TimeWindow(begin=begin, end=end)
    found = report_reconciliation(settings, window, sys.stdout, as_json=as_json)
    return 0 if found.complete else 1


@app.command(
    click.argument("action", type=click.Choice(["list", "show", "replay"])),
    click.argument("places", nargs=-1, metavar="[PLACE]..."),
    option(
        "--cause",
        "causes",
        multiple=True,
        type=click.Choice(sorted(CAUSES)),
        metavar="CAUSE",
        help="Only those with this cause; may be repeated.",
    ),
    BEGIN,
    END,
    option(
        "--limit",
        type=click.IntRange(1, 1000),
        default=100,
        show_default=True,
        help="list: show at most this many, the latest.",
    ),
    option("--json", "as_json", is_flag=True, help="list, show: print JSON."),
    option(
        "--save",
        type=GivenPath(dir_okay=False),
        help="show: write the bytes of the message to this file.",
    ),
    option("--again", is_flag=True, help="replay: include those that were replayed before."),
    option("--dry-run", is_flag=True, help="replay: list the messages without publishing them."),
    base=PlainCommand,
)
def deadletters(  # noqa: PLR0913, PLR0917  # click hands over every option
    self: PlainCommand,  # noqa: ARG001
    action: str,
    places: tuple[str, ...],
    causes: tuple[str, ...],
    begin: datetime | None,
    end: datetime | None,
    limit: int,
    as_json: bool,
    save: Path | None,
    again: bool,
    dry_run: bool,
) -> int:
    """List, show or replay the messages that could not be classified.

    PLACE is the partition:offset of a dead letter, or the topic:partition:offset of the original
    message. Without PLACE, the options select the dead letters.
    """
    settings = app.runtime.required_settings()
    from stampapp.commands.deadletters import (
        list_dead_letters,
        replay_dead_letters,
        show_dead_letters,
    )
    from stampapp.deadletters.selection import DeadLetterFilter

    wanted = DeadLetterFilter(causes=causes, begin=begin, end=end, places=places)
    if action == "list":
        list_dead_letters(settings, wanted, limit, sys.stdout, as_json=as_json)
    elif action == "show":
        show_dead_letters(settings, places, save, sys.stdout, as_json=as_json)
    else:
        replay_dead_letters(settings, wanted, sys.stdout, again=again, dry_run=dry_run)
    return 0
