"""An alert as a survey sends it → the message that the sorting hat would make of it."""

from __future__ import annotations

from stampapp.alerts import packets as formats
from stampapp.alerts import sorting_hat
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.avro.writer import RecordWriter
from stampapp.feeds.record_splitter import SingleRecord

# In arcsec, as the sorting hat has it.
_ERROR = {Survey.ZTF: 0.065, Survey.ATLAS: 0.14}
_INT, _FLOAT = 2**31, 3.4028234e38
_STAMPS = ("science", "template", "difference")
_NAMES = ("aid", "oid", "candid", "mjd", "fid", "ra", "dec", "mag", "e_mag", "isdiffpos")
_FIELDS = frozenset(
    {*_NAMES, "sid", "tid", "pid", "e_ra", "e_dec", "extra_fields", "stamps"},
)


class SortingHat:
    """Makes sorting-hat messages of raw ones; those that are leaves as they are."""

    def __init__(self) -> None:
        self._writer = RecordWriter(sorting_hat.SCHEMA)

    def __call__(self, single: SingleRecord) -> SingleRecord:
        """Return the message. Raises BadAlert where it is no alert."""
        alert = formats.decode(single.value)
        if "extra_fields" in single.fields:
            return single
        value = self._writer.write(_record(alert))
        return SingleRecord(key=alert.aid.encode(), value=value, fields=_FIELDS)


def _record(alert: Alert) -> dict[str, object]:
    extra = dict(alert.extra_fields)
    pid = extra.pop("pid", 0)
    return {
        **{name: getattr(alert, name) for name in _NAMES},
        "sid": str(alert.survey),
        "tid": str(alert.survey),
        "pid": pid if isinstance(pid, int) else 0,
        "e_ra": _ERROR[alert.survey],
        "e_dec": _ERROR[alert.survey],
        "extra_fields": {name: _narrow(value) for name, value in extra.items()},
        "stamps": {name: alert.stamps.get(name) for name in _STAMPS},
    }


def _narrow(value: object) -> object:
    """Return a value as the map has room for it: 32 bits for a number, no lists."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and not -_INT <= value < _INT:
        return float(value)
    if isinstance(value, float) and abs(value) > _FLOAT:
        return float("inf") if value > 0 else float("-inf")
    return value if isinstance(value, int | float | str | bytes) else None
