"""The command line of `python -m stampapp.training`."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from stampapp.alerts.surveys import Survey
from stampapp.config.casts import survey_name
from stampapp.config.compute import Precision

# These options do not change the result.
_LEFT_OUT_OF_COMMAND = frozenset({"command", "cache", "workers", "card"})


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the subcommand and its options. Exits with code 2 if they are invalid."""
    parser = argparse.ArgumentParser(
        prog="python -m stampapp.training",
        description="Train and evaluate the networks, and compare simulated alerts with real ones.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _train(commands.add_parser("train", help="make a model folder with its card"))
    _evaluate(commands.add_parser("evaluate", help="evaluate a model folder on new alerts"))
    _compare(commands.add_parser("compare", help="compare simulated alerts with real ones"))
    args = parser.parse_args(arguments)
    if args.command != "compare":
        _require_one_source(parser, args)
    return args


def command_line(args: argparse.Namespace) -> str:
    """Return the command line that repeats this, with every option spelled out."""
    words = ["python", "-m", "stampapp.training", args.command]
    for name, value in vars(args).items():
        if name not in _LEFT_OUT_OF_COMMAND and value not in (None, []):
            values = ",".join(value) if isinstance(value, list) else str(value)
            words += [f"--{name.replace('_', '-')}", values]
    return shlex.join(words)


def _train(parser: argparse.ArgumentParser) -> None:
    _survey(parser)
    _alerts(parser)
    parser.add_argument("--into", type=Path, help="model folder (default: model/<survey>)")
    parser.add_argument("--name", help="name of the model in the published messages")
    parser.add_argument("--version", default="0.1.0")
    _hyperparameters(parser.add_argument_group("training"))
    _simulation(parser)


def _hyperparameters(group: argparse._ArgumentGroup) -> None:
    numbers = {
        "epochs": (positive, 16, "maximum number"),
        "patience": (positive, 4, "stop after so many epochs without a lower validation loss"),
        "batch": (positive, 128, "alerts in a step"),
        "rate": (fraction, 1e-3, "initial learning rate"),
        "decay": (fraction, 1e-4, "weight decay"),
        "dropout": (fraction, 0.3, "dropout of the head's inputs"),
        "smoothing": (fraction, 0.05, "label smoothing"),
        "feature-noise": (fraction, 0.1, "Gaussian noise, in standard deviations of a feature"),
        "feature-dropout": (fraction, 0.1, "share of features replaced by their mean"),
        "blindness": (fraction, 0.05, "share of alerts with all features replaced"),
        "pixel-noise": (fraction, 0.0, "Gaussian noise, relative to the range of a stamp"),
    }
    for name, (kind, default, what) in numbers.items():
        group.add_argument(f"--{name}", type=kind, default=default, help=f"{what} ({default})")
    group.add_argument(
        "--precision",
        type=Precision,
        default=Precision.FLOAT32,
        choices=list(Precision),
        help="of the convolutions (float32); bfloat16 is faster on processors that have it",
    )
    group.add_argument(
        "--leave-out", type=_names, default=[], help="features to leave out, comma-separated"
    )


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="model folder")
    _alerts(parser)
    parser.add_argument(
        "--reference", type=Path, help="CSV with candid and a probability for each class"
    )
    parser.add_argument(
        "--card", action="store_true", help="also write the result into the model card"
    )
    _simulation(parser)


def _compare(parser: argparse.ArgumentParser) -> None:
    _survey(parser)
    _alerts(parser, labels=False)
    parser.add_argument(
        "--reference", type=Path, help="CSV with candid and a probability for each class"
    )
    parser.add_argument("--into", type=Path, required=True, help="folder for tables and figures")
    parser.add_argument("--card", type=Path, help="model folder, whose card also gets the result")
    _simulation(parser)


def _survey(parser: argparse.ArgumentParser) -> None:
    surveys = ", ".join(Survey)
    parser.add_argument("--survey", type=_survey_name, required=True, help=surveys)


def _alerts(parser: argparse.ArgumentParser, *, labels: bool = True) -> None:
    parser.add_argument("--count", type=positive, help="alerts to simulate", required=not labels)
    parser.add_argument(
        "--seed", type=natural, help="seed of simulation and training (0)", default=0
    )
    parser.add_argument(
        "--alerts", type=Path, help="real alerts: file, folder or archive", required=not labels
    )
    if labels:
        parser.add_argument("--labels", type=Path, help="CSV with the columns candid and label")


def _require_one_source(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    simulated, real = args.count is not None, args.alerts is not None
    # `evaluate` can compare alerts without labels with what the survey itself says of them.
    unlabelled = real and args.labels is None and args.command == "evaluate"
    if simulated == real or (real != (args.labels is not None) and not unlabelled):
        parser.error("give either --count (and --seed), or --alerts and --labels")


def _simulation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=positive, help="processes that simulate (default: one for each core)"
    )
    parser.add_argument(
        "--cache", type=Path, help="folder that keeps simulated alerts for the next run"
    )


def _survey_name(text: str) -> Survey:
    try:
        return survey_name(text)
    except ValueError as error:
        # argparse prints the text of no other exception.
        raise argparse.ArgumentTypeError(str(error)) from error


def positive(text: str) -> int:
    """Return an integer above 0."""
    number = int(text)
    if number < 1:
        raise ValueError("expected an integer above 0")
    return number


def natural(text: str) -> int:
    """Return an integer of 0 or above."""
    number = int(text)
    if number < 0:
        raise ValueError("expected an integer of 0 or above")
    return number


def fraction(text: str) -> float:
    """Return a number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError("expected a number from 0 to 1")
    return number


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]
