"""The two cameras: what a survey's telescope, detector and reductions do to the sky."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stampapp.alerts.surveys import Survey


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A filter: the share of exposures taken in it, and what a clear, dark one gives.

    `zero_point` is the magnitude of 1 DN, `noise` the scatter of an empty pixel in DN.
    """

    share: float
    zero_point: float
    noise: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """A survey's camera.

    `side` is that of a stamp in pixels, `pixel` in arcsec; `gain` in electrons per DN;
    `saturation` and `background` in DN; `seeing` in arcsec (median FWHM) with its scatter in
    ln; `frames` is how many exposures a template is made of; `depth` by how many magnitudes it
    is shallower than ZTF; `south` and `north` bound the declinations in degrees; `fadings` says
    whether it sends alerts of what is fainter than before; `first_mjd` and `last_mjd` bound the
    nights, in days (UTC).
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
    south: float
    north: float
    fadings: bool
    first_mjd: float
    last_mjd: float


# Bellm et al. 2019 and Dekany et al. 2020; noise and seeing as public alerts show them.
ZTF = Camera(
    survey=Survey.ZTF,
    side=63,
    pixel=1.01,
    gain=6.2,
    saturation=5.0e4,
    background=200.0,
    bands={
        "g": Band(share=0.38, zero_point=26.25, noise=11.5),
        "r": Band(share=0.58, zero_point=26.25, noise=12.8),
        "i": Band(share=0.04, zero_point=25.8, noise=13.0),
    },
    seeing=2.05,
    seeing_scatter=0.2,
    template_seeing=1.9,
    frames=(15, 15, 15, 20, 30, 40),
    depth=0.0,
    fadings=True,
    south=-28.0,
    north=85.0,
    first_mjd=58200.0,
    last_mjd=61300.0,
)

# Tonry et al. 2018; noise and seeing as packets of 2021 show them.
ATLAS = Camera(
    survey=Survey.ATLAS,
    side=61,
    pixel=1.862,
    gain=2.05,
    saturation=4.6e4,
    background=420.0,
    bands={
        "o": Band(share=0.75, zero_point=25.85, noise=19.0),
        "c": Band(share=0.25, zero_point=26.1, noise=16.0),
    },
    seeing=3.9,
    seeing_scatter=0.16,
    template_seeing=3.7,
    frames=(6, 8, 12, 20),
    depth=1.2,
    fadings=False,
    south=-50.0,
    north=85.0,
    first_mjd=58500.0,
    last_mjd=61300.0,
)

CAMERAS: Mapping[Survey, Camera] = {Survey.ZTF: ZTF, Survey.ATLAS: ATLAS}
