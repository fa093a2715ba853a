"""Check that this machine has the requested device and precision."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

from stampapp.config.compute import Device, Precision
from stampapp.errors import ConfigError

_CPUINFO = Path("/proc/cpuinfo")


# Processors with one of these flags multiply in bfloat16; on others it would be slower.
BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def visible_gpus(load: Callable[[str], Any] = ctypes.CDLL) -> int:
    """Return how many GPUs NVIDIA's driver shows to this process; 0 without the driver.

    It asks the driver itself, as CUDA_VISIBLE_DEVICES or a container may hide GPUs that have files
    in /dev. Whether TensorFlow can use one is another question.
    """
    count = ctypes.c_int(0)
    try:
        driver = load("libcuda.so.1")
        failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    except (OSError, AttributeError):
        return 0
    return 0 if failed else count.value


def choose_device(wanted: Device, gpus: int) -> Device:
    """Return CPU or GPU. Raises ConfigError where a GPU is wanted and there is none."""
    if wanted is Device.GPU and not gpus:
        raise ConfigError(
            "DEVICE is gpu, but TensorFlow finds none: install the driver and the CUDA"
            " libraries, pass the device to the container, or set DEVICE=auto or DEVICE=cpu"
        )
    return Device.GPU if gpus and wanted is not Device.CPU else Device.CPU


def check_precision(
    precision: Precision, device: Device, flags: Set[str], setting: str = "MODEL_PRECISION"
) -> None:
    """Raise ConfigError, which names the setting, where a processor with these flags lacks it."""
    if precision is Precision.BFLOAT16 and device is Device.CPU and not flags & BFLOAT16_FLAGS:
        raise ConfigError(
            f"{setting} is bfloat16, but this processor has neither avx512_bf16 nor amx_bf16:"
            f" set {setting}=float32"
        )


def processor_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """Return the flags of the processor from /proc/cpuinfo; none where it has none."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return frozenset()
    found = (line.split(":", 1)[1] for line in lines if line.startswith("flags"))
    return frozenset(next(found, "").split())
