from __future__ import annotations

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stampapp.errors import ConfigError
from stampapp.native import engine
from stampapp.native.engine import NativeNetwork, instruction_sets, unavailable_reason
from tests.support.native_networks import Array, random_batch, random_weights, reference

TOLERANCE = 1e-5
SETS = instruction_sets()
# Every size that the vectors do not divide, and every way in which tiles exceed an image.
SHAPES: list[dict[str, Any]] = [
    *({"kernel": kernel} for kernel in (3, 5)),
    *({"kernel": kernel, "crop": 23, "channels": 2, "classes": 3} for kernel in (3, 5)),
    {"kernel": 3, "crop": 31, "channels": 1, "features": 26},
    {"kernel": 5, "crop": 30, "channels": 4, "features": 0},
    *({"kernel": 5, "crop": crop, "units": (5, 6, 7)} for crop in (1, 2, 9)),
    {"kernel": 5, "crop": 64, "filters": (4, 8, 8, 8, 8)},
    {"kernel": 3, "crop": 10, "filters": (3, 5, 17, 33, 70), "units": (65, 1, 130), "classes": 1},
    {"kernel": 3, "crop": 8, "channels": 16, "filters": (1, 1, 1, 1, 1), "classes": 33},
]


@pytest.fixture(scope="module", params=SETS)
def instruction_set(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_the_engine_is_built_and_has_the_portable_path() -> None:
    assert unavailable_reason() is None
    assert SETS[-1] == "portable"
    assert len(set(SETS)) == len(SETS)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_probabilities_are_those_of_the_formula(shape: dict[str, Any]) -> None:
    weights = random_weights(**shape)
    images, features = random_batch(weights, 3)
    expected = reference(weights, images, features)
    for name in SETS:
        found = NativeNetwork(weights, name).predict(images, features)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0, err_msg=name)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 50, 128, 600])
def test_an_alert_has_the_same_probabilities_in_every_batch(n: int, instruction_set: str) -> None:
    weights = random_weights()
    network = NativeNetwork(weights, instruction_set)
    images, features = random_batch(weights, n)
    found = network.predict(images, features)
    assert found.shape == (n, 5)
    for i in {0, n // 2, n - 1} & set(range(n)):
        alone = network.predict(images[i : i + 1], features[i : i + 1])
        np.testing.assert_allclose(found[i], alone[0], atol=1e-6, rtol=0)


def test_saturated_and_constant_images_are_classified(instruction_set: str) -> None:
    weights = random_weights()
    images, features = random_batch(weights, 4)
    images[0], images[1], images[2, 5:15, 5:15], images[3] = 0.0, 1.0, 1.0, -1.0
    found = NativeNetwork(weights, instruction_set).predict(images, features)
    np.testing.assert_allclose(found, reference(weights, images, features), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_alert_with_a_value_that_is_not_finite_has_nan_for_all_classes_and_others_do_not(
    value: float, instruction_set: str
) -> None:
    weights = random_weights()
    network = NativeNetwork(weights, instruction_set)
    images, features = random_batch(weights, 9)
    expected = network.predict(images, features)
    images[1, 0, 0, 0] = images[2, 20, 20, 2] = images[4, 10, 10, 1] = value
    features[5, 0] = features[7, 3] = value
    found = network.predict(images, features)
    assert np.isnan(found[[1, 2, 4, 5, 7]]).all()
    np.testing.assert_array_equal(found[[0, 3, 6, 8]], expected[[0, 3, 6, 8]])


def test_threads_that_share_a_network_get_the_same_as_one(instruction_set: str) -> None:
    weights = random_weights()
    network = NativeNetwork(weights, instruction_set)
    batches = [random_batch(weights, n, seed=n) for n in (1, 13, 50, 64) * 3]
    expected = [network.predict(*batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: network.predict(*batch), batches))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_fastest_instruction_set_is_taken_by_default() -> None:
    assert NativeNetwork(random_weights()).instruction_set == SETS[0]


def test_an_unknown_instruction_set_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"no instruction set 'mmx' here: choose one of .*portable"
    ):
        NativeNetwork(random_weights(), "mmx")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"kernel": 7}, "kernel is 7, and may be 3 or 5"),
        ({"kernel": 4}, "kernel is 4, and may be 3 or 5"),
        ({"crop": 129}, "crop is 129, and may be 1 to 128"),
        ({"channels": 17}, "channels is 17, and may be 1 to 16"),
        ({"filters": (1, 1, 1, 1, 257)}, r"filters is \[1, 1, 1, 1, 257\], and may be 1 to 256"),
        ({"units": (1, 1025, 1)}, r"units is \[1, 1025, 1\], and may be 1 to 1024"),
        ({"features": 1025}, "features is 1025, and may be 0 to 1024"),
        ({"classes": 1025}, "classes is 1025, and may be 1 to 1024"),
        ({"classes": 0}, "classes is 0, and may be 1 to 1024"),
    ],
)
def test_a_network_beyond_the_limits_is_refused(shape: dict[str, Any], message: str) -> None:
    weights = random_weights(**{"filters": (1,) * 5, "units": (1, 1, 1)} | shape)
    with pytest.raises(ConfigError, match=message):
        NativeNetwork(weights)


