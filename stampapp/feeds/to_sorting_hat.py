"""Convert a raw packet of a survey to the message that the sorting hat would send."""

from __future__ import annotations

from stampapp.alerts import packets, sorting_hat
from stampapp.alerts.packet_format import packet_format
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.errors import BadAlert
from stampapp.feeds.record_splitter import SingleRecord

_FIELDS = frozenset(field["name"] for field in sorting_hat.SCHEMA["fields"])


class ToSortingHat:
    """Converts raw packets to sorting-hat messages, and leaves the latter unchanged."""

    def __init__(self, schemas: MessageSchemas = NO_SCHEMAS) -> None:
        self._schemas = schemas
        self._writer = sorting_hat.message_writer()

    def __call__(self, record: SingleRecord) -> SingleRecord:
        """Return the message. Raises BadAlert if it is not an alert."""
        alert = packets.decode_alert(record.value, self._schemas)
        if "extra_fields" in record.fields:
            return record
        if not packet_format(alert.survey).in_sorting_hat:
            raise BadAlert(
                "survey",
                f"the sorting hat has no messages of {alert.survey}: omit --as-sorting-hat",
            )
        value = self._writer.write(sorting_hat.encode_record(alert))
        return SingleRecord(key=alert.aid.encode(), value=value, fields=_FIELDS)
