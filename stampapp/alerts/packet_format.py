"""What each survey says about its own packets, in the file of its name beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey, plugin
from stampapp.avro.reader import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class PacketFormat:
    """The packets that a survey publishes.

    A record with all of `fields` is one of them, and `decode` reads it or raises BadAlert. `bands`
    are the names of the filters that messages give as numbers. `position_error` in arcsec is what
    the sorting hat writes as e_ra and e_dec.
    """

    fields: frozenset[str]
    decode: Callable[[Record], Alert]
    bands: Mapping[int, str]
    position_error: float


def packet_format(survey: Survey) -> PacketFormat:
    """Return the packet format of a survey."""
    return plugin("alerts", survey, PacketFormat)
