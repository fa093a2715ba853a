"""What the user asks a network to run on: device, precision, threads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Device(StrEnum):
    """Where the network runs; AUTO is a GPU where there is one."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


class Precision(StrEnum):
    """The precision of the convolutions."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComputeSettings:
    """What a network is to run on: `threads` work on one batch, TensorFlow's default if None."""

    device: Device = Device.AUTO
    precision: Precision = Precision.FLOAT32
    threads: int | None = None
