"""Fill the fields of a `diaSource` of schema 10.0 with what is measured at a detection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import erfa
import numpy as np
from numpy.random import Generator

from stampapp import times
from stampapp.alerts.simulated_names import simulated_oid
from stampapp.simulation import lsst_shapes
from stampapp.simulation.lsst_detections import LsstDetection
from stampapp.simulation.lsst_stamps import Place
from stampapp.simulation.observation import Observation

Fields = Mapping[str, object]

_DOUBLE = frozenset({"midpointMjdTai", "ra", "dec", "trailRa", "trailDec", "timeProcessedMjdTai"})
_MJD = 2400000.5
_NIGHT = 0.5
_PIXEL = 0.2
_PSF_PIXELS = 41 * 41
_KNOWN = 0.85
_REASONS = (
    *("bad", "cr", "crCenter", "edge", "nodata", "nodataCenter", "interpolated"),
    *("interpolatedCenter", "offimage", "saturated", "saturatedCenter", "suspect"),
    *("suspectCenter", "streak", "streakCenter", "injected", "injectedCenter"),
    *("injected_template", "injected_templateCenter"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceWriter:
    """Writes the fields of a source; `number` is a text of 15 digits that names its alert."""

    rng: Generator
    observation: Observation
    detection: LsstDetection
    place: Place
    label: str
    number: str

    def fields(self) -> dict[str, object]:
        """Return all fields, floats rounded to the precision that they have in a packet."""
        parts = (
            self._identity(),
            self._position(),
            self._fluxes(),
            self._trail(),
            self._dipole(),
            self._shape(),
            self._scores(),
            self._pixel_flags(),
        )
        return {name: _rounded(name, value) for part in parts for name, value in part.items()}

    def _identity(self) -> Fields:
        name = int(simulated_oid(self.observation.camera.survey, self.number))
        known = self.label == "asteroid" and self.rng.random() < _KNOWN
        middle = times.utc_to_tai(self.observation.exposure.mjd)
        return {
            "diaSourceId": name,
            "visit": _visit(self.rng, middle),
            "detector": int(self.rng.integers(0, 189)),
            "diaObjectId": 0 if known else name,
            "ssObjectId": name if known else 0,
            "parentDiaSourceId": 0,
            "midpointMjdTai": middle,
            "timeProcessedMjdTai": middle + self.rng.uniform(0.0014, 0.0022),
            "timeWithdrawnMjdTai": None,
            "band": self.observation.exposure.band,
        }

    def _position(self) -> Fields:
        place, width = self.place, self.observation.exposure.fwhm
        signal = self.detection.snr
        if self.detection.dipole:
            signal = max(abs(self.detection.dipole.flux) / self.detection.dipole.error, signal)
        x_error, y_error = (
            0.72 * width / signal * math.exp(self.rng.normal(0.0, 0.15)) for _ in range(2)
        )
        degrees = _PIXEL / 3600.0
        return {
            "ra": place.ra,
            "raErr": x_error * degrees / max(math.cos(math.radians(place.dec)), 0.01),
            "dec": place.dec,
            "decErr": y_error * degrees,
            "ra_dec_Cov": x_error * y_error * degrees**2 * self.rng.normal(0.0, 0.2),
            "x": place.x,
            "xErr": x_error,
            "y": place.y,
            "yErr": y_error,
            "centroid_flag": False,
        }

    def _fluxes(self) -> Fields:
        found, edge = self.detection, bool(self.place.missing.any() and self._touches_missing())
        template = found.template_flux
        return {
            "apFlux": found.aperture_flux[0],
            "apFluxErr": found.aperture_flux[1],
            "apFlux_flag": edge,
            "apFlux_flag_apertureTruncated": edge,
            "isNegative": found.negative,
            "snr": found.snr,
            "psfFlux": found.psf_flux.value,
            "psfFluxErr": found.psf_flux.error,
            "psfLnL": None,
            "psfChi2": found.psf_flux.chi2,
            "psfNdata": _PSF_PIXELS,
            "psfFlux_flag": edge,
            "psfFlux_flag_edge": edge,
            "psfFlux_flag_noGoodPixels": False,
            "scienceFlux": found.science_flux.value,
            "scienceFluxErr": found.science_flux.error,
            "forced_PsfFlux_flag": edge,
            "forced_PsfFlux_flag_edge": edge,
            "forced_PsfFlux_flag_noGoodPixels": False,
            "templateFlux": template.value,
            "templateFluxErr": template.error,
        }

    def _trail(self) -> Fields:
        moments, flux = self.detection.moments, self.detection.psf_flux.value
        absent = {
            "trailFlux": None,
            "trailFluxErr": None,
            "trailRa": None,
            "trailDec": None,
            "trailLength": None,
            "trailAngle": None,
        }
        never = ("trailRaErr", "trailDecErr", "trailLengthErr", "trailAngleErr", "trailChi2")
        found: dict[str, object] = {**absent, **dict.fromkeys(never)}
        found |= {"trailNdata": 0, "trail_flag_edge": False}
        if moments is not None:
            length = lsst_shapes.trail_length(moments)
            wide = 1.0 + 0.1 * (length / self.observation.exposure.fwhm) ** 2
            found |= {
                "trailFlux": flux * wide * math.exp(self.rng.normal(0.0, 0.06)),
                "trailFluxErr": math.exp(self.rng.normal(3.0, 1.2)),
                "trailRa": self.place.ra + self.rng.normal(0.0, 2e-5),
                "trailDec": self.place.dec + self.rng.normal(0.0, 2e-5),
                "trailLength": length * _PIXEL,
                "trailAngle": self.place.bearing(*moments.direction),
            }
        return found

    def _dipole(self) -> Fields:
        dipole, found = self.detection.dipole, self.detection
        return {
            "dipoleMeanFlux": dipole and dipole.flux - found.psf_flux.value / 2,
            "dipoleMeanFluxErr": dipole and dipole.error * self.rng.uniform(0.5, 1.0),
            "dipoleFluxDiff": dipole and 0.0,
            "dipoleFluxDiffErr": dipole and dipole.error * self.rng.uniform(1.1, 2.0),
            "dipoleLength": dipole and dipole.length * _PIXEL,
            "dipoleAngle": dipole and self.place.bearing(dipole.x, dipole.y),
            "dipoleChi2": dipole and found.psf_flux.chi2 * self.rng.uniform(0.4, 1.1),
            "dipoleNdata": int(2.5 * found.box**2) if dipole else 0,
            "isDipole": dipole is not None,
            "dipoleFitAttempted": dipole is not None,
        }

    def _shape(self) -> Fields:
        moments, psf, area = self.detection.moments, self.detection.psf_moments, _PIXEL**2
        return {
            "ixx": moments and moments.xx * area,
            "iyy": moments and moments.yy * area,
            "ixy": moments and moments.xy * area,
            "ixxPSF": psf.xx * area,
            "iyyPSF": psf.yy * area,
            "ixyPSF": psf.xy * area,
            "shape_flag": moments is None,
            "shape_flag_no_pixels": False,
            "shape_flag_not_contained": False,
            "shape_flag_parent_source": False,
            "extendedness": moments and lsst_shapes.extendedness(moments, psf),
            "bboxSize": self.detection.box,
        }

    def _scores(self) -> Fields:
        glint = self.observation.scene.artifact == "glint"
        return {
            "reliability": _reliability(self.rng, self.detection, self.label),
            "glint_trail": bool(glint and self.rng.random() < 0.4),
        }

    def _pixel_flags(self) -> Fields:
        artifact, rng = self.observation.scene.artifact, self.rng
        raised = set()
        if self.place.missing.any() and self._touches_missing():
            raised |= {"edge" if artifact == "edge" else "interpolated"}
        if artifact == "cosmic ray" and rng.random() < 0.35:
            raised |= {"cr", "interpolated"}
        if artifact == "streak" and rng.random() < 0.5:
            raised |= {"streak", "streakCenter"}
        if rng.random() < (0.3 if artifact in ("column", "spike") else 0.02):
            raised |= {"interpolated"}
        raised |= self._saturation()
        return {"pixelFlags": False, **{f"pixelFlags_{one}": one in raised for one in _REASONS}}

    def _saturation(self) -> set[str]:
        limit = 0.98 * self.observation.camera.saturation
        half = self.detection.box // 2
        full = _around(self.observation.science, self.detection, half) >= limit
        if not full.any():
            return set()
        middle = _around(self.observation.science, self.detection, 1) >= limit
        centre = {"saturatedCenter", "interpolatedCenter"} if middle.any() else set()
        return {"saturated", "interpolated"} | centre

    def _touches_missing(self) -> bool:
        side, reach = len(self.place.missing), self.detection.box // 2
        middle = slice(max(side // 2 - reach, 0), side // 2 + reach)
        return bool(self.place.missing[middle, middle].any())


def _around(image: np.ndarray, detection: LsstDetection, half: int) -> np.ndarray:
    row, column = (image.shape[0] // 2 + round(value) for value in (detection.y, detection.x))
    return image[row - half : row + half + 1, column - half : column + half + 1]


def _visit(rng: Generator, middle: float) -> int:
    """Return a number of a visit: the date of the night, and a count."""
    year, month, day, _ = erfa.jd2cal(_MJD, math.floor(middle - _NIGHT))
    return int(f"{int(year):04d}{int(month):02d}{int(day):02d}{int(rng.integers(1, 1200)):05d}")


def _reliability(rng: Generator, found: LsstDetection, label: str) -> float:
    """Draw the score of a network that is mostly right, surer of brighter sources."""
    strength = min(math.log10(found.snr / 5.0), 1.2)
    under = max(found.template_flux.value, 0.0) / max(abs(found.psf_flux.value), 1.0)
    if label == "bogus":
        centre = rng.normal(1.5, 1.5) if rng.random() < 0.07 else rng.normal(-0.7, 0.8)
        if found.dipole is not None:
            centre = rng.normal(0.0, 0.4)
    elif rng.random() < 0.04:
        centre = rng.normal(-0.3, 1.0)
    else:
        centre = 3.4 + 6.0 * strength - 1.0 * min(math.log10(1 + under), 2.0) + rng.normal(0, 1.7)
    return 1.0 / (1.0 + math.exp(-centre))


def _rounded(name: str, value: object) -> object:
    if isinstance(value, float) and name not in _DOUBLE:
        return float(np.float32(value))
    return value
