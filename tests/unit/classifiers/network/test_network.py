from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.store import (
    Feature,
    ModelDescription,
    Origin,
    sha256_of,
    write_model,
)
from stampapp.classifiers.network.deephits import build_network
from stampapp.classifiers.network.network import BUCKETS, Network, plan_batches
from stampapp.classifiers.network.tensorflow import keras
from stampapp.classifiers.tf1_import.weights import _named_weights
from stampapp.errors import ConfigError
from tests.unit.classifiers.tf1_import.published import Array, forward, random_weights

# Saving in Keras 3.15 triggers a deprecation warning of numpy 2.4.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

N_FEATURES = 4
WEIGHTS = random_weights(kernel=3, n_features=N_FEATURES)


def batch(n: int, seed: int = 1) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    images = rng.random((n, 21, 21, 3), dtype=np.float32)
    return images, rng.standard_normal((n, N_FEATURES), dtype=np.float32)


def describe(**changes: Any) -> ModelDescription:
    feature = Feature(name="", mean=0.0, std=1.0, lower=None, upper=None)
    values: dict[str, Any] = {
        "name": "stamp_classifier",
        "version": "1",
        "survey": Survey.ZTF,
        "classes": ("AGN", "SN", "VS", "asteroid", "bogus"),
        "features": tuple(replace(feature, name=name) for name in "abcd"),
        "stamps": ("science", "template", "difference"),
        "stamp_shape": (63, 63),
        "crop": 21,
        "kernel": 3,
        "network_file": "network.keras",
        "network_sha256": "",
        "origin": Origin.IMPORTED,
        "source": "test in model.zip",
        "source_sha256": "0" * 64,
    }
    return ModelDescription(**values | changes)


def model_of(weights: dict[str, Array]) -> keras.Model:
    model = build_network(3, N_FEATURES)
    for name, weight in _named_weights(model):
        weight.assign(weights[name])
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


@pytest.fixture(scope="module")
def description(folder: Path) -> ModelDescription:
    return write_model(folder, describe(), model_of(WEIGHTS).save)


@pytest.fixture(scope="module")
def network(folder: Path, description: ModelDescription) -> Network:
    return Network.load(folder, description, buckets=(8, 2, 4))


def test_the_probabilities_are_those_of_the_plain_forward_pass(network: Network) -> None:
    images, features = batch(6)
    found = network.predict(images, features)
    wanted = forward(WEIGHTS, images, features)
    assert found.dtype == np.float32
    assert np.abs(found - wanted).max() < 2e-6
    # Neither the images nor the features are without effect, so the comparison says something.
    assert np.ptp(wanted, axis=0).min() > 1e-3
    assert np.abs(forward(WEIGHTS, images, features[::-1]) - wanted).max() > 1e-3
    assert np.abs(forward(WEIGHTS, images[::-1], features) - wanted).max() > 1e-3


def test_a_turned_image_is_the_same_image(network: Network) -> None:
    images, features = batch(2)
    turned = np.ascontiguousarray(np.rot90(images, axes=(1, 2)))
    difference = network.predict(turned, features) - network.predict(images, features)
    assert np.abs(difference).max() < 1e-6


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8, 9, 21])
def test_any_batch_size_gives_the_same_rows(network: Network, n: int) -> None:
    images, features = batch(21)
    one_by_one = [network.predict(images[i : i + 1], features[i : i + 1]) for i in range(n)]
    together = network.predict(images[:n], features[:n])
    assert together.shape == (n, 5)
    assert together.dtype == np.float32
    for row, single in zip(together, one_by_one, strict=True):
        np.testing.assert_allclose(row, single[0], atol=1e-6)


@pytest.mark.parametrize(
    ("n", "sizes"),
    [
        *[(0, []), (1, [8]), (8, [8]), (9, [8, 8]), (13, [16]), (33, [32, 8]), (52, [64])],
        *[(90, [64, 32]), (128, [128]), (129, [128, 8]), (300, [128, 128, 32, 8, 8])],
    ],
)
def test_the_plan(n: int, sizes: list[int]) -> None:
    assert plan_batches(n, BUCKETS) == sizes


@pytest.mark.parametrize("buckets", [BUCKETS, (1,), (2, 4, 8), (7, 100)])
def test_a_plan_covers_all_alerts_with_little_padding(buckets: tuple[int, ...]) -> None:
    for n in range(1, 400):
        sizes = plan_batches(n, buckets)
        assert sum(sizes[:-1]) < n <= sum(sizes)
        assert sum(sizes) <= max(1.25 * n, n + buckets[0] - 1)


