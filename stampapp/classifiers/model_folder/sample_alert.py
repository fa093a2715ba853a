"""The sample alert of a model folder: one simulated alert to try the model on.

`simulate --count 1 --to sample.avro` writes both files. No rule of the survey may decide about the
alert, so that the network has to.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from stampapp.alerts.surveys import Survey
from stampapp.config.shipped_models import shipped_model
from stampapp.errors import ConfigError

ALERT_FILE = "sample.avro"
LABEL_FILE = "sample.avro.labels.csv"


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleAlert:
    """A message with one alert, and the class of its object."""

    message: bytes
    label: str


def read_sample(folder: Path, survey: Survey) -> SampleAlert:
    """Return the sample of this model folder, or that of the package's model for the survey.

    Raises ConfigError where there is none that can be read.
    """
    if not (folder / ALERT_FILE).exists():
        folder = shipped_model(survey)
    try:
        message = (folder / ALERT_FILE).read_bytes()
        with (folder / LABEL_FILE).open(newline="", encoding="utf-8") as file:
            (row,) = csv.DictReader(file)
        return SampleAlert(message=message, label=row["label"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"the sample alert in {folder} cannot be read: {error}") from error
