"""Copy the variables of a TensorFlow 1 checkpoint into a Keras network, with checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stampapp.classifiers.network.tensorflow import keras, tf
from stampapp.errors import ConfigError

Weights = npt.NDArray[np.float32]

# Layer of our network → its scope in the published graph, and its variables in Keras' order.
_KERNEL_BIAS = ("kernel", "bias")
_SCOPES = {
    "conv_1": ("network/conv_1_1/conv2d", _KERNEL_BIAS),
    "conv_2": ("network/conv_2_2/conv2d", _KERNEL_BIAS),
    "conv_3": ("network/conv_3_4/conv2d", _KERNEL_BIAS),
    "conv_4": ("network/conv_4_5/conv2d", _KERNEL_BIAS),
    "conv_5": ("network/conv_5_6/conv2d", _KERNEL_BIAS),
    "dense_1": ("network/dense_1_10/dense_1_10", _KERNEL_BIAS),
    "batchnorm_features": (
        "network/batchnorm_features",
        ("gamma", "beta", "moving_mean", "moving_variance"),
    ),
    "dense_2": ("network/dense_2_12/dense_2_12", _KERNEL_BIAS),
    "dense_3": ("network/dense_3_13/dense_3_13", _KERNEL_BIAS),
    "output_logits": ("network/output_logits", _KERNEL_BIAS),
}
_KERNEL = "network/conv_2_2/conv2d/kernel"
LARGEST_KERNEL = 15
# What TensorFlow's reader raises, depending on where a file is cut or altered.
_DAMAGE = (tf.errors.OpError, RuntimeError, ValueError, LookupError)


class Variables:
    """A checkpoint on disk: the shapes of its variables at once, their values when asked for.

    Raises ConfigError where the checkpoint is damaged or lacks what is asked for.
    """

    def __init__(self, prefix: Path) -> None:
        try:
            self._reader = tf.train.load_checkpoint(str(prefix))
            self._shapes = self._reader.get_variable_to_shape_map()
            self._types = self._reader.get_variable_to_dtype_map()
        except _DAMAGE as error:
            raise ConfigError(f"the checkpoint cannot be read: {error}") from error

    @property
    def names(self) -> frozenset[str]:
        """The names of all variables."""
        return frozenset(self._shapes)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a variable."""
        if name not in self._shapes:
            raise ConfigError(f"the checkpoint does not fit the graph: it lacks {name}")
        return tuple(self._shapes[name])

    def value(self, name: str, wanted: tuple[int, ...]) -> Weights:
        """Return a variable of this shape, whose values are all finite, as float32."""
        if (found := self.shape(name)) != wanted:
            raise ConfigError(
                f"the checkpoint does not fit the graph: {name} has the shape {found}, not {wanted}"
            )
        if (dtype := self._types[name]) != tf.float32:
            raise ConfigError(
                f"the checkpoint does not fit the graph: {name} is {dtype.name}, not float32"
            )
        try:
            value: Weights = np.asarray(self._reader.get_tensor(name), dtype=np.float32)
        except _DAMAGE as error:
            raise ConfigError(f"{name} cannot be read: the checkpoint is damaged") from error
        if not np.isfinite(value).all():
            raise ConfigError(f"{name} has values that are not finite: the training failed")
        return value


def kernel_side(variables: Variables) -> int:
    """Return the side of the inner convolutions, in pixels."""
    shape = variables.shape(_KERNEL)
    # Bounded before anything of that size is built.
    if len(shape) != 4 or not 1 <= shape[0] <= LARGEST_KERNEL:
        raise ConfigError(
            f"the checkpoint does not fit the graph: {_KERNEL} has the shape {shape}, "
            f"not (k, k, 32, 32) with k up to {LARGEST_KERNEL}"
        )
    return shape[0]


def transfer_weights(variables: Variables, model: keras.Model) -> None:
    """Put the variables into a network of `deephits.build_network`.

    Raises ConfigError, which names the variable, for one that is missing, of another shape than
    in the network, or unknown to it; the optimizer's are passed over.
    """
    wanted = dict(_named_weights(model))
    if unknown := sorted(name for name in variables.names if _is_unknown(name, wanted)):
        raise ConfigError(
            f"the checkpoint does not fit the graph: it has the unknown {', '.join(unknown[:5])}"
        )
    for name, weight in wanted.items():
        value = variables.value(name, tuple(weight.shape))
        if name.endswith("variance") and value.min() < 0:
            raise ConfigError(f"{name} has values below 0, which no variance has")
        weight.assign(value)


def _named_weights(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    for layer, (scope, names) in _SCOPES.items():
        for name, weight in zip(names, model.get_layer(layer).weights, strict=True):
            yield f"{scope}/{name}", weight


def _is_unknown(name: str, wanted: dict[str, keras.Variable]) -> bool:
    # An optimizer keeps its slots beneath the variable: network/output_logits/bias/Adam_1.
    return name.startswith("network/") and not {name, name.rpartition("/")[0]} & wanted.keys()
