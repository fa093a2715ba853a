"""Declare the commands about the present state: topics, inspect, offsets, check."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from faust.cli import option

from stampapp.app import app
from stampapp.commands.base import PlainCommand
from stampapp.commands.given_path import GivenPath

JSON = option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@app.command(JSON, base=PlainCommand)
def topics(self: PlainCommand, as_json: bool) -> int:  # noqa: ARG001
    """Show the size of each topic, the lag of the group, and tonight's topic."""
    settings = app.runtime.required_settings()
    from stampapp.commands.topics import report_topics

    problems = report_topics(settings, sys.stdout, as_json=as_json)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    return 2 if problems else 0


@app.command(
    click.argument("name", metavar="ROLE|TOPIC"),
    option(
        "--last",
        "count",
        type=click.IntRange(0, 10_000),
        default=10,
        show_default=True,
        help="Show this many messages, the latest.",
    ),
    option("--follow", is_flag=True, help="Show new messages, too, until Ctrl-C."),
    option("--aid", metavar="AID", help="Show only messages about this object (aid or oid)."),
    option("--json", "as_json", is_flag=True, help="Print one JSON object per line."),
    option(
        "--stamps",
        type=GivenPath(dir_okay=False),
        metavar="FILE.png",
        help="Draw the stamps of the last alert into this file.",
    ),
    base=PlainCommand,
)
def inspect(  # noqa: PLR0913, PLR0917  # click hands over every option
    self: PlainCommand,  # noqa: ARG001
    name: str,
    count: int,
    follow: bool,
    aid: str | None,
    as_json: bool,
    stamps: Path | None,
) -> int:
    """Show the messages of a topic: alerts, predictions, dead letters, ….

    ROLE is consumer, producer (the latest nights), deadletter, scribe, metrics or shadow; TOPIC is
    looked for on every cluster.
    """
    settings = app.runtime.required_settings()
    from stampapp.commands.inspect import InspectRequest, MessageWriter, inspect_topics

    schemas = settings.schemas.open()
    request = InspectRequest(
        name=name, count=count, follow=follow, aid=aid, stamps=stamps, schemas=schemas
    )
    writer = MessageWriter(sys.stdout, as_json=as_json, schemas=schemas)
    return inspect_topics(settings, request, writer)


@app.command(
    click.argument("action", type=click.Choice(["show", "reset"])),
    option(
        "--to",
        metavar="WHERE",
        help="reset: earliest, latest, an instant (ISO 8601, UTC) or the date of a night.",
    ),
    option("--topic", "topics", multiple=True, help="Only this input topic; may be repeated."),
    option("--dry-run", is_flag=True, help="reset: print the new offsets without setting them."),
    JSON,
    base=PlainCommand,
)
def offsets(  # noqa: PLR0913, PLR0917  # click hands over every option
    self: PlainCommand,  # noqa: ARG001
    action: str,
    to: str | None,
    topics: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Show or set the offsets at which the consumer group continues.

    reset is refused while a worker of the group is active.
    """
    settings = app.runtime.required_settings()
    from stampapp.commands.offsets import reset_offsets, show_offsets

    if action == "show":
        show_offsets(settings, topics, sys.stdout, as_json=as_json)
    else:
        reset_offsets(settings, to, topics, sys.stdout, dry_run=dry_run, as_json=as_json)
    return 0


@app.command(JSON, base=PlainCommand)
def check(self: PlainCommand, as_json: bool) -> int:  # noqa: ARG001
    """Check that a worker would run here: settings, clusters, model, one alert.

    Exit code 0: everything works; 1: it would run with warnings; 2: it would not run.
    """
    from stampapp.commands.check import run_checks

    return run_checks(sys.stdout, as_json=as_json)
