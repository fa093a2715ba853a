"""Fitting a network to examples: batches, losses, and when to stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stampapp.classifiers.network.network import Network
from stampapp.classifiers.network.tensorflow import keras
from stampapp.training.data import augmentation, splits
from stampapp.training.data.augmentation import Augmentation
from stampapp.training.data.inputs import Inputs
from stampapp.training.evaluation import scores
from stampapp.training.fitting import epochs, networks
from stampapp.training.fitting.epochs import Epoch

VALIDATION_BATCH = 128
_FLOOR = 1e-7


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How a network is trained.

    At most `epochs` over the training part, `batch` alerts at a time, with a learning rate that
    falls from `rate` to 0 as a cosine; it ends after `patience` epochs without a better validation
    loss. `smoothing` of each label goes to the other classes; `decay` is that of the weights.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """Who hears how it goes on: `advance` each batch (alerts), `tell` each epoch (in words)."""

    advance: Callable[[int], object]
    tell: Callable[[str], object]


def fit(
    model: keras.Model, training: Inputs, validation: Inputs, plan: Plan, listener: Listener
) -> list[Epoch]:
    """Train a model of `deephits.build`; it is left with the weights that validated best."""
    net = networks.single(model, plan.dropout)
    batches = Batches(training, plan, model.output_shape[-1])
    rate = keras.optimizers.schedules.CosineDecay(plan.rate, plan.epochs * len(batches))
    net.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=plan.decay),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=plan.smoothing),
    )
    judge = Judge(model, validation, plan, listener)
    net.fit(batches, epochs=plan.epochs, shuffle=False, verbose=0, callbacks=[judge])
    model.set_weights(judge.best)
    return judge.epochs


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is not typed
    """The training part, shuffled and augmented anew each epoch; the same for the same seed."""

    def __init__(self, inputs: Inputs, plan: Plan, n_classes: int) -> None:
        super().__init__()
        self._inputs, self._plan = inputs, plan
        self._weights = splits.class_weights(inputs.truth, n_classes)
        self._targets = np.eye(n_classes, dtype=np.float32)
        self._epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return math.ceil(len(self._inputs) / self._plan.batch)

    def __getitem__(self, number: int) -> tuple[tuple[Any, Any], Any, Any]:
        """Return images and features, one-hot classes, and weights."""
        batch, how = self._plan.batch, self._plan.augmentation
        rows = self._order[number * batch : (number + 1) * batch]
        rng = np.random.default_rng((self._plan.seed, self._epoch, number))
        part = self._inputs.take(rows)
        images = augmentation.noisy(augmentation.turned(part.images, rng), how.pixel_noise, rng)
        features = augmentation.blurred(part.features, how, rng)
        return (images, features), self._targets[part.truth], self._weights[part.truth]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        rng = np.random.default_rng((self._plan.seed, self._epoch))
        self._order = rng.permutation(len(self._inputs))


class Judge(keras.callbacks.Callback):  # type: ignore[misc]  # likewise
    """Validates the fourfold model after each epoch, keeps its best weights, and ends in time."""

    def __init__(
        self, model: keras.Model, validation: Inputs, plan: Plan, listener: Listener
    ) -> None:
        super().__init__()
        self.epochs: list[Epoch] = []
        self.best = model.get_weights()
        self._whole, self._network = model, Network(model, (VALIDATION_BATCH,))
        self._validation, self._plan, self._listener = validation, plan, listener
        self._weights = splits.class_weights(validation.truth, model.output_shape[-1])
        self._started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
        self._listener.advance(self._plan.batch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        loss, accuracy = self.validate()
        done = Epoch(
            training_loss=(logs or {})["loss"],
            validation_loss=loss,
            balanced_accuracy=accuracy,
            seconds=time.monotonic() - self._started,
        )
        self._listener.tell(f"epoch {epoch + 1}: {done}")
        best = epochs.best_of(self.epochs)
        self.epochs.append(done)
        if epochs.best_of(self.epochs) != best:
            self.best = self._whole.get_weights()
        # Keras puts the network in training into `model`.
        self.model.stop_training = epochs.is_over(self.epochs, self._plan.patience)

    def validate(self) -> tuple[float, float]:
        """Return the loss, all classes alike, and the balanced accuracy on the validation part."""
        truth = self._validation.truth
        found = self._network.predict(self._validation.images, self._validation.features)
        surprise = -np.log(np.maximum(found[np.arange(len(truth)), truth], _FLOOR))
        matrix = scores.confusion(truth, found.argmax(axis=1), found.shape[1])
        weights = self._weights[truth]
        loss = float((weights * surprise).sum() / weights.sum())
        return loss, scores.balanced_accuracy(matrix)
