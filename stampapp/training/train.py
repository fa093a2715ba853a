"""`train`: train a network on labelled examples and write a model folder with its card."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stampapp.classifiers.model_folder.store import Feature, ModelDescription, write_model
from stampapp.classifiers.network import deephits
from stampapp.classifiers.network.network import Network
from stampapp.classifiers.network.reference_answers import answer_self_test
from stampapp.classifiers.network.tensorflow import keras
from stampapp.display.progress import progress_bar, report
from stampapp.errors import ConfigError
from stampapp.training.data import inputs, splits
from stampapp.training.data.dataset import Dataset
from stampapp.training.data.examples import Examples, Texts
from stampapp.training.data.inputs import Inputs
from stampapp.training.data.recipes import Recipe
from stampapp.training.data.splits import Split
from stampapp.training.evaluation.predictions import Predictions
from stampapp.training.fitting import calibration, fit, networks
from stampapp.training.fitting.epochs import Epoch
from stampapp.training.fitting.fit import Hyperparameters, ProgressListener
from stampapp.training.report import model_card, stamp_figures, training_figures


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingTask:
    """The model to train: recipe, settings, name, version and folder.

    `command` is the command line that repeats the training.
    """

    recipe: Recipe
    hyperparameters: Hyperparameters
    name: str
    version: str
    folder: Path
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _FittedModel:
    """A trained and calibrated network, with its history."""

    model: keras.Model
    epochs: list[Epoch]
    temperature: float
    uncalibrated: Predictions
    calibrated: Predictions
    seconds: float


def train_model(dataset: Dataset, task: TrainingTask) -> model_card.Report:
    """Train a model, write its folder, and return the contents of its card.

    Raises ConfigError if a class has too few examples or the folder cannot be written; the folder
    is then unchanged.
    """
    examples, recipe = dataset.examples, task.recipe
    split = splits.split_by_object(
        examples.objects, examples.labels, recipe.classes, task.hyperparameters.seed
    )
    _require_writable(task.folder)
    features = inputs.fit_normalisation(
        recipe.features, examples.features[split.training], with_knots=recipe.with_knots
    )
    fitted = _fit_and_calibrate(
        inputs.prepare_inputs(examples, features, recipe.classes), split, task
    )
    draft = _description(dataset, task, features)
    answers = answer_self_test(Network(fitted.model), draft)
    description = write_model(task.folder, draft, fitted.model.save, answers)
    report = _card_contents(dataset, split, task, fitted, description)
    _plot_figures(report, examples, task)
    model_card.write_card(task.folder, model_card.render_card(report))
    return report


def _card_contents(
    dataset: Dataset,
    split: Split,
    task: TrainingTask,
    fitted: _FittedModel,
    model: ModelDescription,
) -> model_card.Report:
    return model_card.Report(
        description=model,
        counts=_class_counts(dataset.examples.labels, split, model.classes),
        notes=dataset.notes,
        settings=model_card.flat_settings(task.hyperparameters),
        epochs=fitted.epochs,
        temperature=fitted.temperature,
        uncalibrated=fitted.uncalibrated,
        calibrated=fitted.calibrated,
        seconds={"data": dataset.seconds, "training": fitted.seconds},
        command=task.command,
    )


def _require_writable(folder: Path) -> None:
    # Fail before a long training, not after it.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"the model cannot be written into {folder}: {error}") from error


def _fit_and_calibrate(all_inputs: Inputs, split: Split, task: TrainingTask) -> _FittedModel:
    started, recipe = time.monotonic(), task.recipe
    keras.utils.set_random_seed(task.hyperparameters.seed)
    model = deephits.build_network(
        recipe.kernel,
        all_inputs.features.shape[1],
        len(recipe.classes),
        recipe.crop,
        len(recipe.stamps),
    )
    training, validation, test = (
        all_inputs.take(rows) for rows in (split.training, split.validation, split.test)
    )
    epochs = _fit(model, training, validation, task.hyperparameters)
    uncalibrated = _predict(model, test, recipe)
    on_validation = _predict(model, validation, recipe)
    temperature = calibration.fit_temperature(on_validation.probabilities, validation.truth)
    networks.scale_logits(model, temperature)
    return _FittedModel(
        model=model,
        epochs=epochs,
        temperature=temperature,
        uncalibrated=uncalibrated,
        calibrated=_predict(model, test, recipe),
        seconds=time.monotonic() - started,
    )


def _fit(
    model: keras.Model, training: Inputs, validation: Inputs, hyperparameters: Hyperparameters
) -> list[Epoch]:
    with progress_bar("training", hyperparameters.epochs * len(training)) as advance:
        listener = ProgressListener(advance=advance, report=report)
        return fit.fit_network(model, training, validation, hyperparameters, listener)


def _predict(model: keras.Model, part: Inputs, recipe: Recipe) -> Predictions:
    probabilities = Network(model).predict(part.images, part.features)
    return Predictions(classes=recipe.classes, truth=part.truth, probabilities=probabilities)


def _description(
    dataset: Dataset, task: TrainingTask, features: tuple[Feature, ...]
) -> ModelDescription:
    recipe = task.recipe
    return ModelDescription(
        name=task.name,
        version=task.version,
        survey=recipe.survey,
        classes=recipe.classes,
        features=features,
        stamps=recipe.stamps,
        stamp_shape=recipe.stamp_shape,
        crop=recipe.crop,
        kernel=recipe.kernel,
        network_file="network.keras",
        network_sha256="",
        origin=dataset.origin,
        source=dataset.source,
        source_sha256=dataset.source_sha256,
    )


def _class_counts(
    labels: Texts, split: Split, classes: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    parts = {"training": split.training, "validation": split.validation, "test": split.test}
    return {
        part: {name: int(np.sum(labels[rows] == name)) for name in classes}
        for part, rows in parts.items()
    }


def _plot_figures(report: model_card.Report, examples: Examples, task: TrainingTask) -> None:
    folder, classes = task.folder, task.recipe.classes
    training_figures.plot_confusion(
        report.calibrated.confusion_matrix, classes, folder / model_card.CONFUSION
    )
    both = {"before": report.uncalibrated, "after": report.calibrated}
    training_figures.plot_reliability(both, folder / model_card.RELIABILITY)
    training_figures.plot_learning(report.epochs, folder / model_card.LEARNING)
    first = {
        name: examples.take(
            np.flatnonzero(examples.labels == name)[: stamp_figures.STAMPS_PER_ROW]
        ).images()
        for name in classes
    }
    stamp_figures.plot_stamps(first, task.recipe, folder / model_card.STAMPS)
