"""The type of a survey's file in this package: how its stamps are laid out and drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stampapp.alerts.surveys import Survey, plugin
from stampapp.stamps.fits_header import Header
from stampapp.stamps.orientation import Orientation, Place, north_up


def middle(header: Header, ra: float, dec: float) -> Place:  # noqa: ARG001
    """Return the middle of an image as the place of the source."""
    columns, rows = (header.value(f"NAXIS{axis}") for axis in (1, 2))
    return (float(rows or 1) - 1) / 2, (float(columns or 1) - 1) / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class StampFormat:
    """The stamps that a survey sends: their `names`, in the order in which they are drawn.

    `pixel_scale` in arcsec per pixel where the headers do not say it. Pixels of the value
    `no_data` are worth nothing. With `difference_is_turned`, the difference of an object that has
    faded is template minus science. `orientation` reads from a header where north is, and
    `source_place` where an alert's position is, as (row, column) from 0.
    """

    names: tuple[str, ...]
    pixel_scale: float | None = None
    no_data: float | None = None
    difference_is_turned: bool = False
    orientation: Callable[[Header], Orientation] = north_up
    source_place: Callable[[Header, float, float], Place] = middle


def stamp_format(survey: Survey) -> StampFormat:
    """Return the stamp format of a survey."""
    return plugin("stamps", survey, StampFormat)
