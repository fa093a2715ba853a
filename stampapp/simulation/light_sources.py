"""Light sources: stars, galaxies and moving objects."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A star, a galaxy or a moving object.

    `x`, `y` in pixels from the middle of the stamp; `magnitude` is the total one. A galaxy has a
    half-light `radius` in pixels, a Sérsic `index`, an axis `ratio` and an `angle` in radians. A
    moving object has a `trail` (x, y): its motion in the exposure, in pixels.
    """

    x: float
    y: float
    magnitude: float
    radius: float = 0.0
    index: float = 1.0
    ratio: float = 1.0
    angle: float = 0.0
    trail: tuple[float, float] = (0.0, 0.0)

    @property
    def extended(self) -> bool:
        """Whether it is a galaxy."""
        return self.radius > 0.0

    def moved(self, dx: float, dy: float) -> Source:
        """Return this source, shifted by (dx, dy) pixels."""
        return replace(self, x=self.x + dx, y=self.y + dy)
