"""Artifacts of detector and optics in a science image. All images are (GRID, GRID)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from stampapp.simulation.exposures import Exposure
from stampapp.simulation.image_model import GRID, Image

Mask = npt.NDArray[np.bool_]

_MIDDLE = GRID // 2
# The shares of stamps that reach over the edge of the detector, and that have a masked area.
_NEAR_EDGE = 0.06
_MASKED = 0.05
_ROWS, _COLUMNS = np.mgrid[-_MIDDLE:_MIDDLE, -_MIDDLE:_MIDDLE].astype(np.float64)


def add_artifact(rng: Generator, image: Image, exposure: Exposure, kind: str) -> None:
    """Add an artifact of this kind to the middle of a science image, in place."""
    maker = _DRAWN_BY_KIND.get(kind)
    if maker is not None:
        image += exposure.camera.bogus_causes.strength * maker(rng, exposure)


def _noise(rng: Generator, exposure: Exposure) -> Image:
    """Draw a noise peak that looks like a source."""
    patch = np.zeros((GRID, GRID))
    bump = np.abs(rng.normal(size=(3, 3))) * (rng.permutation(9).reshape(3, 3) < rng.integers(1, 4))
    patch[_MIDDLE - 1 : _MIDDLE + 2, _MIDDLE - 1 : _MIDDLE + 2] = bump / bump.sum()
    return patch * exposure.point_noise * rng.uniform(4.5, 9.0)


def _cosmic_ray(rng: Generator, exposure: Exposure) -> Image:
    """Draw the track of a particle: one pixel wide, whatever the seeing."""
    angle, length = rng.uniform(0, math.pi), rng.exponential(2.0) + 0.5
    along = _COLUMNS * math.cos(angle) + _ROWS * math.sin(angle)
    across = -_COLUMNS * math.sin(angle) + _ROWS * math.cos(angle)
    track = np.exp(-0.5 * (across / 0.45) ** 2) * (np.abs(along) < length)
    total: float = track.sum()
    flux = exposure.point_noise * (5.0 + rng.exponential(15.0))
    hit: Image = track * (flux / max(total, 1e-9)) * (1.0 + 0.3 * rng.normal(size=track.shape))
    return hit


def _column(rng: Generator, exposure: Exposure) -> Image:
    """Draw a column or row that reads too high, with a brighter section."""
    wide, lines = rng.choice([0.3, 1.0, 1.6]), _COLUMNS if rng.random() < 0.7 else _ROWS
    other = _ROWS if lines is _COLUMNS else _COLUMNS
    level = exposure.noise * rng.uniform(1.0, 6.0)
    band = (np.abs(lines) <= wide) * level * (other > rng.uniform(-60.0, 2.0))
    worse: Image = band * (1.0 + 2.0 * np.exp(-0.5 * (other / rng.uniform(1.0, 6.0)) ** 2))
    return worse


def _spike(rng: Generator, exposure: Exposure) -> Image:
    """Draw a diffraction spike or a bleeding column of a bright star outside the middle."""
    level = exposure.noise * rng.uniform(2.0, 15.0)
    tilt = rng.normal(0.0, 0.05)
    across = _COLUMNS - tilt * _ROWS
    fade = np.exp(-np.abs(_ROWS - rng.uniform(-4.0, 2.0)) / rng.uniform(4.0, 20.0))
    spike: Image = level * fade * np.exp(-0.5 * (across / rng.uniform(0.6, 1.6)) ** 2)
    return spike


def _ghost(rng: Generator, exposure: Exposure) -> Image:
    """Draw the rim of an out-of-focus reflection."""
    radius, angle = rng.uniform(6.0, 25.0), rng.uniform(0, 2 * math.pi)
    distance = np.hypot(_COLUMNS - radius * math.cos(angle), _ROWS - radius * math.sin(angle))
    disc = 1.0 / (1.0 + np.exp((distance - radius) / rng.uniform(0.5, 2.0)))
    ghost: Image = disc * exposure.noise * rng.uniform(1.0, 5.0)
    return ghost + _noise(rng, exposure) * 0.6


def _edge(rng: Generator, exposure: Exposure) -> Image:
    """Draw light that leaks in along the edge of the detector; `draw_mask` masks what is beyond."""
    wide = rng.uniform(1.0, 4.0)
    leak: Image = exposure.noise * rng.uniform(1.0, 5.0) * np.exp(-np.abs(_COLUMNS) / wide)
    return leak + _noise(rng, exposure) * 0.6


_DRAWN_BY_KIND: dict[str, Callable[[Generator, Exposure], Image]] = {
    "noise": _noise,
    "cosmic ray": _cosmic_ray,
    "column": _column,
    "spike": _spike,
    "ghost": _ghost,
    "edge": _edge,
}


def draw_mask(rng: Generator, side: int, kind: str | None) -> Mask:
    """Return the pixels of a stamp (side, side) without data: beyond an edge, or masked."""
    missing = np.zeros((side, side), dtype=np.bool_)
    half = side // 2
    if kind == "edge":
        missing[:, : half - int(rng.integers(1, 8))] = True
    elif rng.random() < _NEAR_EDGE:
        missing[:, : int(rng.integers(1, half - 4))] = True
    missing = np.rot90(missing, int(rng.integers(4))).copy()
    if rng.random() < _MASKED:
        _mask_rectangle(rng, missing, half)
    return missing


def _mask_rectangle(rng: Generator, missing: Mask, half: int) -> None:
    """Mask a rectangle in place, except around the detection."""
    kept = missing[half - 4 : half + 5, half - 4 : half + 5].copy()
    top, left = rng.integers(0, 2 * half, 2)
    rows, columns = rng.integers(2, 14, 2)
    missing[top : top + rows, left : left + columns] = True
    missing[half - 4 : half + 5, half - 4 : half + 5] = kept
