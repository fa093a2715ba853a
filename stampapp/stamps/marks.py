"""The marks over a stamp: the source, a scale bar, and where north and east are.

The album draws them with PIL, the page as SVG. A stamp is as large as a square allows, in its
middle. Coordinates are shares of the square's side (right, down), from its upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from stampapp.stamps.orientation import Orientation
from stampapp.stamps.stamp_image import StampImage

Line = tuple[float, float, float, float]
_EDGE = 0.06
# From the source: the marks leave the source itself free.
_GAP, _REACH = 0.045, 0.11
_ARM, _LETTER = 0.1, 0.155
_TEXT_HEIGHT = 0.07
# Lengths of scale bars in arcsec, and the shortest and the longest bar.
_BARS = [digit * 10.0**power for power, digit in product(range(-1, 3), (1, 2, 5))]
_SHORTEST_BAR, _LONGEST_BAR = 0.05, 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A text, with its middle at (x, y)."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """Lines from (x, y) to (x, y), and labels."""

    lines: tuple[Line, ...]
    labels: tuple[Label, ...]

    def __add__(self, other: Marks) -> Marks:
        return Marks(lines=self.lines + other.lines, labels=self.labels + other.labels)


_NONE = Marks(lines=(), labels=())


def marks(drawn: StampImage) -> Marks:
    """Return the marks of a stamp; no bar where its scale is unknown."""
    return _source(drawn) + _scale_bar(drawn) + _compass(drawn.orientation)


def _source(drawn: StampImage) -> Marks:
    """Return lines to the right of the source and above it, or to the other side at an edge."""
    longest = max(drawn.pixels.shape)
    y, x = (
        0.5 + (at + 0.5 - side / 2) / longest
        for at, side in zip(drawn.source, drawn.pixels.shape, strict=True)
    )
    right = 1 if x + _REACH < 1 else -1
    up = -1 if y - _REACH > 0 else 1
    lines = (
        (x + right * _GAP, y, x + right * _REACH, y),
        (x, y + up * _REACH, x, y + up * _GAP),
    )
    return Marks(lines=lines, labels=())


def _scale_bar(drawn: StampImage) -> Marks:
    if not drawn.pixel_scale:
        return _NONE
    side = drawn.pixel_scale * max(drawn.pixels.shape)
    lengths = [bar for bar in _BARS if _SHORTEST_BAR <= bar / side <= _LONGEST_BAR]
    if not lengths:
        return _NONE
    right, y = _EDGE + lengths[-1] / side, 1.0 - _EDGE
    label = Label(x=(_EDGE + right) / 2, y=y - _TEXT_HEIGHT, text=f'{lengths[-1]:g}"')
    return Marks(lines=((_EDGE, y, right, y),), labels=(label,))


def _compass(orientation: Orientation) -> Marks:
    """Return arms to north and east in the lower right corner; where unknown, these words."""
    north, east = orientation.north, orientation.east
    if north is None or east is None:
        return Marks(lines=(), labels=(Label(x=0.6, y=1.0 - _EDGE, text=str(orientation)),))
    # As far right and down as its letters allow.
    x = 1.0 - _EDGE - _LETTER * max(0.0, north[0], east[0])
    y = 1.0 - _EDGE + _LETTER * min(0.0, north[1], east[1])
    arms = (("N", north), ("E", east))
    return Marks(
        lines=tuple((x, y, x + _ARM * right, y - _ARM * up) for _, (right, up) in arms),
        labels=tuple(
            Label(x=x + _LETTER * right, y=y - _LETTER * up, text=letter)
            for letter, (right, up) in arms
        ),
    )
