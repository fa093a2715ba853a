"""`train`: labelled examples → a model folder with its card."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stampapp.classifiers.model_folder.store import Feature, ModelDescription, write_model
from stampapp.classifiers.network import deephits
from stampapp.classifiers.network.network import Network
from stampapp.classifiers.network.tensorflow import keras
from stampapp.display.progress import progress_bar, report
from stampapp.errors import ConfigError
from stampapp.training.data import inputs, splits
from stampapp.training.data.dataset import Lesson
from stampapp.training.data.examples import Examples, Texts
from stampapp.training.data.inputs import Inputs
from stampapp.training.data.recipes import Recipe
from stampapp.training.data.splits import Split
from stampapp.training.evaluation.predictions import Judgement
from stampapp.training.fitting import calibration, fit, networks
from stampapp.training.fitting.epochs import Epoch
from stampapp.training.fitting.fit import Listener, Plan
from stampapp.training.report import model_card, stamp_figures, training_figures


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What is to be made: a model of this name and version, in this folder, as planned.

    `command` is what somebody would type to make it again.
    """

    recipe: Recipe
    plan: Plan
    name: str
    version: str
    into: Path
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fitted:
    """A trained, calibrated network, and how it got there."""

    model: keras.Model
    epochs: list[Epoch]
    temperature: float
    raw: Judgement
    calibrated: Judgement
    seconds: float


def train(lesson: Lesson, task: Task) -> model_card.Report:
    """Write the model folder, and return what its card says.

    Raises ConfigError where a class has too few examples or the folder cannot be written; then
    the folder is as it was.
    """
    known, recipe = lesson.examples, task.recipe
    split = splits.split(known.objects, known.labels, recipe.classes, task.plan.seed)
    _require_writable(task.into)
    features = inputs.learned(recipe.features, known.features[split.training])
    fitted = _fitted(inputs.prepare(known, features, recipe.classes), split, task)
    draft = _description(lesson, task, features)
    description = write_model(task.into, draft, fitted.model.save)
    report = model_card.Report(
        description=description,
        counts=_counts(known.labels, split, recipe.classes),
        notes=lesson.notes,
        settings=model_card.settings(task.plan),
        epochs=fitted.epochs,
        temperature=fitted.temperature,
        raw=fitted.raw,
        calibrated=fitted.calibrated,
        seconds={"data": lesson.seconds, "training": fitted.seconds},
        command=task.command,
    )
    _figures(report, known, task)
    model_card.write(task.into, model_card.render(report))
    return report


def _require_writable(folder: Path) -> None:
    # Told before the training and not after it.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"the model cannot be written into {folder}: {error}") from error


def _fitted(all_inputs: Inputs, split: Split, task: Task) -> _Fitted:
    started, recipe = time.monotonic(), task.recipe
    keras.utils.set_random_seed(task.plan.seed)
    model = deephits.build(
        recipe.kernel,
        all_inputs.features.shape[1],
        len(recipe.classes),
        recipe.crop,
        len(recipe.stamps),
    )
    training, validation, test = (
        all_inputs.take(rows) for rows in (split.training, split.validation, split.test)
    )
    done = _fit(model, training, validation, task.plan)
    raw = _judged(model, test, recipe)
    on_validation = _judged(model, validation, recipe)
    temperature = calibration.temperature(on_validation.probabilities, validation.truth)
    networks.cool(model, temperature)
    return _Fitted(
        model=model,
        epochs=done,
        temperature=temperature,
        raw=raw,
        calibrated=_judged(model, test, recipe),
        seconds=time.monotonic() - started,
    )


def _fit(model: keras.Model, training: Inputs, validation: Inputs, plan: Plan) -> list[Epoch]:
    with progress_bar("training", plan.epochs * len(training)) as advance:
        listener = Listener(advance=advance, tell=report)
        return fit.fit(model, training, validation, plan, listener)


def _judged(model: keras.Model, part: Inputs, recipe: Recipe) -> Judgement:
    probabilities = Network(model).predict(part.images, part.features)
    return Judgement(classes=recipe.classes, truth=part.truth, probabilities=probabilities)


def _description(lesson: Lesson, task: Task, features: tuple[Feature, ...]) -> ModelDescription:
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
        origin=lesson.origin,
        source=lesson.source,
        source_sha256=lesson.source_sha256,
    )


def _counts(labels: Texts, split: Split, classes: tuple[str, ...]) -> dict[str, dict[str, int]]:
    parts = {"training": split.training, "validation": split.validation, "test": split.test}
    return {
        part: {name: int(np.sum(labels[rows] == name)) for name in classes}
        for part, rows in parts.items()
    }


def _figures(report: model_card.Report, known: Examples, task: Task) -> None:
    into, classes = task.into, task.recipe.classes
    training_figures.confusion(report.calibrated.matrix, classes, into / model_card.CONFUSION)
    both = {"before": report.raw, "after": report.calibrated}
    training_figures.reliability(both, into / model_card.RELIABILITY)
    training_figures.learning(report.epochs, into / model_card.LEARNING)
    first = {
        name: known.take(np.flatnonzero(known.labels == name)[: stamp_figures.ACROSS]).images()
        for name in classes
    }
    stamp_figures.gallery(first, task.recipe.stamps, into / model_card.STAMPS)
