"""The weights of a Deep-HiTS network with metadata, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stampapp.errors import ConfigError

Array = npt.NDArray[np.float32]

CONVOLUTIONS = 5
# The side of the first kernel, and the zeros around the image that it reads.
FIRST_KERNEL = 4
PADDING = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """The kernel, (rows, columns, in, out) or (in, out), and the bias (out) of a layer."""

    kernel: Array
    bias: Array


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkWeights:
    """The weights of a network for images of `crop` pixels a side; all are finite float32.

    The features are taken as `features * feature_scale + feature_shift`. Raises ConfigError where
    an array has another shape than the arrays before it imply.
    """

    crop: int
    convolutions: tuple[Layer, ...]
    dense_1: Layer
    feature_scale: Array
    feature_shift: Array
    dense_2: Layer
    dense_3: Layer
    output: Layer

    def __post_init__(self) -> None:
        if len(self.convolutions) != CONVOLUTIONS:
            raise ConfigError(
                f"the network has {len(self.convolutions)} convolutions, not {CONVOLUTIONS}"
            )
        for name, layer in self.layers.items():
            _check_array(f"{name}'s kernel", layer.kernel, 2 if "conv" not in name else 4)
            _check_array(f"{name}'s bias", layer.bias, 1)
        _check_array("the scale of the features", self.feature_scale, 1)
        _check_array("the shift of the features", self.feature_shift, 1)
        for name, found, wanted in self._shapes():
            if found != wanted:
                raise ConfigError(f"{name} has the shape {found}, not {wanted}")

    @property
    def layers(self) -> dict[str, Layer]:
        """All layers by name, in their order."""
        convolutions = {f"conv_{i}": layer for i, layer in enumerate(self.convolutions, 1)}
        dense = {"dense_1": self.dense_1, "dense_2": self.dense_2, "dense_3": self.dense_3}
        return {**convolutions, **dense, "output": self.output}

    @property
    def arrays(self) -> list[Array]:
        """All arrays in the order of the network."""
        arrays = [array for layer in self.layers.values() for array in (layer.kernel, layer.bias)]
        joined = 2 * (CONVOLUTIONS + 1)
        return [*arrays[:joined], self.feature_scale, self.feature_shift, *arrays[joined:]]

    @property
    def channels(self) -> int:
        return int(self.convolutions[0].kernel.shape[2])

    @property
    def kernel(self) -> int:
        """The side of the second to fifth kernel."""
        return int(self.convolutions[1].kernel.shape[0])

    @property
    def features(self) -> int:
        return len(self.feature_scale)

    @property
    def classes(self) -> int:
        return len(self.output.bias)

    def _shapes(self) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
        """Return of each array its name, its shape and the shape that it must have."""
        filters = [self.channels, *(layer.kernel.shape[-1] for layer in self.convolutions)]
        sides = [FIRST_KERNEL, *[self.kernel] * (CONVOLUTIONS - 1)]
        # Two poolings follow the first convolution.
        last = max(self.crop + 2 * PADDING - FIRST_KERNEL + 1, 0) // 4
        units = [layer.kernel.shape[-1] for layer in (self.dense_1, self.dense_2, self.dense_3)]
        kernels = [
            *((side, side, *filters[i : i + 2]) for i, side in enumerate(sides)),
            (last * last * filters[-1], units[0]),
            (units[0] + self.features, units[1]),
            (units[1], units[2]),
            (units[2], self.classes),
        ]
        shapes: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = [
            ("the shift of the features", self.feature_shift.shape, (self.features,))
        ]
        for (name, layer), kernel in zip(self.layers.items(), kernels, strict=True):
            shapes += [(f"{name}'s kernel", layer.kernel.shape, kernel)]
            shapes += [(f"{name}'s bias", layer.bias.shape, kernel[-1:])]
        return shapes


def _check_array(name: str, array: Array, dimensions: int) -> None:
    if array.dtype != np.float32 or array.ndim != dimensions:
        raise ConfigError(
            f"{name} is {array.dtype} in {array.ndim} dimensions, not float32 in {dimensions}"
        )
    if not np.isfinite(array).all():
        raise ConfigError(f"{name} has values that are not finite")
