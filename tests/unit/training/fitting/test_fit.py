from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from stampapp.classifiers.network.deephits import build_network
from stampapp.classifiers.network.network import Network
from stampapp.classifiers.network.tensorflow import keras
from stampapp.config.compute import Precision
from stampapp.training.data.augmentation import Augmentation
from stampapp.training.data.inputs import Inputs
from stampapp.training.evaluation import scores
from stampapp.training.fitting import epochs
from stampapp.training.fitting import fit as fitting
from stampapp.training.fitting.epochs import Epoch
from stampapp.training.fitting.fit import (
    Hyperparameters,
    ProgressListener,
    TrainingBatches,
    ValidationCallback,
)

HYPERPARAMETERS = Hyperparameters(
    epochs=3,
    batch=32,
    rate=5e-3,
    patience=4,
    dropout=0.1,
    smoothing=0.0,
    decay=1e-4,
    seed=7,
    augmentation=Augmentation(
        feature_noise=0.1, feature_dropout=0.0, blindness=0.0, pixel_noise=0.0
    ),
)


def population(n: int, seed: int) -> Inputs:
    """Three classes, the last one rare, which the first feature separates."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=(0.45, 0.45, 0.1))
    features = rng.normal(size=(n, 2)).astype(np.float32)
    features[:, 0] += 4.0 * (truth - 1)
    return Inputs(images=rng.random((n, 9, 9, 1), np.float32), features=features, truth=truth)


VALIDATION = population(200, 2)


def fresh() -> keras.Model:
    keras.utils.set_random_seed(HYPERPARAMETERS.seed)
    return build_network(1, 2, 3, crop=9, n_channels=1)


@dataclass(kw_only=True)
class Run:
    """A training, and the calls of its listener."""

    model: keras.Model
    epochs: list[Epoch] = field(default_factory=list)
    advances: list[int] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)

    def listener(self) -> ProgressListener:
        return ProgressListener(advance=self.advances.append, report=self.reports.append)


def fit() -> Run:
    run = Run(model=fresh())
    run.epochs = fitting.fit_network(
        run.model, population(400, 1), VALIDATION, HYPERPARAMETERS, run.listener()
    )
    return run


@pytest.fixture(scope="module")
def run() -> Run:
    return fit()


def test_training_improves_the_network(run: Run) -> None:
    assert run.epochs[-1].training_loss < run.epochs[0].training_loss
    unseen = population(400, 3)
    found = Network(run.model, (400,)).predict(unseen.images, unseen.features).argmax(axis=1)
    assert scores.balanced_accuracy(scores.confusion_matrix(unseen.truth, found, 3)) > 0.8


def test_training_in_bfloat16_improves_the_network_and_leaves_it_in_float32() -> None:
    model, silent = fresh(), Run(model=fresh()).listener()
    reduced = replace(HYPERPARAMETERS, precision=Precision.BFLOAT16)
    found = fitting.fit_network(model, population(400, 1), VALIDATION, reduced, silent)
    assert found[-1].training_loss < found[0].training_loss
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    unseen = population(400, 3)
    chosen = Network(model, (400,)).predict(unseen.images, unseen.features).argmax(axis=1)
    assert scores.balanced_accuracy(scores.confusion_matrix(unseen.truth, chosen, 3)) > 0.8


def test_progress_is_reported(run: Run) -> None:
    assert len(run.reports) == len(run.epochs) == HYPERPARAMETERS.epochs
    assert run.reports[0] == f"epoch 1: {run.epochs[0]}"
    assert run.advances == [HYPERPARAMETERS.batch] * HYPERPARAMETERS.epochs * 13


def test_weights_of_the_best_epoch_are_kept(run: Run) -> None:
    callback = ValidationCallback(run.model, VALIDATION, HYPERPARAMETERS, run.listener())
    best = run.epochs[epochs.best_epoch(run.epochs)]
    assert callback.validate() == pytest.approx((best.validation_loss, best.balanced_accuracy))


def test_same_seed_gives_same_weights_and_batches() -> None:
    for one, other in zip(fresh().get_weights(), fresh().get_weights(), strict=True):
        assert np.array_equal(one, other)
    first, second, third = (
        TrainingBatches(population(100, 1), replace(HYPERPARAMETERS, seed=seed), 3)
        for seed in (7, 7, 8)
    )
    for _ in range(2):
        (images, features), *_ = first[1]
        (again, same), *_ = second[1]
        assert np.array_equal(images, again)
        assert np.array_equal(features, same)
        assert not np.array_equal(features, third[1][0][1])
        for batches in (first, second, third):
            batches.on_epoch_end()


def test_worse_epoch_keeps_weights_and_stops_after_patience() -> None:
    trained = Run(model=fresh())
    callback = ValidationCallback(
        trained.model, VALIDATION, replace(HYPERPARAMETERS, patience=1), trained.listener()
    )
    callback.set_model(trained.model)
    callback.on_epoch_end(0, {"loss": 1.0})
    assert not trained.model.stop_training
    best = [weight.copy() for weight in trained.model.get_weights()]
    logits = trained.model.get_layer("output_logits")
    logits.set_weights([np.zeros((64, 3)), np.array([-9.0, -9.0, 9.0])])
    callback.on_epoch_end(1, {"loss": 1.0})
    assert trained.model.stop_training
    for kept, weight in zip(callback.best_weights, best, strict=True):
        assert np.array_equal(kept, weight)


def test_epochs_shuffle_all_alerts() -> None:
    inputs = population(100, 1)
    marked = replace(inputs, features=np.arange(200, dtype=np.float32).reshape(100, 2))
    calm = replace(
        HYPERPARAMETERS, augmentation=replace(HYPERPARAMETERS.augmentation, feature_noise=0.0)
    )
    batches = TrainingBatches(marked, calm, 3)
    orders = []
    for _ in range(2):
        parts = [batches[number] for number in range(len(batches))]
        orders.append(np.concatenate([part[0][1][:, 0] for part in parts]).tolist())
        batches.on_epoch_end()
    assert sorted(orders[0]) == sorted(orders[1]) == marked.features[:, 0].tolist()
    assert orders[0] != orders[1]


def test_a_batch_carries_classes_and_weights() -> None:
    inputs = population(100, 1)
    _, targets, weights = TrainingBatches(inputs, HYPERPARAMETERS, 3)[0]
    truth = targets.argmax(axis=1)
    counts = np.bincount(inputs.truth, minlength=3)
    assert weights.tolist() == pytest.approx((100 / (3 * counts[truth])).tolist(), rel=1e-6)
    assert targets.sum(axis=1).tolist() == [1.0] * HYPERPARAMETERS.batch
