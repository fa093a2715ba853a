"""Choose the engine of a network by the settings, the model and this machine, and load it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from stampapp.classifiers.base import EngineInUse
from stampapp.classifiers.model_folder.self_test import SelfTest, add_command, read_self_test
from stampapp.classifiers.network import hardware
from stampapp.config.compute import ComputeSettings, Device, Engine, Precision
from stampapp.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from stampapp.classifiers.model_folder.description import ModelDescription
    from stampapp.classifiers.survey_classifier import Predictor


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedNetwork:
    """A network with the engine and the device that it runs on; the device is named for people."""

    network: Predictor
    engine: EngineInUse
    device: str


class _NotUsableError(Exception):
    """Why the native engine cannot run this network here, and what would change that."""

    def __init__(self, reason: str, *remedies: str) -> None:
        super().__init__(reason)
        self.remedies = " or ".join([*remedies, "set INFERENCE_ENGINE=tensorflow"])


def load_network(
    folder: Path, description: ModelDescription, compute: ComputeSettings
) -> LoadedNetwork:
    """Load the network of a model folder on the engine that INFERENCE_ENGINE says.

    Raises ConfigError where engine, device or network cannot be used, or the self-test fails.
    """
    if compute.engine is Engine.TENSORFLOW:
        return _load_tensorflow(folder, description, compute)
    try:
        return _load_native(folder, description, compute)
    except _NotUsableError as error:
        if compute.engine is Engine.NATIVE:
            raise ConfigError(
                f"INFERENCE_ENGINE is native, but {error}: {error.remedies}"
            ) from error
        reason = str(error)
    return _load_tensorflow(folder, description, compute, reason)


def _load_native(
    folder: Path, description: ModelDescription, compute: ComputeSettings
) -> LoadedNetwork:
    _require_cpu(compute)
    self_test = _require_self_test(folder, description)
    from stampapp.classifiers.network.keras_file import OtherNetworkError, read_weights
    from stampapp.classifiers.network.native_network import (
        ThreadedNetwork,
        require_same_answers,
    )
    from stampapp.native import engine

    if reason := engine.unavailable_reason():
        raise _NotUsableError(reason, "install the wheel for this machine, or g++ and stampapp")
    try:
        weights = read_weights(folder, description)
    except OtherNetworkError as error:
        raise _NotUsableError(str(error)) from error
    try:
        network = engine.NativeNetwork(weights)
    except ConfigError as error:
        raise _NotUsableError(str(error)) from error
    require_same_answers(network, self_test)
    threads = compute.threads or 1
    return LoadedNetwork(
        network=ThreadedNetwork(network, threads) if threads > 1 else network,
        engine=EngineInUse(name=Engine.NATIVE, instruction_set=network.instruction_set),
        device="the CPU",
    )


def _require_cpu(compute: ComputeSettings) -> None:
    if compute.precision is not Precision.FLOAT32:
        what = f"MODEL_PRECISION is {compute.precision}"
        raise _NotUsableError(what, "set MODEL_PRECISION=float32")
    if compute.device is Device.GPU:
        raise _NotUsableError("DEVICE is gpu", "set DEVICE=cpu")
    # With INFERENCE_ENGINE=native, DEVICE=auto is the CPU.
    if (compute.engine, compute.device) == (Engine.AUTO, Device.AUTO) and _finds_gpu(compute):
        raise _NotUsableError("there is a GPU")


def _finds_gpu(compute: ComputeSettings) -> bool:
    # Import TensorFlow, which takes seconds, only where it may find one.
    if not hardware.visible_gpus() or find_spec("tensorflow") is None:
        return False
    from stampapp.classifiers.network import devices

    return devices.prepare_device(compute) is Device.GPU


def _require_self_test(folder: Path, description: ModelDescription) -> SelfTest:
    self_test = read_self_test(folder, description)
    if self_test is None:
        raise _NotUsableError(
            f"{folder} has no self-test of its network, which {add_command(folder)} adds"
        )
    return self_test


def _load_tensorflow(
    folder: Path,
    description: ModelDescription,
    compute: ComputeSettings,
    reason: str | None = None,
) -> LoadedNetwork:
    try:
        from stampapp.classifiers.network import devices
        from stampapp.classifiers.network.network import Network
    except ConfigError as error:
        # TensorFlow is not installed.
        why = f"the native engine cannot be used ({reason}), and " if reason else ""
        raise ConfigError(f"{why}{error}") from error
    device = devices.prepare_device(compute)
    return LoadedNetwork(
        network=Network.load(folder, description, precision=compute.precision),
        engine=EngineInUse(name=Engine.TENSORFLOW, reason=reason),
        device=devices.device_name(device),
    )
