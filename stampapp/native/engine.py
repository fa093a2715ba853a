"""Run a Deep-HiTS network on the processor by the compiled engine, without TensorFlow."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from stampapp.errors import ConfigError
from stampapp.native.weights import CONVOLUTIONS, Array, NetworkWeights

_BINDING = "stampapp.native._deep_hits"


def _load() -> tuple[Any, Any, str | None]:
    """Return the binding's library and its cffi object, or why there are none."""
    try:
        binding = import_module(_BINDING)
    except ImportError as error:
        return None, None, f"the native engine is not built here ({error})"
    return binding.lib, binding.ffi, None


_lib, _ffi, _reason = _load()


def unavailable_reason() -> str | None:
    """Return why the engine cannot be used here, or None where it can."""
    return _reason


def instruction_sets() -> tuple[str, ...]:
    """Return the engine's instruction sets that this processor has, the fastest first."""
    found: list[str] = []
    while _lib and (name := _lib.deep_hits_instruction_set(len(found))):
        found.append(_ffi.string(name).decode())
    return tuple(found)


class NativeNetwork:
    """A network on the compiled engine. `predict` may be called from several threads.

    Each call runs on its own thread alone, without the GIL. A call that overlaps others takes
    scratch memory of its own, which later calls use again.
    """

    def __init__(self, weights: NetworkWeights, instruction_set: str | None = None) -> None:
        """Raise ConfigError where the engine is not there or does not support the network."""
        if _reason:
            raise ConfigError(_reason)
        self.instruction_set = _choose(instruction_set)
        _check_limits(weights)
        side, channels = weights.crop, weights.channels
        self._image_shape = (side, side, channels)
        self._feature_shape = (weights.features,)
        self._n_classes = weights.classes
        self._handle = _create(weights, self.instruction_set)

    def warm_up(self) -> None:
        """Classify one alert of zeros, so that the first batch finds its memory ready."""
        images = np.zeros((1, *self._image_shape), np.float32)
        self.predict(images, np.zeros((1, *self._feature_shape), np.float32))

    def predict(self, images: Array, features: Array) -> Array:
        """Return the probabilities (n, classes) of images (n, side, side, channels) and features.

        All are float32 in C order, features (n, f); n may be 0. Those of an alert with a value
        that is not finite are NaN. Raises ValueError for other shapes or arrays.
        """
        wanted = (len(images), *self._image_shape), (len(images), *self._feature_shape)
        if (images.shape, features.shape) != wanted:
            raise ValueError(f"the shapes are {images.shape}, {features.shape}, not {wanted}")
        for array in (images, features):
            if array.dtype != np.float32 or not array.flags.c_contiguous:
                raise ValueError(f"the array is {array.dtype}, not float32 in C order")
        probabilities = np.empty((len(images), self._n_classes), np.float32)
        code = _lib.deep_hits_predict(
            self._handle,
            len(images),
            _argument(images),
            _argument(features),
            _ffi.from_buffer("float[]", probabilities),
            probabilities.size,
        )
        if code == _lib.DEEP_HITS_NO_MEMORY:
            raise MemoryError("there is not enough memory to classify a batch")
        if code:
            raise ValueError(f"the native engine refuses the arrays (code {code})")
        return probabilities


def _choose(instruction_set: str | None) -> str:
    available = instruction_sets()
    if instruction_set not in (None, *available):
        raise ConfigError(
            f"the native engine has no instruction set {instruction_set!r} here:"
            f" choose one of {', '.join(available)}"
        )
    return instruction_set or available[0]


def _check_limits(weights: NetworkWeights) -> None:
    """Raise ConfigError where the engine does not support networks of these sizes."""
    sizes = _sizes(weights)
    problems = [
        f"{name} is {sizes[name]}, and may be {lowest} to {highest}"
        for name, (lowest, highest) in _limits().items()
        if np.min(sizes[name]) < lowest or np.max(sizes[name]) > highest
    ]
    if weights.kernel not in (3, 5):
        problems.append(f"kernel is {weights.kernel}, and may be 3 or 5")
    if problems:
        raise ConfigError(f"the native engine does not support this network: {'; '.join(problems)}")


def _limits() -> dict[str, tuple[int, int]]:
    return {
        "crop": (1, _lib.DEEP_HITS_MAX_CROP),
        "channels": (1, _lib.DEEP_HITS_MAX_CHANNELS),
        "filters": (1, _lib.DEEP_HITS_MAX_FILTERS),
        "units": (1, _lib.DEEP_HITS_MAX_UNITS),
        "features": (0, _lib.DEEP_HITS_MAX_FEATURES),
        "classes": (1, _lib.DEEP_HITS_MAX_CLASSES),
    }


def _sizes(weights: NetworkWeights) -> dict[str, Any]:
    """Return the struct `deep_hits_sizes` of interface.h."""
    outputs = [layer.bias.size for layer in weights.layers.values()]
    return {
        "crop": weights.crop,
        "channels": weights.channels,
        "kernel": weights.kernel,
        "filters": outputs[:CONVOLUTIONS],
        "units": outputs[CONVOLUTIONS:-1],
        "features": weights.features,
        "classes": weights.classes,
    }


def _create(weights: NetworkWeights, instruction_set: str) -> Any:
    arrays = [np.ascontiguousarray(array) for array in weights.arrays]
    handle = _ffi.new("deep_hits_network **")
    code = _lib.deep_hits_create(
        instruction_set.encode(),
        _ffi.new("deep_hits_sizes *", _sizes(weights)),
        _ffi.new("deep_hits_array[]", [_argument(array) for array in arrays]),
        handle,
    )
    if code == _lib.DEEP_HITS_NO_MEMORY:
        raise MemoryError("there is not enough memory for the network's weights")
    if code:
        raise ConfigError(f"the native engine refuses the network's weights (code {code})")
    return _ffi.gc(handle[0], _lib.deep_hits_destroy)


def _argument(array: Array) -> Any:
    """Return the struct `deep_hits_array` for an array, which the caller keeps alive."""
    values = _ffi.from_buffer("float[]", array)
    return _ffi.new("deep_hits_array *", {"values": values, "count": array.size})[0]