IMAGES, FEATURES = random_batch(random_weights(), 4)


@pytest.mark.parametrize(
    ("images", "features"),
    [
        (IMAGES[:3], FEATURES),
        (IMAGES[:, :20], FEATURES),
        (IMAGES[..., :2], FEATURES),
        (IMAGES[0], FEATURES),
        (IMAGES, FEATURES[:, :3]),
        (IMAGES, FEATURES.ravel()),
        (IMAGES.astype(np.float64), FEATURES),
        (IMAGES, FEATURES.astype(np.float64)),
        (IMAGES.transpose(0, 2, 1, 3), FEATURES),
        (np.repeat(IMAGES, 2, axis=0)[::2], FEATURES),
        (IMAGES, np.asfortranarray(FEATURES)),
        (IMAGES.astype(">f4"), FEATURES),
    ],
)
def test_arrays_of_another_shape_type_or_order_are_refused(images: Array, features: Array) -> None:
    with pytest.raises(ValueError, match="not"):
        NativeNetwork(random_weights()).predict(images, features)


def test_weights_in_any_order_of_memory_are_taken() -> None:
    weights = random_weights(crop=9)
    expected = NativeNetwork(weights).predict(*random_batch(weights, 3))
    kernel = weights.convolutions[2].kernel
    object.__setattr__(weights.convolutions[2], "kernel", np.asfortranarray(kernel))
    assert not weights.convolutions[2].kernel.flags.c_contiguous
    found = NativeNetwork(weights).predict(*random_batch(weights, 3))
    np.testing.assert_array_equal(found, expected)


def test_a_network_does_not_keep_the_arrays_that_it_was_made_of() -> None:
    weights = random_weights(crop=9)
    network = NativeNetwork(weights)
    batch = random_batch(weights, 3)
    expected = network.predict(*batch)
    for array in weights.arrays:
        array.fill(0)
    del weights
    gc.collect()
    np.testing.assert_array_equal(network.predict(*batch), expected)


def test_warming_up_classifies_an_alert_of_zeros() -> None:
    NativeNetwork(random_weights(crop=5, channels=1, features=0)).warm_up()


def _resident() -> int:
    """The memory of this process that is in use now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def test_memory_does_not_grow_with_the_calls_or_the_networks() -> None:
    weights = random_weights(crop=31)
    batch = random_batch(weights, 8)

    def use() -> None:
        network = NativeNetwork(weights)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: network.predict(*batch), range(6)))

    for _ in range(5):
        use()
    gc.collect()
    before = _resident()
    # Each network and each thread's scratch memory has some megabytes. What other tests have left
    # in this process changes by ten.
    for _ in range(40):
        use()
    gc.collect()
    assert _resident() - before < 20 << 20


def test_a_lack_of_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = random_weights(crop=5)
    network = NativeNetwork(weights)

    class Exhausted:
        DEEP_HITS_NO_MEMORY = 4

        def __getattr__(self, name: str) -> Any:
            return lambda *_: self.DEEP_HITS_NO_MEMORY

    monkeypatch.setattr(engine, "_lib", Exhausted())
    with pytest.raises(MemoryError, match="to classify a batch"):
        network.predict(*random_batch(weights, 1))


def test_without_the_binding_the_reason_is_given() -> None:
    script = (
        "import sys; sys.modules['stampapp.native._deep_hits'] = None\n"
        "from stampapp.native import engine\n"
        "print(engine.unavailable_reason(), engine.instruction_sets())\n"
        "from tests.support.native_networks import random_weights\n"
        "engine.NativeNetwork(random_weights(crop=1))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert found.stdout.startswith("the native engine is not built here (")
    assert found.stdout.rstrip().endswith("()")
    assert "ConfigError: the native engine is not built here" in found.stderr


def test_the_engine_imports_no_tensorflow() -> None:
    script = "import sys, stampapp.native.engine; print('tensorflow' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "False"
