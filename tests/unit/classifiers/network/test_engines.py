from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stampapp.classifiers.base import EngineInUse
from stampapp.classifiers.model_folder.self_test import SELF_TEST_FILE, read_self_test
from stampapp.classifiers.model_folder.store import add_self_test, read_description
from stampapp.classifiers.network import engines, hardware
from stampapp.classifiers.network.engines import LoadedNetwork, load_network
from stampapp.classifiers.network.native_network import ThreadedNetwork
from stampapp.classifiers.network.network import Network
from stampapp.config.compute import ComputeSettings, Device, Engine, Precision
from stampapp.errors import ConfigError
from stampapp.native import engine
from stampapp.native.engine import NativeNetwork
from tests.support.atlas import description
from tests.support.models import write_atlas, write_random
from tests.support.native import needs_native

NATIVE = ComputeSettings(engine=Engine.NATIVE)
TENSORFLOW = ComputeSettings(engine=Engine.TENSORFLOW)
CPU = ComputeSettings(device=Device.CPU)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_atlas(folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A model folder that a test may change."""
    return shutil.copytree(written, tmp_path / "model")


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "visible_gpus", lambda: 0)


def loaded(folder: Path, compute: ComputeSettings) -> LoadedNetwork:
    return load_network(folder, read_description(folder), compute)


@needs_native
def test_auto_is_the_native_engine_with_its_fastest_instructions(folder: Path) -> None:
    found = loaded(folder, ComputeSettings())
    assert isinstance(found.network, NativeNetwork)
    fastest = engine.instruction_sets()[0]
    assert found.engine == EngineInUse(name=Engine.NATIVE, instruction_set=fastest)
    assert str(found.engine) == f"the native engine ({fastest})"
    assert found.device == "the CPU"


def test_tensorflow_is_tensorflow(folder: Path) -> None:
    found = loaded(folder, TENSORFLOW)
    assert isinstance(found.network, Network)
    assert found.engine == EngineInUse(name=Engine.TENSORFLOW)
    assert str(found.engine) == "TensorFlow"


@needs_native
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_both_engines_give_the_same(folder: Path, threads: int) -> None:
    rng = np.random.default_rng(3)
    images = rng.random((130, 31, 31, 2), dtype=np.float32)
    features = rng.standard_normal((130, 9), dtype=np.float32)
    native = loaded(folder, replace(NATIVE, threads=threads)).network
    assert isinstance(native, ThreadedNetwork) is (threads > 1)
    native.warm_up()
    wanted = loaded(folder, TENSORFLOW).network.predict(images, features)
    for n in (0, 1, 64, 130):
        found = native.predict(images[:n], features[:n])
        assert found.shape == (n, 5)
        np.testing.assert_allclose(found, wanted[:n], atol=1e-5, rtol=0)


def not_built(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(engine, "unavailable_reason", lambda: "it is not built")


def without_self_test(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / SELF_TEST_FILE).unlink()


def with_kernel_of_one(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    write_random(folder, description("airmass", kernel=1))


@needs_native
@pytest.mark.parametrize(
    ("prepare", "reason", "remedy"),
    [
        (not_built, "it is not built", "install the wheel for this machine, or"),
        (without_self_test, "has no self-test of its network, which `faust", "set INFERENCE_"),
        (with_kernel_of_one, "kernel is 1", "set INFERENCE_ENGINE=tensorflow"),
    ],
)
def test_where_the_native_engine_cannot_be_used(
    prepare: Callable[[pytest.MonkeyPatch, Path], None],
    reason: str,
    remedy: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare(monkeypatch, folder)
    found = loaded(folder, CPU)
    assert isinstance(found.network, Network)
    assert found.engine.name is Engine.TENSORFLOW
    assert reason in str(found.engine.reason)
    assert str(found.engine).startswith("TensorFlow, because ")
    with pytest.raises(ConfigError, match=f"INFERENCE_ENGINE is native, but .*{reason}.*{remedy}"):
        loaded(folder, NATIVE)


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (replace(NATIVE, device=Device.GPU), r"but DEVICE is gpu: set DEVICE=cpu or set INF"),
        (
            replace(NATIVE, precision=Precision.BFLOAT16),
            r"but MODEL_PRECISION is bfloat16: set MODEL_PRECISION=float32 or set INF",
        ),
    ],
)
def test_what_only_tensorflow_can_do(compute: ComputeSettings, message: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(folder, compute)


@needs_native
def test_a_gpu_that_tensorflow_cannot_use_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "visible_gpus", lambda: 1)
    assert loaded(folder, ComputeSettings()).engine.name is Engine.NATIVE


@needs_native
def test_a_gpu_is_preferred_by_auto_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_finds_gpu", lambda _: True)
    found = loaded(folder, ComputeSettings())
    assert found.engine == EngineInUse(name=Engine.TENSORFLOW, reason="there is a GPU")
    assert loaded(folder, CPU).engine.name is Engine.NATIVE
    assert loaded(folder, NATIVE).engine.name is Engine.NATIVE


@needs_native
@pytest.mark.parametrize("change", [2e-5, float("nan")])
@pytest.mark.parametrize("compute", [ComputeSettings(), NATIVE])
def test_other_answers_than_those_of_tensorflow_are_an_error(
    change: float, compute: ComputeSettings, folder: Path
) -> None:
    model = read_description(folder)
    test = read_self_test(folder, model)
    assert test is not None
    wrong = test.probabilities.copy()
    wrong[3, 1] += change
    add_self_test(folder, model, replace(test, probabilities=wrong))
    message = r"the native engine \(\w+\) fails the model's self-test: .* set INFERENCE_ENGINE=tens"
    with pytest.raises(ConfigError, match=message):
        loaded(folder, compute)
    assert loaded(folder, TENSORFLOW).engine.name is Engine.TENSORFLOW


@needs_native
def test_a_damaged_network_is_an_error_on_either_engine(folder: Path) -> None:
    path = folder / read_description(folder).network_file
    path.write_bytes(path.read_bytes()[:-1])
    for compute in (ComputeSettings(), NATIVE, TENSORFLOW):
        with pytest.raises(ConfigError, match=r"not the file that model\.json describes"):
            loaded(folder, compute)
