"""Which alerts are of objects that have been detected too often to be classified again."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey
from stampapp.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionLimit:
    """The most detections that the object of a survey's alert may have to be classified.

    Raises ConfigError if the alerts of the survey do not say how many there are.
    """

    survey: Survey
    most: int

    def __post_init__(self) -> None:
        if packet_format(self.survey).detections_field is None:
            raise ConfigError(
                f"MAX_DETECTIONS is {self.most}, but the alerts of {self.survey} do not say how"
                " often their object was detected: remove the setting"
            )

    def __str__(self) -> str:
        return f"of objects with at most {self.most} detections"

    def is_exceeded(self, alert: Alert) -> bool:
        """Return whether the object has more detections; an alert that does not say has not.

        Neither has an alert of another survey.
        """
        if alert.survey is not self.survey:
            return False
        detections = count_detections(alert)
        return detections is not None and detections > self.most


def count_detections(alert: Alert) -> float | None:
    """Return how often the object was detected by the alert's own word, this time included.

    Return None where the alert does not say.
    """
    name = packet_format(alert.survey).detections_field
    value = alert.extra_fields.get(name) if name else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
