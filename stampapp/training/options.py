"""The command line of `python -m stampapp.training`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from stampapp.records import Survey


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the subcommand and its options; ends the program where they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m stampapp.training")
    commands = parser.add_subparsers(dest="command", required=True)
    _compare(commands.add_parser("compare", help="measure simulated alerts against real ones"))
    return parser.parse_args(arguments)


def _compare(parser: argparse.ArgumentParser) -> None:
    _survey(parser)
    parser.add_argument("--alerts", type=Path, required=True, help="real alerts: file or folder")
    parser.add_argument("--reference", type=Path, help="CSV: candid and a column for each class")
    parser.add_argument("--count", type=positive, required=True, help="alerts to simulate")
    parser.add_argument("--seed", type=int, required=True, help="of the simulation")
    parser.add_argument("--into", type=Path, required=True, help="folder for tables and figures")
    _simulation(parser)


def _survey(parser: argparse.ArgumentParser) -> None:
    surveys = ", ".join(Survey)
    parser.add_argument("--survey", type=Survey, choices=list(Survey), required=True, help=surveys)


def _simulation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=positive, help="processes that simulate (default: cores)")
    parser.add_argument("--cache", type=Path, help="folder that keeps what was simulated")


def positive(text: str) -> int:
    """Return a whole number above 0."""
    number = int(text)
    if number < 1:
        raise ValueError("a number above 0 is expected")
    return number
