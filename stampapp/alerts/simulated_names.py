"""The names of simulated objects, which no survey gives to an object of the sky."""

from __future__ import annotations

import re

from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey


def simulated_oid(survey: Survey, number: str) -> str:
    """Return the `oid` of a simulated object; `number` has 15 digits or more."""
    return f"{packet_format(survey).simulated_prefix}{number}"


def simulated_aid(survey: Survey, number: str) -> str:
    """Return the `aid` of a simulated object: its `oid` where packets have no other name."""
    if packet_format(survey).encoding:
        return simulated_oid(survey, number)
    return f"SIM{survey[0]}{number}"


def is_simulated(alert: Alert) -> bool:
    """Return whether the alert's object is a simulated one, by its `oid`.

    A demo that repeats messages of the sorting hat renames the `aid` only.
    """
    prefix = packet_format(alert.survey).simulated_prefix
    return re.fullmatch(rf"{prefix}[0-9]{{15,}}", alert.oid) is not None
