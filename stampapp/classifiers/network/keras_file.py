"""Read the weights of a Deep-HiTS network from the file that Keras writes, without Keras.

The file is a zip with `config.json`, which lists the layers, and `model.weights.h5`. There a layer
has the group `layers/<kind>_<n>` if `n` layers of its kind come before it in the list (without
`_<n>` if none does); the names of layers do not count. Its variables are numbered in the group
`vars`.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.network.network_file import REMEDY, verify_file
from stampapp.errors import ConfigError
from stampapp.native.weights import Layer, NetworkWeights

Array = npt.NDArray[np.float32]
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_LARGEST_CONFIG = 1 << 20
# What the groups and names around the arrays may take.
_LARGEST_OVERHEAD = 1 << 18
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile, json and h5py raise, depending on the part of the file that is damaged.
_DAMAGE = (
    *(OSError, zipfile.BadZipFile, zlib.error, EOFError, RecursionError),
    *(RuntimeError, ValueError, LookupError, TypeError, AttributeError),
)
_BATCHNORM = "batchnorm_features"
# The layers with variables: their kind, its name in the file, and their names in Keras' order.
_LAYERS = {
    "Conv2D": ("conv2d", ("conv_1", "conv_2", "conv_3", "conv_4", "conv_5")),
    "Dense": ("dense", ("dense_1", "dense_2", "dense_3", "output_logits")),
    "BatchNormalization": ("batch_normalization", (_BATCHNORM,)),
}


class OtherNetworkError(ConfigError):
    """The network is not of the kind that the native engine computes; TensorFlow may compute it."""


def read_weights(folder: Path, description: ModelDescription) -> NetworkWeights:
    """Return the weights of the network of a model folder.

    Raises OtherNetworkError for a network that is no Deep-HiTS network of the described shapes, and
    ConfigError where the file is missing, has another SHA-256 than described, or is damaged.
    """
    path = folder / description.network_file
    verify_file(path, description)
    try:
        return _read(path, description)
    except OtherNetworkError:
        raise
    except _DAMAGE as error:
        raise ConfigError(f"{path} cannot be loaded: {error}; {REMEDY}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _read(path: Path, description: ModelDescription) -> NetworkWeights:
    shapes = _shapes(description)
    size = 4 * sum(math.prod(shape) for layer in shapes.values() for shape in layer)
    with zipfile.ZipFile(path) as archive:
        config = json.loads(_member(archive, _CONFIG, _LARGEST_CONFIG))
        content = _member(archive, _WEIGHTS, size + _LARGEST_OVERHEAD)
    epsilon = _check_layers(config["config"]["layers"])
    with h5py.File(io.BytesIO(content), "r") as file:
        arrays = {
            name: [
                _dataset(file, f"layers/{_group(kind, index)}/vars/{number}", shape)
                for number, shape in enumerate(shapes[name])
            ]
            for kind, names in _LAYERS.values()
            for index, name in enumerate(names)
        }
    return _network_weights(arrays, epsilon, description.crop)


def _shapes(description: ModelDescription) -> Mapping[str, tuple[tuple[int, ...], ...]]:
    """Return the shapes of the variables of each layer."""
    kernel, features = description.kernel, len(description.features)
    filters = (len(description.stamps), 32, 32, 64, 64, 64)
    # The first convolution reads 3 zeros around the image; two poolings halve its output.
    pooled = (description.crop + 3) // 4
    kernels = {
        f"conv_{n}": (4 if n == 1 else kernel,) * 2 + filters[n - 1 : n + 1] for n in range(1, 6)
    } | {
        "dense_1": (pooled**2 * 64, 64),
        "dense_2": (64 + features, 64),
        "dense_3": (64, 64),
        "output_logits": (64, len(description.classes)),
    }
    layers = {name: (shape, shape[-1:]) for name, shape in kernels.items()}
    return {**layers, _BATCHNORM: ((features,),) * 4}


def _member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    info = archive.getinfo(name)
    if info.compress_type not in _PACKINGS:
        raise ValueError(f"{name} is packed in a way that Keras does not use")
    if info.file_size > largest:
        raise OtherNetworkError(
            f"{name} has {info.file_size} bytes, more than the {largest} of one"
            " that model.json describes"
        )
    return archive.read(info)


def _check_layers(layers: Any) -> float:
    """Check the layers by their names, and return the epsilon of the batch normalisation.

    What names and shapes do not show, such as an activation, the self-test finds.
    """
    for kind, (_, wanted) in _LAYERS.items():
        found = tuple(one["config"]["name"] for one in layers if one["class_name"] == kind)
        if found != wanted:
            raise OtherNetworkError(f"its {kind} layers are {found}, not {wanted}")
    (epsilon,) = (
        one["config"]["epsilon"] for one in layers if one["class_name"] == "BatchNormalization"
    )
    return float(epsilon)


def _group(kind: str, index: int) -> str:
    return f"{kind}_{index}" if index else kind


def _dataset(file: h5py.File, name: str, shape: tuple[int, ...]) -> Array:
    """Read a float32 array of this shape, which lies in the file itself as it is."""
    found: Any = file
    for part in name.split("/"):
        # Other links may lead into other files.
        if not isinstance(found.get(part, getlink=True), h5py.HardLink):
            raise ValueError(f"it has no {name}")
        found = found[part]
    if found.shape != shape:
        raise OtherNetworkError(f"{name} has the shape {found.shape}, not {shape}")
    # Filters, which could unpack it to any size, need chunks.
    if found.dtype != np.dtype("<f4") or found.chunks or found.external or found.is_virtual:
        raise ValueError(f"{name} is not stored as Keras does")
    array: Array = found[()]
    if not np.isfinite(array).all():
        raise ConfigError(f"{name} has values that are not finite")
    return array


def _network_weights(
    arrays: Mapping[str, list[Array]], epsilon: float, crop: int
) -> NetworkWeights:
    layers = {
        name: Layer(kernel=variables[0], bias=variables[1])
        for name, variables in arrays.items()
        if name != _BATCHNORM
    }
    gamma, beta, mean, variance = (one.astype(np.float64) for one in arrays[_BATCHNORM])
    scale = gamma / np.sqrt(variance + epsilon)
    return NetworkWeights(
        crop=crop,
        convolutions=tuple(layers[name] for name in _LAYERS["Conv2D"][1]),
        dense_1=layers["dense_1"],
        feature_scale=scale.astype(np.float32),
        feature_shift=(beta - mean * scale).astype(np.float32),
        dense_2=layers["dense_2"],
        dense_3=layers["dense_3"],
        output=layers["output_logits"],
    )
