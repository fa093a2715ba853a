"""What a network is computed on, and how finely. Pure: what the machine has is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
