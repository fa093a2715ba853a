"""Fit a network to examples: batches, losses, early stopping."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stampapp.classifiers.network import devices
from stampapp.classifiers.network.network import Network
from stampapp.classifiers.network.tensorflow import keras
from stampapp.config.compute import Precision
from stampapp.training.data import augmentation, splits
from stampapp.training.data.augmentation import Augmentation
from stampapp.training.data.inputs import Inputs
from stampapp.training.evaluation import scores
from stampapp.training.fitting import epochs, networks
from stampapp.training.fitting.epochs import Epoch

VALIDATION_BATCH = 128
_FLOOR = 1e-7


@dataclass(frozen=True, kw_only=True, slots=True)
class Hyperparameters:
    """The settings of a training.

    `epochs` is the maximum; training stops after `patience` epochs without a lower validation
    loss. A step has `batch` alerts. The learning rate falls from `rate` to 0 as a cosine. `decay`
    is the weight decay, `smoothing` the label smoothing, `dropout` that of the head's inputs.
    `precision` is that of the convolutions; the weights are float32.
    """

    epochs: int
    batch: int
    rate: float
    patience: int
    dropout: float
    smoothing: float
    decay: float
    seed: int
    augmentation: Augmentation
    precision: Precision = Precision.FLOAT32


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressListener:
    """Callbacks: `advance` gets the alerts of each batch, `report` a line for each epoch."""

    advance: Callable[[int], object]
    report: Callable[[str], object]


def fit_network(
    model: keras.Model,
    training: Inputs,
    validation: Inputs,
    hyperparameters: Hyperparameters,
    listener: ProgressListener,
) -> list[Epoch]:
    """Train a model of `build_network`; it ends with the weights of the lowest validation loss."""
    fourfold = devices.with_precision(model, hyperparameters.precision)
    trained = networks.without_rotations(fourfold, hyperparameters.dropout)
    batches = TrainingBatches(training, hyperparameters, model.output_shape[-1])
    rate = keras.optimizers.schedules.CosineDecay(
        hyperparameters.rate, hyperparameters.epochs * len(batches)
    )
    trained.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=hyperparameters.decay),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=hyperparameters.smoothing
        ),
    )
    callback = ValidationCallback(fourfold, validation, hyperparameters, listener)
    trained.fit(
        batches,
        epochs=hyperparameters.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[callback],
    )
    model.set_weights(callback.best_weights)
    return callback.epochs


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is not typed
    """Batches of the training part, shuffled and augmented in each epoch, reproducible by seed."""

    def __init__(self, inputs: Inputs, hyperparameters: Hyperparameters, n_classes: int) -> None:
        super().__init__()
        self._inputs, self._hyperparameters = inputs, hyperparameters
        self._weights = splits.class_weights(inputs.truth, n_classes)
        self._targets = np.eye(n_classes, dtype=np.float32)
        self._epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return math.ceil(len(self._inputs) / self._hyperparameters.batch)

    def __getitem__(self, number: int) -> tuple[tuple[Any, Any], Any, Any]:
        """Return ((images, features), one-hot classes, weights)."""
        size, augment = self._hyperparameters.batch, self._hyperparameters.augmentation
        rows = self._order[number * size : (number + 1) * size]
        rng = np.random.default_rng((self._hyperparameters.seed, self._epoch, number))
        part = self._inputs.take(rows)
        images = augmentation.add_noise(
            augmentation.rotate_and_flip(part.images, rng), augment.pixel_noise, rng
        )
        features = augmentation.perturb_features(part.features, augment, rng)
        return (images, features), self._targets[part.truth], self._weights[part.truth]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        rng = np.random.default_rng((self._hyperparameters.seed, self._epoch))
        self._order = rng.permutation(len(self._inputs))


class ValidationCallback(keras.callbacks.Callback):  # type: ignore[misc]  # as above
    """Validates the model after each epoch, keeps the best weights, and stops early."""

    def __init__(
        self,
        model: keras.Model,
        validation: Inputs,
        hyperparameters: Hyperparameters,
        listener: ProgressListener,
    ) -> None:
        super().__init__()
        self.epochs: list[Epoch] = []
        self.best_weights = model.get_weights()
        self._fourfold, self._network = model, Network(model, (VALIDATION_BATCH,))
        self._validation, self._listener = validation, listener
        self._patience, self._batch = hyperparameters.patience, hyperparameters.batch
        self._weights = splits.class_weights(validation.truth, model.output_shape[-1])
        self._started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
        self._listener.advance(self._batch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        loss, accuracy = self.validate()
        done = Epoch(
            training_loss=(logs or {})["loss"],
            validation_loss=loss,
            balanced_accuracy=accuracy,
            seconds=time.monotonic() - self._started,
        )
        self._listener.report(f"epoch {epoch + 1}: {done}")
        best = epochs.best_epoch(self.epochs)
        self.epochs.append(done)
        if epochs.best_epoch(self.epochs) != best:
            self.best_weights = self._fourfold.get_weights()
        # `self.model` is the network that Keras trains, `self._fourfold` the one with rotations.
        self.model.stop_training = epochs.should_stop(self.epochs, self._patience)

    def validate(self) -> tuple[float, float]:
        """Return the class-weighted loss and the balanced accuracy on the validation part."""
        truth = self._validation.truth
        predicted = self._network.predict(self._validation.images, self._validation.features)
        cross_entropy = -np.log(np.maximum(predicted[np.arange(len(truth)), truth], _FLOOR))
        matrix = scores.confusion_matrix(truth, predicted.argmax(axis=1), predicted.shape[1])
        weights = self._weights[truth]
        loss = float((weights * cross_entropy).sum() / weights.sum())
        return loss, scores.balanced_accuracy(matrix)
