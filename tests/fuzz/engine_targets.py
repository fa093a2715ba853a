"""The native engine's inputs: model folders, and sizes and arrays of any kind.

Each target refuses its input with a ConfigError or a code, or gives probabilities.
"""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from stampapp.classifiers.model_folder.store import (
    DESCRIPTION_FILE,
    read_description,
    sha256_of,
)
from stampapp.classifiers.network.keras_file import read_weights
from stampapp.errors import ConfigError
from stampapp.native import engine
from stampapp.native.weights import Array, Layer, NetworkWeights

MODEL = Path(__file__).parents[2] / "model" / "ztf"
DESCRIPTION = (MODEL / DESCRIPTION_FILE).read_bytes()
(_NETWORK,) = (path.read_bytes() for path in MODEL.glob("*.keras"))
_MOST_CHANGES = 32
# A change: the number of a place (3 bytes), and the byte to write there.
_CHANGE = 4
# Weights in one network at most, so that an input takes little time.
_MOST_WEIGHTS = 1 << 20
_LIMITS = (0, 16, 17, 256, 257, 1024, 1025)


def _places(network: bytes) -> list[int]:
    """Return the offsets of everything but the weights, of which any value is a valid one."""
    weights = np.zeros(len(network), bool)
    with zipfile.ZipFile(io.BytesIO(network)) as archive:
        info = archive.getinfo("model.weights.h5")
        assert info.compress_type == zipfile.ZIP_STORED
        names = struct.unpack_from("<HH", network, info.header_offset + 26)
        start = info.header_offset + 30 + sum(names)
        with h5py.File(io.BytesIO(archive.read(info)), "r") as file:
            file.visititems(lambda _, one: _mark(weights, start, one))
    return list(np.flatnonzero(~weights))


def _mark(weights: Any, start: int, item: Any) -> None:
    if isinstance(item, h5py.Dataset) and item.id.get_offset() is not None:
        at = start + item.id.get_offset()
        weights[at : at + item.nbytes] = True


PLACES = _places(_NETWORK)


def use_network_file(data: bytes) -> None:
    """Use the network's file of a model with these changes."""
    network = bytearray(_NETWORK)
    for at in range(0, min(len(data), _CHANGE * _MOST_CHANGES) - _CHANGE + 1, _CHANGE):
        place = PLACES[int.from_bytes(data[at : at + 3], "little") % len(PLACES)]
        network[place] = data[at + 3]
    _use_folder(DESCRIPTION, bytes(network))


def use_description(data: bytes) -> None:
    """Use the network's file of a model with this `model.json`."""
    _use_folder(data, _NETWORK)


def _use_folder(description: bytes, network: bytes) -> None:
    with tempfile.TemporaryDirectory() as name, suppress(ConfigError):
        folder, file = Path(name), "network.keras"
        (folder / DESCRIPTION_FILE).write_bytes(description)
        (folder / file).write_bytes(network)
        digest = sha256_of(folder / file)
        found = replace(read_description(folder), network_file=file, network_sha256=digest)
        _classify(read_weights(folder, found), 2)


def use_sizes(data: bytes) -> None:
    """Use a network of these sizes; then give its arrays to the engine with other sizes."""
    numbers = struct.unpack("<24B", data[:24].ljust(24, b"\3"))
    sizes, (n, at, *change), values = numbers[:13], numbers[13:21], data[24:]
    arguments = _arguments(sizes, np.frombuffer(values[: len(values) // 4 * 4], "<f4"))
    if arguments is None:
        return
    with suppress(ConfigError):
        weights = NetworkWeights(**arguments)
        _classify(weights, n % 4)
        _create_with_others(weights, at, int.from_bytes(bytes(change[:4]), "little", signed=True))


def _arguments(sizes: tuple[int, ...], values: Array) -> dict[str, Any] | None:
    """Return the arguments of NetworkWeights; None where they would be very large."""
    crop, kernel, *rest = sizes
    widths, units, (features, classes) = rest[:6], rest[6:9], rest[9:]
    widths, units = [_size(one) for one in widths], [_size(one) for one in units]
    crop, features, classes = crop - 8, _size(features), _size(classes)
    kernel = (3, 5)[kernel % 2] if kernel < 240 else kernel % 8
    side = max(crop + 3, 0) // 4
    shapes = [
        (4, 4, *widths[:2]),
        *((kernel, kernel, *widths[i : i + 2]) for i in range(1, 5)),
        (side * side * widths[5], units[0]),
        (units[0] + features, units[1]),
        (units[1], units[2]),
        (units[2], classes),
    ]
    if sum(int(np.prod(shape)) for shape in shapes) > _MOST_WEIGHTS:
        return None
    layers = [_layer(shape, values) for shape in shapes]
    scale = _filled((features,), values)
    names = ("dense_1", "dense_2", "dense_3", "output")
    return {
        "crop": crop,
        "convolutions": tuple(layers[:5]),
        "feature_scale": scale,
        "feature_shift": scale,
        **dict(zip(names, layers[5:], strict=True)),
    }


def _size(byte: int) -> int:
    """Return a small size, or one at a limit of the engine."""
    return _LIMITS[byte - 249] if byte >= 249 else byte % 9


def _layer(shape: tuple[int, ...], values: Array) -> Layer:
    return Layer(kernel=_filled(shape, values), bias=_filled(shape[-1:], values))


def _filled(shape: tuple[int, ...], values: Array) -> Array:
    return np.resize(values if values.size else np.array([0.1, -0.2], np.float32), shape)


def _classify(weights: NetworkWeights, n: int) -> None:
    for name in engine.instruction_sets():
        network = engine.NativeNetwork(weights, name)
        shape = (n, weights.crop, weights.crop, weights.channels)
        images = np.full(shape, 0.5, np.float32)
        features = np.zeros((n, weights.features), np.float32)
        if n and features.size:
            features[0, 0] = np.nan
        found = network.predict(images, features)
        assert found.shape == (n, weights.classes)
        for row in found:
            # Huge weights overflow, which the worker takes for a dead letter.
            assert np.isnan(row).all() or abs(float(row.sum()) - 1) < 1e-3, row


def _create_with_others(weights: NetworkWeights, at: int, value: int) -> None:
    """Let C++ itself refuse sizes that the arrays do not have."""
    sizes = engine._sizes(weights)
    names = list(_scalars(sizes))
    name, index = names[at % len(names)]
    before = sizes[name] if index is None else sizes[name][index]
    if index is None:
        sizes[name] = value
    else:
        sizes[name][index] = value
    handle = engine._ffi.new("deep_hits_network **")
    arrays = [np.ascontiguousarray(array) for array in weights.arrays]
    code = engine._lib.deep_hits_create(
        engine.instruction_sets()[0].encode(),
        engine._ffi.new("deep_hits_sizes *", sizes),
        engine._ffi.new("deep_hits_array[]", [engine._argument(array) for array in arrays]),
        handle,
    )
    if not code:
        engine._lib.deep_hits_destroy(handle[0])
        # Two crops may have the same number of values after the poolings.
        assert value == before or name == "crop", (name, index, before, value)


def _scalars(sizes: dict[str, Any]) -> Iterator[tuple[str, int | None]]:
    for name, value in sizes.items():
        if isinstance(value, list):
            yield from ((name, index) for index in range(len(value)))
        else:
            yield name, None
