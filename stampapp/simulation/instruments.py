"""What a survey's telescope, detector and reductions do to the sky."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from stampapp.alerts.surveys import Survey


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A filter: the share of exposures taken in it, and what a clear, dark one gives.

    `zero_point` is the magnitude of 1 DN, `noise` the scatter of an empty pixel in DN.
    """

    share: float
    zero_point: float
    noise: float


class Subtraction(Enum):
    """How a template is subtracted: in Fourier space with white noise, or blurred to the seeing."""

    PROPER = auto()
    MATCHED = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """A survey's camera.

    `side` is that of a stamp in pixels, `pixel` in arcsec; `gain` in electrons per DN;
    `saturation` and `background` in DN; `seeing` in arcsec (median FWHM) with its scatter in
    ln; `frames` is how many exposures a template is made of; `depth` by how many magnitudes it
    is shallower than a survey to 20.5; `min_dec` and `max_dec` bound the declinations in degrees;
    `elongations` (degrees) are the least distance from the Sun at which it observes, and that from
    which it does so as often as anywhere, None where alerts do not show it; `sends_fading`
    says whether it sends alerts of what is fainter than before, `cloud_residuals` whether thin
    clouds leave some; `first_mjd` and `last_mjd` bound the nights, in days (UTC).
    """

    survey: Survey
    side: int
    pixel: float
    gain: float
    saturation: float
    background: float
    bands: Mapping[str, Band]
    seeing: float
    seeing_scatter: float
    template_seeing: float
    frames: tuple[int, ...]
    depth: float
    min_dec: float
    max_dec: float
    elongations: tuple[float, float] | None
    subtraction: Subtraction
    sends_fading: bool
    cloud_residuals: bool
    first_mjd: float
    last_mjd: float
