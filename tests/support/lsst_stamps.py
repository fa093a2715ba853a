"""Stamps and alerts of LSST as Rubin lays them out, of any size."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from astropy.io import fits

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey

Array = npt.NDArray[np.float64]
Cards = Mapping[str, float]

RA, DEC = 150.125, 2.25
NAMES = ("science", "template", "difference")
# The angle from north to the camera's up, through east, and the matrix that goes with it.
ANGLE = 30.0
SCALE = 0.2 / 3600.0


def matrix(angle: float = ANGLE) -> Array:
    """Return degrees (east, north) per pixel (right, up) where up is at this position angle."""
    turn = np.radians(angle)
    return SCALE * np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def cards(row: float, column: float, angle: float = ANGLE) -> dict[str, float]:
    """Return the cards of a stamp whose source is at a row and column, from 0."""
    keys = [f"PC{axis}_{other}" for axis in (1, 2) for other in (1, 2)]
    return {
        "ROTPA": angle,
        "CRPIX1": column + 1.0,
        "CRPIX2": row + 1.0,
        **dict(zip(keys, matrix(angle).ravel().tolist(), strict=True)),
        "CDELT1": 1.0,
        "CDELT2": 1.0,
        "CRVAL1": RA,
        "CRVAL2": DEC,
    }


def cutout(pixels: npt.ArrayLike, header: Cards | None = None, psf: int = 41) -> bytes:
    """Return FITS with the pixels, their variance (a tenth, and 1) and a PSF of this side."""
    image = np.asarray(pixels, np.float32)
    rows, columns = image.shape
    shown = cards((rows - 1) / 2, (columns - 1) / 2) if header is None else header
    primary = fits.PrimaryHDU(image, fits.Header(list(shown.items())))
    error = fits.ImageHDU(1 + np.abs(image) / np.float32(10), name="UNCERT")
    error.header["UTYPE"] = "VarianceUncertainty"
    shape = np.hypot(*np.mgrid[-1 : 1 : psf * 1j, -1 : 1 : psf * 1j])
    spread = fits.ImageHDU(np.exp(-shape.astype(np.float64)), name="PSFIMAGE")
    file = io.BytesIO()
    fits.HDUList([primary, error, spread]).writeto(file)
    return file.getvalue()


def lsst_alert(stamps: Mapping[str, bytes | None], **extra: object) -> Alert:
    """Return an alert at RA, DEC with these stamps and `extra_fields`."""
    return Alert(
        aid="170094456277565473",
        oid="170094456277565473",
        candid="170094456480989258",
        survey=Survey.LSST,
        mjd=61000.25,
        fid="r",
        ra=RA,
        dec=DEC,
        mag=21.5,
        e_mag=0.05,
        isdiffpos=1,
        extra_fields={"psfFlux": 9120.0, **extra},
        stamps=stamps,
    )
