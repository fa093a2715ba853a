"""The cutouts of LSSTCam: FITS with pixels, variance and PSF, cut out around a detection."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from stampapp.simulation import artifacts, fits_writer
from stampapp.simulation.artifacts import Mask
from stampapp.simulation.fits_writer import Cards
from stampapp.simulation.image_model import GRID, PSF, Image
from stampapp.simulation.lsst_images import CalibratedImages

SIDE = 30
_MIDDLE = GRID // 2
_PSF_SIDE, _TEMPLATE_PSF_SIDES = 41, (39, 49, 51, 55)
# The share of stamps that may have pixels without data, where nothing is wrong in the middle.
_MASKED = 0.3
_DETECTOR = 4072


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a stamp is: the detection on the detector, in pixels, and on the sky, in degrees.

    `rotation` is the position angle of the detector's columns; `missing` are pixels without data.
    """

    x: float
    y: float
    ra: float
    dec: float
    rotation: float
    missing: Mask

    @property
    def to_sky(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The matrix that turns a direction (x, y) to (east, north)."""
        cosine, sine = math.cos(math.radians(self.rotation)), math.sin(math.radians(self.rotation))
        return ((-cosine, sine), (sine, cosine))

    def bearing(self, x: float, y: float) -> float:
        """Return the angle of a direction from north through east, in degrees."""
        east, north = (a * x + b * y for a, b in self.to_sky)
        return math.degrees(math.atan2(east, north))


def draw_place(
    rng: Generator, at: tuple[float, float], sky: tuple[float, float], side: int, artifact: str
) -> Place:
    """Draw the place of a detection, `at` is its position (x, y) in the simulated images."""
    missing = np.zeros((side, side), dtype=np.bool_)
    if artifact == "edge" or rng.random() < _MASKED:
        missing = artifacts.draw_mask(rng, side, artifact)
    x, y = (int(rng.integers(side, _DETECTOR - side)) + value % 1.0 for value in at)
    return Place(
        x=_beside_edge(x, missing[0] & missing[-1]),
        y=_beside_edge(y, missing[:, 0] & missing[:, -1]),
        ra=sky[0],
        dec=sky[1],
        rotation=rng.uniform(0.0, 360.0),
        missing=missing,
    )


def _beside_edge(position: float, missing: np.ndarray) -> float:
    """Return a coordinate, changed where the edge of the detector is in the stamp."""
    lost, half = int(missing.sum()), len(missing) // 2 - 1
    if not lost or lost == len(missing):
        return position
    return (half - lost if missing[0] else _DETECTOR - half + lost) + position % 1.0


def write_stamps(
    rng: Generator, images: CalibratedImages, at: tuple[float, float], place: Place
) -> dict[str, bytes]:
    """Return the cutouts by the names of a packet's fields."""
    cards = _cards(rng, place)
    template_side = int(rng.choice(_TEMPLATE_PSF_SIDES))
    return {
        "cutoutScience": _stamp(
            _without_data(rng, images.science, at, place, images.science_variance),
            _cut(images.science_variance, at, place),
            images.psf,
            _PSF_SIDE,
            cards,
        ),
        "cutoutTemplate": _stamp(
            _cut(images.template, at, place),
            _cut(images.template_variance, at, place),
            images.template_psf,
            template_side,
            cards,
        ),
        "cutoutDifference": _stamp(
            _without_data(rng, images.difference, at, place, images.variance),
            _cut(images.variance, at, place),
            images.psf,
            _PSF_SIDE,
            cards,
        ),
    }


def _cut(image: Image, at: tuple[float, float], place: Place) -> Image:
    side = len(place.missing)
    row, column = (_MIDDLE + math.floor(value) - side // 2 + 1 for value in (at[1], at[0]))
    return image[row : row + side, column : column + side]


def _without_data(
    rng: Generator, image: Image, at: tuple[float, float], place: Place, variance: Image
) -> Image:
    """Return the cut with almost constant values where the detector has none, as in packets."""
    pixels = _cut(image, at, place).copy()
    missing = place.missing
    if missing.any():
        noise = math.sqrt(float(np.median(variance)))
        pixels[missing] = noise * (rng.normal(0, 0.1) + rng.normal(0, 0.02, int(missing.sum())))
    return pixels


def _stamp(pixels: Image, variance: Image, psf: PSF, psf_side: int, cards: Cards) -> bytes:
    half = psf_side // 2
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    share = psf.at(columns, rows)
    return (
        fits_writer.write_fits(pixels, cards, compressed=False)
        + fits_writer.write_extension(variance, "UNCERT", {"UTYPE": "VarianceUncertainty"})
        + fits_writer.write_extension(share / share.sum(), "PSFIMAGE", {}, double=True)
    )


def _cards(rng: Generator, place: Place) -> Cards:
    """Return the cards of a packet's cutout: a WCS without CTYPE and CUNIT, and ROTPA."""
    (east_x, east_y), (north_x, north_y) = place.to_sky
    pixel, side = 0.2 / 3600.0, len(place.missing)
    before = side // 2
    return {
        "EXTEND": True,
        "CUTMINX": math.floor(place.x) - before,
        "CUTMINY": math.floor(place.y) - before,
        # The detectors of the camera are not quite parallel.
        "ROTPA": place.rotation + rng.normal(0.0, 0.5),
        "BUNIT": "nJy",
        "WCSAXES": 2,
        "CRPIX1": before + place.x % 1.0,
        "CRPIX2": before + place.y % 1.0,
        "PC1_1": pixel * east_x,
        "PC1_2": pixel * east_y,
        "PC2_1": pixel * north_x,
        "PC2_2": pixel * north_y,
        "CDELT1": 1.0,
        "CDELT2": 1.0,
        "CRVAL1": place.ra,
        "CRVAL2": place.dec,
        "LATPOLE": 90.0,
        "MJDREF": 0.0,
    }
