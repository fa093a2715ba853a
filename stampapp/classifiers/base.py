"""What a survey's classifier offers to the rest of the house."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from stampapp.alerts.alert import Alert
from stampapp.config.compute import Precision
from stampapp.errors import BadAlert
from stampapp.results.outcome import Classification
from stampapp.stamps.fits_image import Image


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedAlert:
    """An alert that can be classified, with its stamps cropped and ready to be normalised.

    `crops` has one (side, side) float32 image per channel; it is empty where `rule` has decided.
    `alert` is what the features are read from: a survey may have added to it.
    """

    alert: Alert
    crops: tuple[Image, ...] = ()
    rule: str | None = None


class Classifier(ABC):
    """Judges alerts of one survey. `examine` and `judge` may run in different threads.

    `provenance` says to people what judges: a model folder, or a package; `device` and `precision`
    on what and how finely. `parallel` tells whether several batches may be judged at a time.
    """

    name: str
    version: str
    classes: tuple[str, ...]
    provenance: str
    device = "the CPU"
    precision = Precision.FLOAT32
    parallel = True

    @abstractmethod
    def prepare_alert(self, alert: Alert) -> PreparedAlert:
        """Check and decode one alert. Raises BadAlert where it cannot be classified."""

    @abstractmethod
    def classify(self, alerts: Sequence[PreparedAlert]) -> list[Classification | BadAlert]:
        """Classify a batch: one result per alert, in order.

        A result withdrawn by a rule has no class_name. An exception is the model's own failure.
        """

    @abstractmethod
    def warm_up(self) -> None:
        """Do now whatever would make the first batch slow."""
