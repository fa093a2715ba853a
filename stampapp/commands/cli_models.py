"""Declare the command that compares two models."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click
from faust.cli import option

from stampapp.alerts.surveys import Survey
from stampapp.app import app
from stampapp.commands.base import PlainCommand
from stampapp.commands.cli_files import SURVEY
from stampapp.display.lines import terminal_width, write_lines

_SHARE = click.FloatRange(0, 1)


@app.command(
    click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]..."),
    option("--shadow", help="Override SHADOW_MODEL_PATH: the model that may replace the live one."),
    option("--model", help="Override MODEL_PATH: the live model."),
    option("--survey", type=SURVEY, help="Override CLASSIFIER_STRATEGY."),
    option(
        "--last",
        type=click.IntRange(1, 1_000_000),
        default=1000,
        show_default=True,
        help="Without PATH: about so many alerts, the latest.",
    ),
    option("--pictures", type=click.Path(path_type=Path), help="Save disagreements as figures."),
    option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    option(
        "--min-alerts",
        type=click.IntRange(1),
        default=100,
        show_default=True,
        help="Fit only if at least so many alerts are compared.",
    ),
    option(
        "--min-agreement",
        type=_SHARE,
        default=0.95,
        show_default=True,
        help="Fit only with this share of equal classes.",
    ),
    option(
        "--min-class-agreement",
        type=_SHARE,
        default=0.9,
        show_default=True,
        help="The same for each class of the live model with 20 alerts or more.",
    ),
    option(
        "--max-difference",
        type=_SHARE,
        default=0.3,
        show_default=True,
        help="Fit only if 95 % of the alerts have no larger difference of a probability.",
    ),
    option(
        "--max-errors",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Fit only if no more alerts are unreadable for the shadow model alone.",
    ),
    option(
        "--max-slowdown",
        type=click.FloatRange(0, min_open=True),
        default=2.0,
        show_default=True,
        help="Fit only if it takes at most so many times as long.",
    ),
    base=PlainCommand,
)
def compare_models(  # noqa: PLR0913, PLR0917  # click hands over every option
    self: PlainCommand,  # noqa: ARG001
    paths: tuple[Path, ...],
    shadow: str | None,
    model: str | None,
    survey: str | None,
    last: int,
    pictures: Path | None,
    as_json: bool,
    min_alerts: int,
    min_agreement: float,
    min_class_agreement: float,
    max_difference: float,
    max_errors: int,
    max_slowdown: float,
) -> int:
    """Say whether the shadow model is fit to replace the live one.

    Both classify the alerts of PATH (as for `classify`), or without PATH the latest of
    CONSUMER_TOPICS. Exit code 0: it is fit by the criteria; 1: it is not; 2: a setting is wrong.
    """
    from stampapp import classifiers
    from stampapp.classifiers.shadow import load_shadow
    from stampapp.commands.compare_models import ModelComparer, compare_files, compare_topics
    from stampapp.commands.figure_folder import FigureFolder
    from stampapp.commands.text.model_comparison import comparison_json, comparison_lines, is_fit
    from stampapp.config.cpu_count import cores
    from stampapp.config.model_address import given_model
    from stampapp.config.model_settings import load_model_settings
    from stampapp.config.schema_settings import load_schemas
    from stampapp.config.shadow_settings import load_shadow_settings
    from stampapp.feeds.alert_files import find_alert_files
    from stampapp.results.model_verdict import Criteria, findings

    given = given_model("--model", model) if model else None
    chosen = load_model_settings(Survey(survey) if survey else None, given)
    chosen = replace(chosen, compute=replace(chosen.compute, threads=cores()))
    beside = load_shadow_settings(chosen, given_model("--shadow", shadow) if shadow else None)
    # Before the models are loaded, which takes seconds.
    files = find_alert_files(paths) if paths else []
    settings = None if paths else app.runtime.required_settings()
    live = classifiers.load(chosen)
    figures = FigureFolder(pictures) if pictures else None
    comparer = ModelComparer(live=live, shadow=load_shadow(beside, live), figures=figures)
    comparer.warm_up()
    if settings:
        compare_topics(settings, last, comparer)
    else:
        compare_files(files, comparer, load_schemas())
    criteria = Criteria(
        alerts=min_alerts,
        agreement=min_agreement,
        class_agreement=min_class_agreement,
        difference=max_difference,
        errors=max_errors,
        slowdown=max_slowdown,
    )
    verdict = findings(comparer.tally, comparer.slowdown, criteria)
    if as_json:
        click.echo(json.dumps(comparison_json(comparer, verdict), ensure_ascii=False))
    else:
        write_lines(comparison_lines(comparer, verdict, terminal_width(sys.stdout)), sys.stdout)
    if figures:
        click.echo(f"{figures.count} pictures are in {pictures}.", err=True)
    return 0 if is_fit(verdict) else 1
