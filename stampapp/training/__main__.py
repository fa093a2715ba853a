"""`python -m stampapp.training`: train, evaluate, compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from rich.console import Console

from stampapp.errors import ConfigError, StampError
from stampapp.training import options
from stampapp.training.draws import Draws
from stampapp.training.examples import Examples
from stampapp.training.recipes import Recipe

NEEDED = {"matplotlib": "matplotlib", "sklearn": "scikit-learn"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns 0, or 2 where something is wrong with what it was given."""
    chosen = options.parse(arguments)
    try:
        require(NEEDED)
        COMMANDS[chosen.command](chosen)
    except StampError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; nothing was written.", file=sys.stderr)
        return 1
    return 0


def require(packages: dict[str, str]) -> None:
    """Raise ConfigError unless these packages (module → name to install) are there."""
    missing = [name for module, name in packages.items() if find_spec(module) is None]
    if missing:
        raise ConfigError(
            f"training needs {' and '.join(missing)}: "
            "pip install --require-hashes -r requirements/training.txt"
        )


def _compare(chosen: argparse.Namespace) -> None:
    from stampapp.training import compare, labelled, references
    from stampapp.training.recipes import RECIPES

    recipe = RECIPES[chosen.survey]
    reference = references.reference(chosen.reference, recipe.classes) if chosen.reference else None
    found = labelled.find(chosen.alerts, recipe, None)
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(f"{chosen.alerts}: {found.note}")
    simulated = _simulated(recipe, chosen)
    compared = compare.compare(found.examples, simulated, reference, recipe, chosen.into)
    for one in compared:
        console.print(*compare.tables(one), sep="\n")
    console.print(f"Written: {chosen.into}")


def _simulated(recipe: Recipe, chosen: argparse.Namespace) -> Examples:
    from stampapp.training import draws, progress

    source = draws.source(chosen.workers, chosen.cache)
    with progress.bar("simulating", chosen.count) as advance:
        return draws.simulate(recipe, Draws(seed=chosen.seed, count=chosen.count), source, advance)


COMMANDS = {"compare": _compare}

if __name__ == "__main__":
    sys.exit(main())
