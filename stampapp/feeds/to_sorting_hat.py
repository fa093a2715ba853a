"""An alert as a survey sends it → the message that the sorting hat would make of it."""

from __future__ import annotations

from stampapp.alerts import packets, sorting_hat
from stampapp.feeds.record_splitter import SingleRecord

_FIELDS = frozenset(field["name"] for field in sorting_hat.SCHEMA["fields"])


class ToSortingHat:
    """Makes sorting-hat messages of raw ones; those that are leaves as they are."""

    def __init__(self) -> None:
        self._writer = sorting_hat.message_writer()

    def __call__(self, record: SingleRecord) -> SingleRecord:
        """Return the message. Raises BadAlert where it is no alert."""
        alert = packets.decode_alert(record.value)
        if "extra_fields" in record.fields:
            return record
        value = self._writer.write(sorting_hat.encode_record(alert))
        return SingleRecord(key=alert.aid.encode(), value=value, fields=_FIELDS)
