"""The interface of a classifier."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from stampapp.alerts.alert import Alert
from stampapp.config.compute import Engine, Precision
from stampapp.errors import BadAlert
from stampapp.results.outcome import Classification
from stampapp.stamps.fits_image import Image


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The class that a rule of a survey gives to an alert without the network, and why."""

    class_name: str
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedAlert:
    """An alert that can be classified, with its stamps cropped and ready to be normalised.

    `crops` has one (side, side) float32 image per channel, none where a rule has decided. Features
    are read from `alert`, to which the survey may have added values.
    """

    alert: Alert
    crops: tuple[Image, ...] = ()
    decision: Decision | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineInUse:
    """What computes the network, for people: NATIVE with its instruction set, or TENSORFLOW.

    `reason` is why TensorFlow was taken where the native engine is preferred, otherwise None.
    """

    name: Engine
    instruction_set: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        if self.name is Engine.NATIVE:
            return f"the native engine ({self.instruction_set})"
        return f"TensorFlow, because {self.reason}" if self.reason else "TensorFlow"


class Classifier(ABC):
    """Classifies the alerts of one survey. Its methods may run in different threads.

    `provenance` describes the model for users: its folder, or a package. `network_sha256` is the
    checksum of the file with its weights, if known. `engine`, `device` and `precision` are those of
    the network. `parallel` is whether several batches may be classified at a time.
    """

    name: str
    version: str
    classes: tuple[str, ...]
    provenance: str
    network_sha256: str | None = None
    engine = EngineInUse(name=Engine.TENSORFLOW)
    device = "the CPU"
    precision = Precision.FLOAT32
    parallel = True

    @abstractmethod
    def prepare_alert(self, alert: Alert) -> PreparedAlert:
        """Check and decode one alert. Raises BadAlert where it cannot be classified."""

    @abstractmethod
    def classify(self, alerts: Sequence[PreparedAlert]) -> list[Classification | BadAlert]:
        """Classify a batch: one result per alert, in order.

        A result that a rule vetoes has no class_name. An exception is the model's own failure.
        """

    @abstractmethod
    def warm_up(self) -> None:
        """Do everything that would otherwise make the first batch slow."""
