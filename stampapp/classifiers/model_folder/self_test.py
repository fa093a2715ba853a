"""The self-test of a model folder: inputs, and the probabilities that TensorFlow gave for them.

An engine that computes the network without TensorFlow has to give the same before it is used.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.errors import ConfigError

SELF_TEST_FILE = "self_test.npz"
Array = npt.NDArray[np.float32]
_INPUTS, _SEED = 8, 1
_LARGEST_HEADER = 1024
# What zipfile and numpy raise for a damaged file.
_DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, KeyError)


@dataclass(frozen=True, kw_only=True, slots=True)
class SelfTest:
    """Normalised images (8, side, side, channels), features (8, f), probabilities (8, classes)."""

    images: Array
    features: Array
    probabilities: Array


def add_command(folder: Path) -> str:
    """Return the command that adds the self-test to a model folder, in backticks."""
    return f"`faust -A stampapp add-self-test {folder}`"


def example_inputs(description: ModelDescription) -> tuple[Array, Array]:
    """Return the same images and features each time: sources, noise, and a blank image."""
    rng = np.random.default_rng(_SEED)
    side, channels = description.crop, len(description.stamps)
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    widths = rng.uniform(0.05, 0.3, (_INPUTS, 1, 1, channels)) * side
    images = np.exp(-(rows**2 + columns**2)[None, :, :, None] / widths**2)
    images = 0.8 * images + rng.uniform(0.0, 0.2, images.shape)
    images[-2], images[-1] = rng.uniform(0.0, 1.0, images[-2].shape), 0.0
    features = rng.standard_normal((_INPUTS, len(description.features)))
    return images.astype(np.float32), features.astype(np.float32)


def write_self_test(path: Path, network_sha256: str, test: SelfTest) -> None:
    """Write the file. It names the network by its SHA-256: the answers of another are of no use."""
    with path.open("wb") as file:
        np.savez(
            file,
            network_sha256=np.frombuffer(bytes.fromhex(network_sha256), np.uint8),
            images=test.images,
            features=test.features,
            probabilities=test.probabilities,
        )


def read_self_test(folder: Path, description: ModelDescription) -> SelfTest | None:
    """Return the self-test of the described network; None where the folder has none of it.

    Raises ConfigError where the file is damaged.
    """
    path = folder / SELF_TEST_FILE
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            sha256 = _read(archive, "network_sha256", np.uint8, (32,))
            if sha256.tobytes().hex() != description.network_sha256:
                return None
            arrays = {
                name: _read(archive, name, np.float32, shape)
                for name, shape in _shapes(description).items()
            }
    except _DAMAGE as error:
        command = add_command(folder)
        raise ConfigError(f"{path} is damaged ({error}): write it again by {command}") from error
    return SelfTest(**arrays)


def _shapes(description: ModelDescription) -> Mapping[str, tuple[int, ...]]:
    side = description.crop
    return {
        "images": (_INPUTS, side, side, len(description.stamps)),
        "features": (_INPUTS, len(description.features)),
        "probabilities": (_INPUTS, len(description.classes)),
    }


def _read(
    archive: zipfile.ZipFile, name: str, dtype: npt.DTypeLike, shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Read an array of exactly this type and shape: no more is allocated, whatever it declares."""
    wanted = np.dtype(dtype)
    info, size = archive.getinfo(f"{name}.npy"), wanted.itemsize * math.prod(shape)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > size + _LARGEST_HEADER:
        raise ValueError(f"{name} is not an array of {size} bytes")
    file = io.BytesIO(archive.read(info))
    np.lib.format.read_magic(file)
    if (found := np.lib.format.read_array_header_1_0(file)) != (shape, False, wanted):
        raise ValueError(f"{name} is {found}, not {shape} of {wanted}")
    return np.frombuffer(file.read(size), wanted).reshape(shape)
