"""What the objects, the bogus detections and the surroundings in a survey's alerts are like.

The defaults are for surveys of whose alerts too few are known to choose values by.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

# A normal distribution: mean and scatter.
Normal = tuple[float, float]
# A lognormal one: median, and scatter in ln.
Lognormal = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Objects:
    """Variable stars, active galaxies and supernovae.

    Magnitudes are those in the template, for a survey whose limit is 20.5 mag; `Camera.depth`
    shifts them.

    Variable stars have the magnitudes `variable` and change by `amplitude` mag. A share `pulsating`
    is of the halo and has `pulsator` and `pulsation` instead. Except for new stars, none becomes
    brighter by more than `brightening` mag. Stars and nuclei change by `least_snr` times the noise
    at least.

    Active galaxies have the magnitudes `nucleus`. A share `pointlike` shows hardly a host. The
    others have a share of their light from the nucleus between the two of `nuclear_share`, and are
    brighter by `host_excess` mag. Nuclei of 19 mag vary by `flicker` mag (scatter), which itself
    scatters by `flicker_scatter` in ln; fainter ones vary by more, `fainter_flicker` in log10 per
    magnitude.

    The hosts of supernovae have the magnitudes `host`; `host_offset` is half the mean distance of a
    supernova from the middle of its host, in half-light radii.
    """

    variable: Normal = (15.0, 1.5)
    amplitude: Lognormal = (0.25, 0.9)
    pulsating: float = 0.0
    pulsator: Normal = (17.0, 1.0)
    pulsation: Lognormal = (0.5, 0.5)
    brightening: float = math.inf
    least_snr: float = 5.3
    nucleus: Normal = (19.4, 0.8)
    pointlike: float = 0.65
    nuclear_share: tuple[float, float] = (0.2, 0.85)
    host_excess: float = 0.0
    flicker: float = 0.25
    flicker_scatter: float = 0.0
    fainter_flicker: float = 0.0
    host: Normal = (18.8, 1.5)
    host_offset: float = 0.55


def _artifacts() -> dict[str, float]:
    return {
        "residual": 0.4,
        "noise": 0.12,
        "cosmic ray": 0.06,
        "column": 0.06,
        "spike": 0.08,
        "ghost": 0.05,
        "edge": 0.07,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class BogusCauses:
    """What causes bogus detections.

    `artifacts` are relative frequencies; `strength` is a factor for their light. Sources with
    residuals are brighter than the limit by `excess` mag. Residuals come from a `misregistration`
    in pixels and a relative `psf_error` (scatter).

    A source also seems to vary where the flux scale is wrong: with the relative frequency
    `flux_scale_cloudy` in dimmed exposures and `flux_scale_clear` in others, by up to
    `flux_scale_excess` times what a detection needs, and with a misregistration of
    `flux_scale_shift` pixels (scatter).
    """

    artifacts: Mapping[str, float] = field(default_factory=_artifacts)
    strength: float = 1.0
    excess: Normal = (3.3, 1.6)
    misregistration: float = 0.25
    psf_error: float = 0.06
    flux_scale_cloudy: float = 0.0
    flux_scale_clear: float = 0.0
    flux_scale_excess: float = 1.0
    flux_scale_shift: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Stars and galaxies around a detection, and where stars are.

    `stars` and `galaxies` are factors for their numbers, `scatter` that of the number of stars in
    ln, and `star_slope` by how much their counts grow in log10 per magnitude.

    Of variable stars (other than pulsating ones) and bogus detections, the shares `in_disc` are in
    the Milky Way's disc, with a mean distance from its plane of `disc_latitude` degrees; the others
    have random directions. All are weighted by exp(`inner_galaxy` * cos(galactic longitude)).
    """

    stars: float = 1.0
    scatter: float = 0.35
    star_slope: float = 0.22
    galaxies: float = 1.0
    in_disc: Mapping[str, float] = field(default_factory=lambda: {"VS": 0.82, "bogus": 0.4})
    disc_latitude: float = 13.0
    inner_galaxy: float = 0.0
