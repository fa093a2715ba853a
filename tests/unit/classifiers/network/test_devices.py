from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stampapp.classifiers.network import devices, hardware
from stampapp.classifiers.network.deephits import build_network
from stampapp.classifiers.network.network import Network
from stampapp.classifiers.network.tensorflow import keras, tf
from stampapp.config.compute import ComputeSettings, Device, Precision
from stampapp.errors import ConfigError


class Config:
    """TensorFlow's configuration, which records the calls."""

    def __init__(self, gpus: int) -> None:
        self.gpus = [SimpleNamespace(name=f"gpu {number}") for number in range(gpus)]
        self.calls: list[object] = []
        self.threading = self.experimental = self

    def list_physical_devices(self, kind: str) -> list[SimpleNamespace]:
        assert kind == "GPU"
        return self.gpus

    def set_visible_devices(self, visible: Sequence[Any], kind: str) -> None:
        self.calls.append((kind, list(visible)))

    def set_intra_op_parallelism_threads(self, count: int) -> None:
        self.calls.append(count)

    def get_device_details(self, _: object) -> dict[str, str]:
        return {"device_name": "NVIDIA H100"}


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Config:
    found = Config(request.param)
    monkeypatch.setattr(tf, "config", found)
    return found


@pytest.mark.parametrize("config", [1], indirect=True)
def test_a_gpu_that_is_not_wanted_is_hidden(config: Config) -> None:
    assert devices.prepare_device(ComputeSettings(device=Device.CPU, threads=3)) is Device.CPU
    assert config.calls == [("GPU", []), 3]


@pytest.mark.parametrize("config", [1], indirect=True)
def test_once_tensorflow_has_computed_threads_stay_and_a_gpu_cannot_be_hidden(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("cannot be modified after initialization")

    monkeypatch.setattr(config, "set_intra_op_parallelism_threads", refuse)
    assert devices.prepare_device(ComputeSettings(threads=3)) is Device.GPU
    monkeypatch.setattr(config, "set_visible_devices", refuse)
    with pytest.raises(ConfigError, match="already uses the GPU in this process"):
        devices.prepare_device(ComputeSettings(device=Device.CPU))


@pytest.mark.parametrize("config", [1], indirect=True)
def test_a_gpu_is_used_and_named(config: Config) -> None:
    found = devices.prepare_device(ComputeSettings())
    assert devices.device_name(found) == "the GPU NVIDIA H100"
    assert config.calls == []


@pytest.mark.parametrize("config", [0], indirect=True)
def test_without_a_gpu_it_is_the_processor(config: Config) -> None:
    assert devices.device_name(devices.prepare_device(ComputeSettings())) == "the CPU"
    with pytest.raises(ConfigError, match="DEVICE is gpu"):
        devices.prepare_device(ComputeSettings(device=Device.GPU))
    assert config.calls == []


@pytest.mark.parametrize("config", [0], indirect=True)
def test_bfloat16_needs_a_processor_that_has_it(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ComputeSettings(precision=Precision.BFLOAT16)
    monkeypatch.setattr(hardware, "processor_flags", lambda: frozenset({"avx512_bf16"}))
    assert devices.prepare_device(wanted) is Device.CPU
    monkeypatch.setattr(hardware, "processor_flags", lambda: frozenset({"avx512f"}))
    with pytest.raises(ConfigError, match="MODEL_PRECISION is bfloat16"):
        devices.prepare_device(wanted)
    assert config.calls == []


def test_the_convolutions_are_reduced_and_what_follows_them_is_not() -> None:
    keras.utils.set_random_seed(3)
    model = build_network(3, 4)
    copy = devices.with_precision(model, Precision.BFLOAT16)
    computed = {one.name: one.compute_dtype for one in copy.layers if one.weights}
    assert computed == {
        **{f"conv_{number}": "bfloat16" for number in range(1, 6)},
        **{f"dense_{number}": "float32" for number in range(1, 4)},
        "batchnorm_features": "float32",
        "output_logits": "float32",
    }
    assert {str(weight.dtype) for weight in copy.weights} == {"float32"}
    assert devices.with_precision(model, Precision.FLOAT32) is model


def test_the_probabilities_change_a_little_and_still_add_up() -> None:
    keras.utils.set_random_seed(3)
    model = build_network(3, 4)
    rng = np.random.default_rng(3)
    images = rng.random((8, 21, 21, 3), dtype=np.float32)
    features = rng.standard_normal((8, 4), dtype=np.float32)
    fine = Network(model, buckets=(8,)).predict(images, features)
    coarse = Network(devices.with_precision(model, Precision.BFLOAT16), buckets=(8,)).predict(
        images, features
    )
    assert coarse.dtype == np.float32
    assert 1e-7 < np.abs(coarse - fine).max() < 0.01
    np.testing.assert_allclose(coarse.sum(axis=1), 1.0, atol=1e-6)
