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
    """Variable sources and supernovae. All magnitudes are those in the template, to 20.5 mag.

    `variable` are magnitudes of variable stars, `amplitude` their changes in mag; a share
    `pulsating` is of the halo and has `pulsator` and `pulsation` instead. None becomes brighter
    by more than `brightening` mag. A change needs a significance of `least_snr`.

    `nucleus` are magnitudes of active galaxies, of which a share `pointlike` shows hardly a host.
    The others have a `nuclear_share` of the light from the nucleus, between these limits, and are
    brighter by `host_excess` mag. Nuclei of 19 mag vary by `flicker` mag (scatter), which itself
    scatters by `flicker_scatter` in ln; fainter ones vary by more, `fainter_flicker` in log10 per
    magnitude.

    `host` are magnitudes of the hosts of supernovae, and `host_offset` is half the mean distance
    from their middle in half-light radii.
    """

    variable: Normal = (15.0, 1.5)
    amplitude: Lognormal = (0.25, 0.9)
    pulsating: float = 0.0
    pulsator: Normal = (17.5, 1.2)
    pulsation: Lognormal = (0.4, 0.5)
    brightening: float = math.inf
    nucleus: Normal = (19.4, 0.8)
    pointlike: float = 0.65
    nuclear_share: tuple[float, float] = (0.2, 0.85)
    host_excess: float = 0.0
    flicker: float = 0.25
    flicker_scatter: float = 0.0
    fainter_flicker: float = 0.0
    least_snr: float = 5.3
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

    `artifacts` are relative frequencies, `cloudy` and `clear` those of errors of the flux scale in
    dimmed and in other exposures; `strength` is a factor for the light of artifacts. Sources with
    residuals are brighter than the limit by `excess` mag. Residuals come from a `misregistration`
    in pixels and a relative `psf_error`. Where the flux scale is wrong, it is by up to
    `cloud_excess` times what a detection needs, with a misregistration of `cloud_shift` pixels.
    """

    artifacts: Mapping[str, float] = field(default_factory=_artifacts)
    cloudy: float = 0.9
    clear: float = 0.06
    strength: float = 1.0
    excess: Normal = (3.3, 1.6)
    misregistration: float = 0.25
    psf_error: float = 0.06
    cloud_excess: float = 1.9
    cloud_shift: float = 0.12


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Stars and galaxies around a detection.

    `stars` and `galaxies` are factors for their numbers, `scatter` that of the number of stars in
    ln, and `star_slope` by how much their counts grow in log10 per magnitude. The shares `in_disc`
    of variable stars and bogus detections are in the Milky Way's disc, with a mean distance from
    its plane of `disc_latitude` degrees; the others are anywhere. Both are more frequent towards
    its middle: by the exponential of `inner_galaxy` times the cosine of the longitude.
    """

    stars: float = 1.0
    scatter: float = 0.35
    star_slope: float = 0.22
    galaxies: float = 1.0
    in_disc: Mapping[str, float] = field(default_factory=lambda: {"VS": 0.82, "bogus": 0.4})
    disc_latitude: float = 13.0
    inner_galaxy: float = 0.0
