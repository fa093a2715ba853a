"""The command line of `python -m stampapp.demo`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; exit with a message if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m stampapp.demo",
        description="Stream alerts through workers and show the results, until Ctrl-C.",
    )
    parser.add_argument(
        "--alerts",
        type=Path,
        help="an Avro file, tar archive or folder of alerts, instead of simulated ones",
    )
    parser.add_argument(
        "--model",
        type=Path,
        help="model.zip, its folder, or a model folder, instead of all shipped ones",
    )
    parser.add_argument("--count", type=_positive, help="stop after so many results")
    parser.add_argument("--rate", type=_positive, default=5, help="alerts per second (default: 5)")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("a number above 0 is expected")
    return number
