"""`python -m stampapp.training`: train, evaluate, compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stampapp.classifiers.model_folder.store import read_description
from stampapp.classifiers.network import hardware
from stampapp.config import extras
from stampapp.config.compute import Device
from stampapp.display.progress import report
from stampapp.errors import StampError
from stampapp.training import markdown, options
from stampapp.training.data import reference_labels
from stampapp.training.evaluation import predictions
from stampapp.training.report import model_card

if TYPE_CHECKING:
    from stampapp.classifiers.model_folder.description import ModelDescription
    from stampapp.config.compute import Precision
    from stampapp.training.data.recipes import Recipe
    from stampapp.training.data.reference_labels import Reference
    from stampapp.training.data.simulated import SampleSpec, Simulator
    from stampapp.training.fitting.fit import Hyperparameters


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand. Return 0, 1 after an interrupt, or 2 if its input is wrong."""
    args = options.parse_arguments(arguments)
    try:
        extras.require("training", "matplotlib", "sklearn", "galsim")
        COMMANDS[args.command](args)
    except (StampError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; nothing was written.", file=sys.stderr)
        return 1
    return 0


def _train(args: argparse.Namespace) -> None:
    from stampapp.training.data import dataset, recipes

    # Before alerts are simulated, which takes minutes.
    _check_precision(args.precision)
    recipe = recipes.without_features(recipes.survey_recipe(args.survey), args.leave_out)
    if args.alerts:
        dataset_, kind = dataset.read_dataset(recipe, args.alerts, args.labels), ""
    else:
        dataset_, kind = dataset.simulate_dataset(recipe, *_simulation(args)), "_simulated"
    # TensorFlow is imported late, so that errors in the labels are reported at once.
    from stampapp.training import train

    task = train.TrainingTask(
        recipe=recipe,
        hyperparameters=_hyperparameters(args),
        name=args.name or f"stampapp_{args.survey.lower()}{kind}",
        version=args.version,
        folder=args.into or Path("model") / args.survey.lower(),
        command=options.command_line(args),
    )
    report = train.train_model(dataset_, task)
    print(
        predictions.summary_table(report.calibrated),
        predictions.class_table(report.calibrated),
        sep="\n\n",
    )
    print(f"\nWritten: {task.folder}")


def _check_precision(precision: Precision) -> None:
    device = hardware.choose_device(Device.AUTO, hardware.visible_gpus())
    hardware.check_precision(precision, device, hardware.processor_flags(), "--precision")


def _hyperparameters(args: argparse.Namespace) -> Hyperparameters:
    from stampapp.training.data.augmentation import Augmentation
    from stampapp.training.fitting.fit import Hyperparameters

    def from_args(shape: type[Any], **others: object) -> Any:
        names = {field.name for field in fields(shape)} - others.keys()
        return shape(**{name: getattr(args, name) for name in names}, **others)

    hyperparameters: Hyperparameters = from_args(
        Hyperparameters, augmentation=from_args(Augmentation)
    )
    return hyperparameters


def _evaluate(args: argparse.Namespace) -> None:
    description = read_description(args.model)
    evaluate = _evaluate_simulated if args.count else _evaluate_real
    if args.alerts and args.labels is None:
        evaluate = _evaluate_by_survey
    heading, text = evaluate(args, description)
    print(f"{heading}\n\n{text}")
    if args.card:
        model_card.replace_section(args.model, heading, text)


def _evaluate_simulated(args: argparse.Namespace, description: ModelDescription) -> tuple[str, str]:
    from stampapp.training.data import dataset, recipes

    dataset.require_unseen_seed(description, args.seed)
    examples = dataset.simulate_examples(recipes.recipe_of_model(description), *_simulation(args))
    from stampapp.training.evaluation import evaluate

    predicted = evaluate.predict(args.model, description, examples)
    heading = f"Evaluation on {args.count} simulated alerts of seed {args.seed}"
    return heading, evaluate.render_evaluation(predicted)


def _evaluate_real(args: argparse.Namespace, description: ModelDescription) -> tuple[str, str]:
    from stampapp.training.data import labelled, recipes
    from stampapp.training.evaluation import real_alerts

    recipe = recipes.recipe_of_model(description)
    labels = reference_labels.read_labels(args.labels, recipe.classes)
    reference = _reference(args, recipe)
    alerts = labelled.read_labelled_alerts(args.alerts, recipe, labels)
    from stampapp.training.evaluation import evaluate

    predicted = evaluate.predict(args.model, description, alerts.examples)
    heading = f"Evaluation on {args.alerts.name} with the labels of {args.labels.name}"
    return heading, real_alerts.render_evaluation(
        real_alerts.evaluate_real_alerts(predicted, alerts, recipe.catalogue_classes, reference)
    )


def _evaluate_by_survey(args: argparse.Namespace, description: ModelDescription) -> tuple[str, str]:
    from stampapp.training.data import labelled, recipes
    from stampapp.training.evaluation import survey_opinion

    survey_opinion.survey_opinions(description.survey)
    recipe = recipes.recipe_of_model(description)
    alerts = labelled.read_labelled_alerts(args.alerts, recipe, None)
    from stampapp.training.evaluation import evaluate
    from stampapp.training.report import training_figures

    predicted = evaluate.predict(args.model, description, alerts.examples)
    compared = survey_opinion.compare_with_survey(
        args.alerts, description.survey, alerts, predicted
    )
    text = survey_opinion.render_comparison(compared, description.survey, alerts.summary)
    if args.card:
        training_figures.plot_real_alerts(compared, args.model / model_card.REAL_ALERTS)
        figure = markdown.figure(model_card.REAL_ALERTS, "Probabilities of each alert")
        text = f"{text}\n\n{figure}"
    return f"Evaluation on {args.alerts.name} against the fields of the survey", text


def _compare(args: argparse.Namespace) -> None:
    from stampapp.training.data import dataset, labelled
    from stampapp.training.data.recipes import survey_recipe
    from stampapp.training.evaluation import compare

    recipe = survey_recipe(args.survey)
    reference = _reference(args, recipe)
    alerts = labelled.read_labelled_alerts(args.alerts, recipe, None)
    report(f"{args.alerts}: {alerts.summary}")
    simulated = dataset.simulate_examples(recipe, *_simulation(args))
    real = compare.RealSample(examples=alerts.examples, patches=alerts.patches)
    comparisons = compare.compare_samples(real, simulated, reference, recipe, args.into)
    for one in comparisons:
        print(compare.render_comparison(one), end="\n\n")
    print(f"Written: {args.into}")
    if args.card:
        model_card.replace_section(
            args.card, "Simulation beside sky", compare.render_summary(comparisons)
        )


def _simulation(args: argparse.Namespace) -> tuple[SampleSpec, Simulator]:
    from stampapp.training.data import simulated

    simulator = simulated.local_simulator(args.workers, args.cache)
    return simulated.SampleSpec(seed=args.seed, count=args.count), simulator


def _reference(args: argparse.Namespace, recipe: Recipe) -> Reference | None:
    return (
        reference_labels.read_reference(args.reference, recipe.classes) if args.reference else None
    )


COMMANDS = {"train": _train, "evaluate": _evaluate, "compare": _compare}

if __name__ == "__main__":
    sys.exit(main())
