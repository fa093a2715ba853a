"""The names of simulated objects, which no survey gives to an object of the sky."""

from __future__ import annotations

import re

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey

# Surveys name objects by year and letters, by numbers or by coordinates.
_PREFIX = "SIM"


def simulated_oid(survey: Survey, number: str) -> str:
    """Return the `oid` of a simulated object; `number` has 15 digits or more."""
    return f"{survey}{_PREFIX}{number}"


def is_simulated(alert: Alert) -> bool:
    """Return whether the alert's object is a simulated one, by its `oid`.

    A demo that repeats alerts renames the `aid` only.
    """
    return re.fullmatch(rf"{alert.survey}{_PREFIX}[0-9]{{15,}}", alert.oid) is not None
