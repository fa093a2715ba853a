"""What shines in a stamp: stars, galaxies, and what moves through it."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A light on the sky.

    `x`, `y` in pixels from the middle of the stamp; `magnitude` of the whole; a galaxy has its
    half-light radius `radius` in pixels, Sérsic `index`, axis `ratio` and `angle` (radians); a
    mover its `trail` (x, y), the pixels that it crosses in the exposure.
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
        """Return it at another place of the stamp."""
        return replace(self, x=self.x + dx, y=self.y + dy)