def test_a_trace_per_bucket_and_no_more(folder: Path, description: ModelDescription) -> None:
    fresh = Network.load(folder, description, buckets=(8, 2, 4))
    assert fresh.traces == 0
    fresh.warm_up()
    assert fresh.traces == 3
    for n in (1, 2, 3, 4, 5, 8, 11, 16, 30):
        fresh.predict(*batch(n))
    assert fresh.traces == 3


def test_threads_do_not_disturb_each_other(folder: Path, description: ModelDescription) -> None:
    fresh = Network.load(folder, description, buckets=(2, 4))
    batches = [batch(n, seed=n) for n in (1, 2, 3, 4, 5, 6, 7, 8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda arrays: fresh.predict(*arrays), batches))
    for arrays, rows in zip(batches, found, strict=True):
        assert np.abs(rows - forward(WEIGHTS, *arrays)).max() < 2e-6
    assert fresh.traces <= 2


@pytest.mark.parametrize(
    ("images", "features"),
    [((2, 21, 21, 2), (2, 4)), ((2, 20, 21, 3), (2, 4)), ((2, 21, 21, 3), (3, 4)), ((2,), (2, 4))],
)
def test_other_shapes_are_refused(
    network: Network, images: tuple[int, ...], features: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="the shapes are"):
        network.predict(np.zeros(images, np.float32), np.zeros(features, np.float32))


@pytest.mark.parametrize("buckets", [(), (0, 4)])
def test_batch_sizes_must_be_1_or_more(buckets: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="batch sizes"):
        Network(model_of(WEIGHTS), buckets)


def test_the_file_needs_keras_alone(folder: Path, description: ModelDescription) -> None:
    images, features = batch(2)
    np.savez(folder / "batch.npz", images=images, features=features)
    script = (
        "import sys, json, keras, numpy as np\n"
        "model = keras.models.load_model(sys.argv[1])\n"
        "batch = np.load(sys.argv[2])\n"
        "print(json.dumps(model([batch['images'], batch['features']]).numpy().tolist()))\n"
        "assert not any(name.startswith('stampapp') for name in sys.modules)"
    )
    paths = [str(folder / description.network_file), str(folder / "batch.npz")]
    done = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, check=True)
    assert np.abs(json.loads(done.stdout) - forward(WEIGHTS, images, features)).max() < 2e-6


def test_another_file_is_refused(folder: Path, description: ModelDescription) -> None:
    other = replace(description, network_sha256="0" * 64)
    with pytest.raises(ConfigError, match=r"is not the file that model\.json describes: .*0000"):
        Network.load(folder, other)
    gone = replace(description, network_file="gone.keras")
    with pytest.raises(ConfigError, match=r"gone\.keras cannot be read .*import the model again"):
        Network.load(folder, gone)


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "network.keras").write_bytes(b"no network")
    broken = describe(network_sha256=sha256_of(tmp_path / "network.keras"))
    with pytest.raises(ConfigError, match=r"network\.keras cannot be loaded"):
        Network.load(tmp_path, broken)


def test_a_lambda_layer_is_not_run(tmp_path: Path) -> None:
    images, features = keras.Input((21, 21, 3)), keras.Input((4,))
    output = keras.layers.Lambda(lambda x: x[:, :, 0, 0], output_shape=(21,))(images)
    model = keras.Model([images, features], output)
    unsafe = write_model(tmp_path, describe(), model.save)
    with pytest.raises(ConfigError, match=r"cannot be loaded: .*[Ll]ambda"):
        Network.load(tmp_path, unsafe)


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": ("AGN", "SN")},
        {"features": ()},
        {"stamps": ("science", "difference")},
        {"crop": 25},
    ],
)
def test_a_description_that_does_not_fit(
    folder: Path, description: ModelDescription, changes: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match=r"has inputs and outputs .*21, 21, 3.* model\.json says"):
        Network.load(folder, replace(description, **changes))


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_weights_that_are_not_finite(tmp_path: Path, value: float) -> None:
    name = "network/dense_2_12/dense_2_12/bias"
    bad = WEIGHTS | {name: np.full(64, value, np.float32)}
    described = write_model(tmp_path, describe(), model_of(bad).save)
    with pytest.raises(ConfigError, match="dense_2/bias has values that are not finite"):
        Network.load(tmp_path, described)
