"""Declare the command that compares two models."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from faust.cli import option

from stampapp.app import app
from stampapp.commands.base import PlainCommand
from stampapp.commands.cli_files import SURVEY
from stampapp.commands.given_path import GivenPath
from stampapp.display.lines import terminal_width, write_lines
from stampapp.display.progress import report
from stampapp.results.model_verdict import Criteria

_SHARE = click.FloatRange(0, 1)
_DEFAULT = Criteria()


def _criterion(flag: str, field: str, kind: click.ParamType, text: str) -> Any:
    """Declare the option that sets a field of Criteria."""
    default = getattr(_DEFAULT, field)
    return option(flag, field, type=kind, default=default, show_default=True, help=text)


_CRITERIA = {
    field: _criterion(flag, field, kind, text)
    for field, flag, kind, text in (
        ("alerts", "--min-alerts", click.IntRange(1), "Fit only if so many alerts are compared."),
        ("agreement", "--min-agreement", _SHARE, "Fit only with this share of equal classes."),
        (
            "class_agreement",
            "--min-class-agreement",
            _SHARE,
            "The same for each class of the live model with 20 alerts or more.",
        ),
        (
            "difference",
            "--max-difference",
            _SHARE,
            "Fit only if 95 % of the alerts have no larger difference of a probability.",
        ),
        (
            "errors",
            "--max-errors",
            click.IntRange(0),
            "Fit only if no more alerts are unreadable for the shadow model alone.",
        ),
        (
            "slowdown",
            "--max-slowdown",
            click.FloatRange(0, min_open=True),
            "Fit only if it takes at most so many times as long.",
        ),
    )
}


@app.command(
    click.argument("paths", nargs=-1, type=GivenPath(), metavar="[PATH]..."),
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
    option("--pictures", type=GivenPath(), help="Save disagreements as figures."),
    option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    *_CRITERIA.values(),
    base=PlainCommand,
)
def compare_models(self: PlainCommand, as_json: bool, **options: Any) -> int:  # noqa: ARG001
    """Say whether the shadow model is fit to replace the live one.

    Both classify the alerts of PATH (as for `classify`), or without PATH the latest of
    CONSUMER_TOPICS. Exit code 0: it is fit by the criteria; 1: it is not; 2: a setting is wrong.
    """
    from stampapp.commands.compare_models import ComparisonRequest, compare_alerts
    from stampapp.commands.text.model_comparison import comparison_json, comparison_lines, is_fit
    from stampapp.results.model_verdict import findings

    criteria = Criteria(**{field: options.pop(field) for field in _CRITERIA})
    request = ComparisonRequest(**options)
    settings = None if request.paths else app.runtime.required_settings()
    comparer = compare_alerts(request, settings)
    verdict = findings(comparer.tally, comparer.slowdown, criteria)
    if as_json:
        click.echo(json.dumps(comparison_json(comparer, verdict), ensure_ascii=False))
    else:
        write_lines(comparison_lines(comparer, verdict, terminal_width(sys.stdout)), sys.stdout)
    if comparer.figures:
        report(comparer.figures.summary())
    return 0 if is_fit(verdict) else 1
