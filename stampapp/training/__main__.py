"""`python -m stampapp.training`: train, evaluate, compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stampapp.classifiers.model_folder.store import read_description
from stampapp.config import extras
from stampapp.display.progress import report
from stampapp.errors import StampError
from stampapp.training import options
from stampapp.training.data import reference_labels
from stampapp.training.evaluation import predictions
from stampapp.training.report import model_card

if TYPE_CHECKING:
    from stampapp.classifiers.model_folder.description import ModelDescription
    from stampapp.training.data.recipes import Recipe
    from stampapp.training.data.reference_labels import Reference
    from stampapp.training.data.simulated import Draws, Source
    from stampapp.training.fitting.fit import Plan


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns 0, or 2 where something is wrong with what it was given."""
    chosen = options.parse(arguments)
    try:
        extras.require("training", "matplotlib", "sklearn", "galsim")
        COMMANDS[chosen.command](chosen)
    except (StampError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; nothing was written.", file=sys.stderr)
        return 1
    return 0


def _train(chosen: argparse.Namespace) -> None:
    from stampapp.training.data import dataset, recipes

    recipe = recipes.without(recipes.survey_recipe(chosen.survey), chosen.leave_out)
    if chosen.alerts:
        lesson, kind = dataset.of_user(recipe, chosen.alerts, chosen.labels), ""
    else:
        lesson, kind = dataset.simulated(recipe, *_draws(chosen)), "_simulated"
    # Only now, as it brings TensorFlow: what is wrong with labels is told at once.
    from stampapp.training import train

    task = train.Task(
        recipe=recipe,
        plan=_plan(chosen),
        name=chosen.name or f"stampapp_{chosen.survey.lower()}{kind}",
        version=chosen.version,
        into=chosen.into or Path("model") / chosen.survey.lower(),
        command=options.command(chosen),
    )
    report = train.train(lesson, task)
    print(
        predictions.summary(report.calibrated), predictions.by_class(report.calibrated), sep="\n\n"
    )
    print(f"\nWritten: {task.into}")


def _plan(chosen: argparse.Namespace) -> Plan:
    from stampapp.training.data.augmentation import Augmentation
    from stampapp.training.fitting.fit import Plan

    def of(shape: type[Any], **others: object) -> Any:
        names = {field.name for field in fields(shape)} - others.keys()
        return shape(**{name: getattr(chosen, name) for name in names}, **others)

    plan: Plan = of(Plan, augmentation=of(Augmentation))
    return plan


def _evaluate(chosen: argparse.Namespace) -> None:
    description = read_description(chosen.model)
    heading, text = (_on_simulation if chosen.count else _on_sky)(chosen, description)
    print(f"{heading}\n\n{text}")
    if chosen.card:
        model_card.amend(chosen.model, heading, text)


def _on_simulation(chosen: argparse.Namespace, description: ModelDescription) -> tuple[str, str]:
    from stampapp.training.data import dataset, recipes

    dataset.require_unseen(description, chosen.seed)
    examples = dataset.simulate(recipes.of(description), *_draws(chosen))
    from stampapp.training.evaluation import evaluate

    judged = evaluate.judge(chosen.model, description, examples)
    heading = f"Evaluation on {chosen.count} simulated alerts of seed {chosen.seed}"
    return heading, evaluate.on_simulation(judged)


def _on_sky(chosen: argparse.Namespace, description: ModelDescription) -> tuple[str, str]:
    from stampapp.training.data import labelled, recipes
    from stampapp.training.evaluation import real_alerts

    recipe = recipes.of(description)
    labels = reference_labels.labels(chosen.labels, recipe.classes)
    reference = _reference(chosen, recipe)
    found = labelled.find(chosen.alerts, recipe, labels)
    from stampapp.training.evaluation import evaluate

    judged = evaluate.judge(chosen.model, description, found.examples)
    heading = f"Evaluation on {chosen.alerts.name} with the labels of {chosen.labels.name}"
    return heading, real_alerts.text(
        real_alerts.beside(judged, found, recipe.catalogued, reference)
    )


def _compare(chosen: argparse.Namespace) -> None:
    from stampapp.training.data import dataset, labelled
    from stampapp.training.data.recipes import survey_recipe
    from stampapp.training.evaluation import compare

    recipe = survey_recipe(chosen.survey)
    reference = _reference(chosen, recipe)
    found = labelled.find(chosen.alerts, recipe, None)
    report(f"{chosen.alerts}: {found.note}")
    simulated = dataset.simulate(recipe, *_draws(chosen))
    compared = compare.compare(found.examples, simulated, reference, recipe, chosen.into)
    for one in compared:
        print(compare.text(one), end="\n\n")
    print(f"Written: {chosen.into}")
    if chosen.card:
        model_card.amend(chosen.card, "Simulation beside sky", compare.outline(compared))


def _draws(chosen: argparse.Namespace) -> tuple[Draws, Source]:
    from stampapp.training.data import simulated as draws

    source = draws.source(chosen.workers, chosen.cache)
    return draws.Draws(seed=chosen.seed, count=chosen.count), source


def _reference(chosen: argparse.Namespace, recipe: Recipe) -> Reference | None:
    return (
        reference_labels.reference(chosen.reference, recipe.classes) if chosen.reference else None
    )


COMMANDS = {"train": _train, "evaluate": _evaluate, "compare": _compare}

if __name__ == "__main__":
    sys.exit(main())
