"""Tell apart the three forms of a message: a container, Confluent's wire format, a bare datum."""

from __future__ import annotations

from stampapp.errors import BadAlert

# Confluent's wire format: a zero, the id of the writer's schema in four bytes, then one datum.
WIRE_MAGIC = b"\x00"
WIRE_HEADER = 5
# The ids of a registry are positive numbers of 32 bits with a sign.
_MAX_ID = 2**31 - 1


def wire_id(value: bytes) -> int:
    """Return the id in the header of a message in wire format. Raises BadAlert if it has none."""
    if len(value) < WIRE_HEADER:
        raise BadAlert(
            "avro-damaged",
            f"the message begins as in Confluent's wire format and ends after {len(value)} B: an id"
            " of 4 B is expected after the first",
        )
    found = int.from_bytes(value[1:WIRE_HEADER], "big")
    if not 0 < found <= _MAX_ID:
        raise BadAlert(
            "schema-unknown",
            f"the message names the schema {found}: ids are numbers from 1 to {_MAX_ID}",
        )
    return found


def wire_header(number: int) -> bytes:
    """Return the header of a message whose writer's schema has this id."""
    return WIRE_MAGIC + number.to_bytes(WIRE_HEADER - 1, "big")
