"""The JSON documents that the page shows: alerts, dead letters and the last hour."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from stampapp import times
from stampapp.alerts.alert import Alert
from stampapp.alerts.simulated_names import is_simulated
from stampapp.dashboard.last_hour import HourSummary
from stampapp.dashboard.links import links
from stampapp.dashboard.recent_alerts import RecentAlert, RecentDeadLetter
from stampapp.errors import BadAlert
from stampapp.results.class_names import with_shown_names
from stampapp.stamps import stamp_image
from stampapp.stamps.marks import marks
from stampapp.stamps.stamp_format import stamp_format

Document = dict[str, Any]
_LONGEST_TEXT = 300


def alert_document(shown: RecentAlert) -> Document:
    """Draw the stamps of a recent alert and return everything that its card shows."""
    alert, found = shown.alert, shown.classification
    taken = times.from_mjd(alert.mjd) if math.isfinite(alert.mjd) else None
    return {
        "number": shown.number,
        "label": shown.label,
        "at": _time(shown.confirmed_at),
        "place": str(shown.location),
        **{name: getattr(alert, name) for name in ("aid", "oid", "candid", "survey", "fid")},
        "mjd": _number(alert.mjd, 6),
        "taken": times.format_iso(taken) if taken else None,
        "ra": _number(alert.ra, 6),
        "dec": _number(alert.dec, 6),
        "mag": _number(alert.mag, 3),
        "e_mag": _number(alert.e_mag, 3),
        "probabilities": {
            name: round(p, 4) for name, p in with_shown_names(found.probabilities).items()
        },
        "rule": found.rule,
        "model": f"{found.classifier_name} {found.classifier_version}",
        "stamps": [_stamp(alert, name) for name in stamp_format(alert.survey).names],
        "links": links(alert),
        "simulated": is_simulated(alert),
    }


def dead_letter_document(letter: RecentDeadLetter) -> Document:
    """Return a row of the table of dead letters."""
    return {
        "number": letter.number,
        "at": _time(letter.confirmed_at),
        "place": str(letter.location),
        "aid": letter.aid,
        "cause": letter.cause,
        "message": letter.message[:_LONGEST_TEXT],
    }


def summary_document(hour: HourSummary, state: Mapping[str, object], now: float) -> Document:
    """Return the figures of the last hour together with the current `state`."""
    classes = with_shown_names(hour.classes)
    return {"now": _time(now), **asdict(hour), "classes": classes, **state}


def _stamp(alert: Alert, name: str) -> Document:
    try:
        drawn = stamp_image.draw_stamp(alert, name)
    except BadAlert as error:
        return {"name": name, "problem": str(error)[:_LONGEST_TEXT]}
    rows, columns = drawn.pixels.shape
    encoded = base64.b64encode(drawn.png()).decode()
    return {
        "name": name,
        "png": f"data:image/png;base64,{encoded}",
        "size": [columns, rows],
        "orientation": str(drawn.orientation),
        "scale": drawn.pixel_scale,
        "light": drawn.is_light,
        "marks": asdict(marks(drawn)),
    }


def _number(value: float, digits: int) -> float | None:
    # JSON has no infinity and no NaN.
    return round(value, digits) if math.isfinite(value) else None


def _time(seconds: float) -> str:
    return times.format_iso(datetime.fromtimestamp(seconds, UTC))
