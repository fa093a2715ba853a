"""Declare the commands that read or write alert files, and the broker."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click
from faust.cli import option

from stampapp.alerts.surveys import Survey
from stampapp.app import app
from stampapp.commands.base import PlainCommand
from stampapp.commands.given_path import GivenPath
from stampapp.display.lines import write_lines
from stampapp.errors import ConfigError

SURVEY = click.Choice(list(Survey), case_sensitive=False)
ALERT_PATHS = click.argument("paths", nargs=-1, required=True, type=GivenPath(), metavar="PATH...")


@app.command(
    ALERT_PATHS,
    option("--json", "as_json", is_flag=True, help="Print one JSON object per line."),
    option("--every-alert", is_flag=True, help="Classify all alerts of each object."),
    option("--survey", type=SURVEY, help="Override CLASSIFIER_STRATEGY."),
    option("--model", help="Override MODEL_PATH."),
    option("--pictures", type=GivenPath(), help="Save figures here, by class."),
    option("--output", type=GivenPath(), help="Write a table to this file instead."),
    option("--resume", is_flag=True, help="Go on with a table that is not finished."),
    base=PlainCommand,
)
def classify(  # noqa: PLR0913, PLR0917  # click hands over every option
    self: PlainCommand,  # noqa: ARG001
    paths: tuple[Path, ...],
    as_json: bool,
    every_alert: bool,
    survey: str | None,
    model: str | None,
    pictures: Path | None,
    output: Path | None,
    resume: bool,
) -> int:
    """Classify alerts from files, without Kafka.

    PATH is an Avro file of one or more alerts, a Kafka message (.msg), a tar archive of such files,
    either gzipped or not, or a folder with any of them.

    The table that --output names is Parquet, CSV, ECSV, VOTable or FITS, by the end of its name:
    .parquet, .csv, .ecsv, .vot or .fits.
    """
    from stampapp.commands.classify_request import ClassifyRequest, run

    return run(
        ClassifyRequest(
            paths=paths,
            as_json=as_json,
            every_alert=every_alert,
            survey=Survey(survey) if survey else None,
            model=model,
            pictures=pictures,
            output=output,
            resume=resume,
        )
    )


@app.command(
    click.argument("path"),
    option("--into", type=GivenPath(), help="Folder to write [model/<survey>]."),
    option("--name", help="The checkpoint to import, if there are several."),
    base=PlainCommand,
)
def import_model(self: PlainCommand, path: str, into: Path | None, name: str | None) -> int:  # noqa: ARG001
    """Import a model.zip that ALeRCE published (or its unpacked folder).

    PATH may be an https address of the zip, with its checksum: https://…/model.zip#sha256=…
    """
    from stampapp.commands.import_model import import_published_model, model_lines
    from stampapp.config.model_address import given_model

    found = import_published_model(given_model("PATH", path), into, name)
    write_lines(model_lines(*found), sys.stdout)
    return 0


@app.command(
    click.argument("folder", type=GivenPath()),
    base=PlainCommand,
)
def add_self_test(self: PlainCommand, folder: Path) -> int:  # noqa: ARG001
    """Add the self-test to a model FOLDER that has none, so that the native engine can use it."""
    from stampapp.commands.add_self_test import add_answers, answer_lines

    write_lines(answer_lines(*add_answers(folder)), sys.stdout)
    return 0


@app.command(
    option("--survey", type=SURVEY, required=True, help="Whose alerts."),
    option("--count", type=click.IntRange(1, 10**9), help="Number of alerts; endless without it."),
    option("--rate", type=click.FloatRange(0, min_open=True), help="Alerts per second."),
    # The names of simulated alerts hold six digits of the seed.
    option("--seed", type=click.IntRange(0, 999_999), help="Repeat the alerts of this seed."),
    option("--to", type=GivenPath(), help="Write to this Avro file, without Kafka."),
    option("--labels", type=GivenPath(), help="Write the classes to this CSV file."),
    option("--resume", is_flag=True, help="Go on with a file that is not finished."),
    option("--schema", metavar="VERSION", help="Publish packets by this version's schema [10.0]."),
    base=PlainCommand,
)
def simulate(  # noqa: PLR0913, PLR0917  # as above
    self: PlainCommand,  # noqa: ARG001
    survey: str,
    count: int | None,
    rate: float | None,
    seed: int | None,
    to: Path | None,
    labels: Path | None,
    resume: bool,
    schema: str | None,
) -> int:
    """Publish simulated alerts to the first of CONSUMER_TOPICS, or write them to a file."""
    from stampapp.commands.simulate import (
        SimulateRequest,
        output_files,
        parse_version,
        publish_simulated,
        resume_files,
        write_files,
    )
    from stampapp.config import extras, settings
    from stampapp.config.environment import environment_reader

    extras.require("simulation", "galsim")
    chosen = secrets.randbelow(10**6) if seed is None else seed
    request = SimulateRequest(
        survey=Survey(survey),
        seed=chosen,
        count=count,
        rate=rate,
        schema_id=parse_version(schema),
    )
    if paths := output_files(request, to, labels):
        return resume_files(request, seed, *paths) if resume else write_files(request, *paths)
    if resume:
        raise ConfigError("--resume goes on with the file of --to: name it")
    return publish_simulated(request, settings.input_settings(environment_reader()))


@app.command(
    ALERT_PATHS,
    option("--rate", type=click.FloatRange(0, min_open=True), help="Alerts per second."),
    option("--limit", type=click.IntRange(1), help="Publish at most this many alerts."),
    option("--as-sorting-hat", is_flag=True, help="Convert raw packets to sorting-hat messages."),
    base=PlainCommand,
)
def replay(
    self: PlainCommand,  # noqa: ARG001
    paths: tuple[Path, ...],
    rate: float | None,
    limit: int | None,
    as_sorting_hat: bool,
) -> int:
    """Publish alerts from files to the first of CONSUMER_TOPICS.

    PATH is an Avro file of one or more alerts, a Kafka message (.msg), a tar archive of such files,
    either gzipped or not, or a folder with any of them.
    """
    from stampapp.commands.replay import ReplayRequest, replay_files
    from stampapp.config import settings
    from stampapp.config.environment import environment_reader

    request = ReplayRequest(paths=paths, limit=limit, rate=rate, as_sorting_hat=as_sorting_hat)
    return replay_files(request, settings.input_settings(environment_reader()))


@app.command(
    option("--port", type=int, default=9092, show_default=True, help="Listen on this port."),
    option("--host", default="127.0.0.1", show_default=True, help="Listen on this address."),
    base=PlainCommand,
)
def broker(self: PlainCommand, port: int, host: str) -> int:  # noqa: ARG001
    """Run an in-memory Kafka broker for demos and tests, until Ctrl-C."""
    from stampapp.demo.embedded_broker import run_broker

    return run_broker(port, host)
