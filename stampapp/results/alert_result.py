"""What became of one alert, as a flat record without its stamps: for tables and notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stampapp.results.outcome import Outcome, OutcomeKind


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertResult:
    """The class of one alert, or why it has none.

    `mjd` in days (UTC); `ra`, `dec` in degrees (ICRS); `fid` is the name of the filter;
    `mag`, `e_mag` in magnitudes.
    `probabilities` has every class of the model, in the model's order. `class_name` is the most
    probable class; it is None if a rule vetoes it, and if the alert could not be classified.
    `rule` is why a rule decided. An alert that cannot be classified has `cause`, a short word that
    docs/operations.md explains, and `error`, a sentence. What cannot even be decoded has nothing
    else: its other fields are None.
    """

    candid: str | None
    aid: str | None
    oid: str | None
    mjd: float | None
    ra: float | None
    dec: float | None
    fid: str | None
    mag: float | None
    e_mag: float | None
    outcome: OutcomeKind
    probabilities: Mapping[str, float] | None
    class_name: str | None
    rule: str | None
    cause: str | None
    error: str | None
    classifier_name: str
    classifier_version: str


def alert_result(outcome: Outcome, name: str, version: str) -> AlertResult:
    """Return the record of an outcome of the classifier with this name and version."""
    alert, result = outcome.alert, outcome.classification
    return AlertResult(
        candid=alert.candid if alert else None,
        aid=alert.aid if alert else None,
        oid=alert.oid if alert else None,
        mjd=alert.mjd if alert else None,
        ra=alert.ra if alert else None,
        dec=alert.dec if alert else None,
        fid=alert.fid if alert else None,
        mag=alert.mag if alert else None,
        e_mag=alert.e_mag if alert else None,
        outcome=outcome.kind,
        probabilities=dict(result.probabilities) if result else None,
        class_name=result.class_name if result else None,
        rule=result.rule if result else None,
        cause=outcome.cause or None,
        error=str(outcome.error) if outcome.error else None,
        classifier_name=name,
        classifier_version=version,
    )
