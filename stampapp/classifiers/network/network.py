"""Load and verify the network of a model folder, and run it on TensorFlow, in any batch size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stampapp.classifiers.model_folder.store import ModelDescription
from stampapp.classifiers.network import devices
from stampapp.classifiers.network.network_file import REMEDY, verify_file
from stampapp.classifiers.network.tensorflow import keras, tf
from stampapp.config.compute import Precision
from stampapp.errors import ConfigError

Array = npt.NDArray[np.float32]

# Measured on two cores: batches of 256 run only 3 % faster than batches of 128.
BUCKETS = (8, 16, 32, 64, 128)
# Padding that costs more than an extra run of a smaller bucket is not worth it.
_MOST_PADDING = 1.25


class Network:
    """A loaded network. `predict` may be called from several threads.

    TensorFlow traces and plans a graph per batch size, so batches are padded to a few sizes.
    """

    def __init__(self, model: keras.Model, buckets: Sequence[int] = BUCKETS) -> None:
        if not buckets or min(buckets) < 1:
            raise ConfigError(f"the batch sizes {tuple(buckets)} are not all 1 or more")
        self._buckets = sorted(buckets)
        self._image_shape, self._feature_shape = (tuple(item.shape[1:]) for item in model.inputs)
        self._n_classes = model.outputs[0].shape[1]
        self._run = tf.function(lambda images, features: model([images, features], training=False))
        self._graphs: dict[int, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {}

    @classmethod
    def load(
        cls,
        folder: Path,
        description: ModelDescription,
        buckets: Sequence[int] = BUCKETS,
        precision: Precision = Precision.FLOAT32,
    ) -> Network:
        """Return the network of a model folder.

        Raises ConfigError where the file is missing, has another SHA-256 than described, or is
        not a network with finite weights that fits the description.
        """
        path = folder / description.network_file
        verify_file(path, description)
        try:
            model = keras.models.load_model(path, compile=False)
        except Exception as error:
            # Keras raises whatever the broken part of a file leads to.
            raise ConfigError(f"{path} cannot be loaded: {error}; {REMEDY}") from error
        _verify_shapes(path, model, description)
        for weight in model.weights:
            if not keras.ops.all(keras.ops.isfinite(weight)):
                raise ConfigError(f"{path}: {weight.path} has values that are not finite")
        return cls(devices.with_precision(model, precision), buckets)

    @property
    def traces(self) -> int:
        """How many graphs have been traced: at most one per batch size."""
        return int(self._run.experimental_get_tracing_count())

    def warm_up(self) -> None:
        """Trace and run the graph of every batch size, so that no alert has to wait for that."""
        for size in self._buckets:
            images = np.zeros((size, *self._image_shape), np.float32)
            features = np.zeros((size, *self._feature_shape), np.float32)
            self._predict_part(images, features, size)

    def predict(self, images: Array, features: Array) -> Array:
        """Return the probabilities (n, classes) of images (n, side, side, channels) and features.

        All are float32, features (n, f); n may be 0. Raises ValueError for other shapes.
        """
        wanted = (len(images), *self._image_shape), (len(images), *self._feature_shape)
        if (images.shape, features.shape) != wanted:
            raise ValueError(f"the shapes are {images.shape}, {features.shape}, not {wanted}")
        parts, start = [np.empty((0, self._n_classes), np.float32)], 0
        for size in plan_batches(len(images), self._buckets):
            part = slice(start, start + size)
            parts.append(self._predict_part(images[part], features[part], size))
            start += size
        return np.concatenate(parts)

    def _graph(self, size: int) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        # Traced by shape: after many traces by calls, TensorFlow logs warnings.
        if size not in self._graphs:
            specs = [
                tf.TensorSpec((size, *shape), tf.float32)
                for shape in (self._image_shape, self._feature_shape)
            ]
            self._graphs[size] = self._run.get_concrete_function(*specs)
        return self._graphs[size]

    def _predict_part(self, images: Array, features: Array, size: int) -> Array:
        result = self._graph(size)(_padded(images, size), _padded(features, size))
        probabilities: Array = result.numpy()[: len(images)]
        return probabilities


def plan_batches(n: int, buckets: Sequence[int]) -> list[int]:
    """Return the batch sizes, from these ascending ones, in which n rows run; the last is padded.

    A few smaller runs are preferred to a large one that would be padded by more than a quarter.
    """
    sizes = []
    while n > 0:
        above = [size for size in buckets if size >= n]
        below = [size for size in buckets if size < n]
        pad = above and (not below or above[0] <= _MOST_PADDING * n)
        sizes.append(above[0] if pad else below[-1])
        n -= sizes[-1]
    return sizes


def _padded(array: Array, size: int) -> tf.Tensor:
    padding = [(0, size - len(array)), *[(0, 0)] * (array.ndim - 1)]
    return tf.constant(np.pad(array, padding) if len(array) < size else array, tf.float32)


def _verify_shapes(path: Path, model: keras.Model, description: ModelDescription) -> None:
    side, channels = description.crop, len(description.stamps)
    wanted = [
        (None, side, side, channels),
        (None, len(description.features)),
        (None, len(description.classes)),
    ]
    found = [tuple(item.shape) for item in (*model.inputs, *model.outputs)]
    if found != wanted:
        raise ConfigError(f"{path} has inputs and outputs {found}, model.json says {wanted}")
