"""The settings of a computation with the network: engine, device, precision, threads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Engine(StrEnum):
    """What computes the network; AUTO is the native engine where it can be used."""

    AUTO = "auto"
    NATIVE = "native"
    TENSORFLOW = "tensorflow"


class Device(StrEnum):
    """The device of the network; AUTO is a GPU if there is one."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


class Precision(StrEnum):
    """The precision of the convolutions."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComputeSettings:
    """Engine, device, precision and threads of a network.

    `threads` threads work on one batch; None is TensorFlow's default, or one on the native engine.
    """

    engine: Engine = Engine.AUTO
    device: Device = Device.AUTO
    precision: Precision = Precision.FLOAT32
    threads: int | None = None
