"""Weights read without Keras, against those that Keras reads from the same file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.store import (
    ModelDescription,
    read_description,
    sha256_of,
    write_model,
)
from stampapp.classifiers.network import deephits
from stampapp.classifiers.network.keras_file import OtherNetworkError, read_weights
from stampapp.classifiers.network.tensorflow import keras
from stampapp.errors import ConfigError
from stampapp.native.weights import NetworkWeights
from tests.support.models import write_atlas, write_lsst, write_ztf

SHIPPED = Path(__file__).parents[4] / "model"
WEIGHTS = "model.weights.h5"
BIAS = "layers/dense_1/vars/1"
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_ztf(folder)
    return folder


def assert_as_keras(found: NetworkWeights, model: keras.Model) -> None:
    """Compare every array; the names of layers are those that `build_network` gives."""
    names = [*(f"conv_{n}" for n in range(1, 6)), "dense_1", "dense_2", "dense_3"]
    for name, layer in zip([*names, "output_logits"], found.layers.values(), strict=True):
        kernel, bias = model.get_layer(name).get_weights()
        np.testing.assert_array_equal(layer.kernel, kernel)
        np.testing.assert_array_equal(layer.bias, bias)
    rows = np.random.default_rng(0).normal(size=(20, found.features)).astype(np.float32)
    wanted = model.get_layer("batchnorm_features")(rows, training=False).numpy()
    folded = rows * found.feature_scale + found.feature_shift
    np.testing.assert_allclose(folded, wanted, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("survey", Survey)
def test_the_shipped_models_are_read_as_keras_reads_them(survey: Survey) -> None:
    shipped = SHIPPED / survey.lower()
    description = read_description(shipped)
    model = keras.models.load_model(shipped / description.network_file, compile=False)
    found = read_weights(shipped, description)
    assert_as_keras(found, model)
    assert (found.crop, found.kernel) == (description.crop, description.kernel)
    assert (found.channels, found.classes) == (len(description.stamps), 5)


@pytest.mark.parametrize("write", [write_ztf, write_atlas, write_lsst])
@pytest.mark.parametrize("kernel", [3, 5])
def test_new_networks_are_read_as_keras_reads_them(
    write: Callable[..., ModelDescription], kernel: int, tmp_path: Path
) -> None:
    described = replace(write(tmp_path), kernel=kernel)
    features, classes = len(described.features), len(described.classes)
    # As after other networks of the process, whose names Keras counts.
    model = deephits.build_network(kernel, features, classes, described.crop, len(described.stamps))
    for weight in model.weights:
        weight.assign(np.random.default_rng(1).uniform(0.1, 1.0, weight.shape))
    written = write_model(tmp_path, described, model.save)
    assert_as_keras(read_weights(tmp_path, written), model)


def test_the_variance_is_not_taken_for_the_mean(tmp_path: Path) -> None:
    described = write_atlas(tmp_path)
    model = keras.models.load_model(tmp_path / described.network_file, compile=False)
    norm = model.get_layer("batchnorm_features")
    values = [np.full(len(described.features), value) for value in (2.0, 3.0, 5.0, 7.0)]
    norm.set_weights(values)
    found = read_weights(tmp_path, write_model(tmp_path, described, model.save))
    scale = 2.0 / np.sqrt(7.0 + 1e-3)
    np.testing.assert_allclose(found.feature_scale, scale, rtol=1e-6)
    np.testing.assert_allclose(found.feature_shift, 3.0 - 5.0 * scale, rtol=1e-5)


def changed(
    folder: Path,
    into: Path,
    *,
    config: Callable[[Any], object] = bool,
    weights: Callable[[h5py.File], object] = bool,
    packing: int = zipfile.ZIP_STORED,
) -> ModelDescription:
    """Write the network of `folder` into another with changes; its description names the file."""
    description = read_description(folder)
    with zipfile.ZipFile(folder / description.network_file) as archive:
        document = json.loads(archive.read("config.json"))
        content = io.BytesIO(archive.read(WEIGHTS))
    config(document)
    with h5py.File(content, "r+") as file:
        weights(file)
    with zipfile.ZipFile(into / "other.keras", "w", packing) as archive:
        archive.writestr("config.json", json.dumps(document))
        archive.writestr(WEIGHTS, content.getvalue())
    digest = sha256_of(into / "other.keras")
    return replace(description, network_file="other.keras", network_sha256=digest)


def test_a_file_that_was_written_again_is_read(folder: Path, tmp_path: Path) -> None:
    description = changed(folder, tmp_path, packing=zipfile.ZIP_DEFLATED)
    found = read_weights(tmp_path, description)
    np.testing.assert_array_equal(
        found.output.kernel, read_weights(folder, read_description(folder)).output.kernel
    )


def replaced(name: str, value: Any, **options: Any) -> Callable[[h5py.File], None]:
    def replace_dataset(file: h5py.File) -> None:
        if name in file:
            del file[name]
        if value is not None:
            file.create_dataset(name, data=value, **options)

    return replace_dataset


def link(to: object) -> Callable[[h5py.File], None]:
    def replace_by_link(file: h5py.File) -> None:
        del file[BIAS]
        file[BIAS] = to

    return replace_by_link


ZEROS = np.zeros(64, np.float32)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (replaced(BIAS, None), f"it has no {BIAS}"),
        (replaced("layers", None), "it has no layers/conv2d/vars/0"),
        (replaced("layers", ZEROS), "cannot be loaded"),
        (replaced(BIAS, ZEROS.astype(np.float64)), "is not stored as Keras does"),
        (replaced(BIAS, ZEROS.astype(">f4")), "is not stored as Keras does"),
        (replaced(BIAS, ZEROS, compression="gzip"), "is not stored as Keras does"),
        (replaced(BIAS, ZEROS, chunks=(8,)), "is not stored as Keras does"),
        (replaced(BIAS, ZEROS * np.nan), f"{BIAS} has values that are not finite"),
        (link(h5py.SoftLink("/layers/dense_2/vars/1")), f"it has no {BIAS}"),
        (link(h5py.ExternalLink("other.h5", "/secret")), f"it has no {BIAS}"),
    ],
)
def test_a_damaged_or_dangerous_file_is_refused(
    weights: Callable[[h5py.File], object], message: str, folder: Path, tmp_path: Path
) -> None:
    description = changed(folder, tmp_path, weights=weights)
    with pytest.raises(ConfigError, match=message) as raised:
        read_weights(tmp_path, description)
    assert not isinstance(raised.value, OtherNetworkError)
    assert "other.keras" in str(raised.value)


def test_data_in_another_file_is_not_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(256))

    def point_outside(file: h5py.File) -> None:
        del file[BIAS]
        outside = [(str(tmp_path / "secret"), 0, 256)]
        file.create_dataset(BIAS, (64,), np.float32, external=outside)

    description = changed(folder, tmp_path, weights=point_outside)
    with pytest.raises(ConfigError, match="is not stored as Keras does"):
        read_weights(tmp_path, description)


def rename(document: Any) -> None:
    (layer,) = (one for one in document["config"]["layers"] if one["config"]["name"] == "dense_2")
    layer["config"]["name"] = "dense_4"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": rename}, r"its Dense layers are .*'dense_4'"),
        ({"weights": replaced(BIAS, np.zeros(65, np.float32))}, r"has the shape \(65,\), not"),
        ({"weights": replaced("more", np.zeros(10**5, np.float32))}, r"bytes, more than the"),
    ],
)
def test_another_network_is_left_to_tensorflow(
    changes: dict[str, Any], message: str, folder: Path, tmp_path: Path
) -> None:
    description = changed(folder, tmp_path, **changes)
    with pytest.raises(OtherNetworkError, match=message):
        read_weights(tmp_path, description)


@pytest.mark.parametrize("changes", [{"kernel": 5}, {"crop": 29}, {"classes": ("a", "b")}])
def test_a_description_that_does_not_fit(changes: dict[str, Any], folder: Path) -> None:
    with pytest.raises(OtherNetworkError, match=r"has the shape .*, not"):
        read_weights(folder, replace(read_description(folder), **changes))


def test_a_size_that_is_only_declared_allocates_nothing(folder: Path, tmp_path: Path) -> None:
    description = changed(folder, tmp_path)
    path = tmp_path / "other.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr(WEIGHTS, bytes(50_000_000))
    bomb = replace(description, network_sha256=sha256_of(path))
    with pytest.raises(OtherNetworkError, match="has 50000000 bytes"):
        read_weights(tmp_path, bomb)


def test_a_packing_that_keras_does_not_use_is_refused(folder: Path, tmp_path: Path) -> None:
    description = changed(folder, tmp_path, packing=zipfile.ZIP_LZMA)
    with pytest.raises(ConfigError, match="packed in a way that Keras does not use"):
        read_weights(tmp_path, description)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"no network"])
def test_what_is_no_network_is_refused(content: bytes, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "network.keras"
    path.write_bytes(content)
    broken = replace(
        read_description(folder), network_file=path.name, network_sha256=sha256_of(path)
    )
    with pytest.raises(ConfigError, match=r"network\.keras cannot be loaded: .*import the model"):
        read_weights(tmp_path, broken)


def test_another_file_is_refused(folder: Path) -> None:
    description = replace(read_description(folder), network_sha256="0" * 64)
    with pytest.raises(ConfigError, match=r"not the file that model\.json describes"):
        read_weights(folder, description)
    with pytest.raises(ConfigError, match=r"gone\.keras cannot be read"):
        read_weights(folder, replace(description, network_file="gone.keras"))
