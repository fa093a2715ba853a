"""What a network is computed on, and how finely. Pure: what the machine has is an argument."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stampapp.errors import ConfigError

_CPUINFO = Path("/proc/cpuinfo")
# What a processor says that can multiply in bfloat16; without it that would be slower, not faster.
BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


class Device(StrEnum):
    """Where the network runs; AUTO is a GPU where there is one."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


class Precision(StrEnum):
    """In what the convolutions are computed."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """What somebody wants a network to run on.

    `threads` of the processor work on one batch; None leaves that to TensorFlow.
    """

    device: Device = Device.AUTO
    precision: Precision = Precision.FLOAT32
    threads: int | None = None


def choose(wanted: Device, gpus: int) -> Device:
    """Return CPU or GPU. Raises ConfigError where a GPU is wanted and there is none."""
    if wanted is Device.GPU and not gpus:
        raise ConfigError(
            "DEVICE is gpu, but TensorFlow sees none: make it see one (its driver, its CUDA"
            " libraries, and the device itself in a container), or set DEVICE=auto or DEVICE=cpu"
        )
    return Device.GPU if gpus and wanted is not Device.CPU else Device.CPU


def check_precision(precision: Precision, device: Device, flags: Set[str]) -> None:
    """Raise ConfigError where a processor with these flags cannot compute so."""
    if precision is Precision.BFLOAT16 and device is Device.CPU and not flags & BFLOAT16_FLAGS:
        raise ConfigError(
            "MODEL_PRECISION is bfloat16, but this processor has neither avx512_bf16 nor amx_bf16:"
            " set MODEL_PRECISION=float32"
        )


def processor_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """Return what the processor can do, in the words of Linux; nothing where it does not say."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return frozenset()
    found = (line.split(":", 1)[1] for line in lines if line.startswith("flags"))
    return frozenset(next(found, "").split())
