"""Properties of a survey's telescope, detector and reductions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from stampapp.alerts.surveys import Survey
from stampapp.simulation.populations import BogusCauses, Objects, Surroundings


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A filter: its share of the exposures, and zero point and noise of a clear, dark exposure.

    `zero_point` is the magnitude of 1 DN, `noise` the standard deviation of an empty pixel in DN.
    """

    share: float
    zero_point: float
    noise: float


class Subtraction(Enum):
    """The method: ZOGY, or a template blurred to the seeing; the latter also with white noise."""

    PROPER = auto()
    MATCHED = auto()
    DECORRELATED = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """A survey's camera.

    `side` is that of a stamp in pixels, `pixel` the pixel scale in arcsec; `gain` in electrons per
    DN; `saturation` and `background` in DN. `seeing` is the median FWHM in arcsec, its scatter is
    in ln. `frames` are possible numbers of exposures in a template. `depth` is by how many
    magnitudes the survey is shallower than one to 20.5. `min_dec` and `max_dec` are in degrees.
    `elongations` (degrees) are the smallest distance from the Sun at which it observes, and that
    from which it observes as often as anywhere; None if its alerts do not show an effect.
    `sends_fading`: it sends alerts of sources that became fainter. `first_mjd` and `last_mjd` are
    in days (UTC). `moffat_beta` is the exponent of the PSF, `template_beta` that of the template,
    if it differs. `resampling` is the width (sigma) in pixels over which the noise of a template
    is correlated, as its exposures were resampled.
    `template_correlation` gives its correlations with the pixel one, two ... rows or columns away
    instead; `row_correlation` is the same for the rows of a science image, by its readout.
    `fit_area` (pixels) is a constant and a factor of the squared FWHM: the area whose noise limits
    the survey's photometry; None if that is the area of the PSF.
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
    first_mjd: float
    last_mjd: float
    moffat_beta: float = 3.0
    template_beta: float | None = None
    resampling: float = 0.0
    template_correlation: tuple[float, ...] = ()
    row_correlation: tuple[float, ...] = ()
    fit_area: tuple[float, float] | None = None
    objects: Objects = field(default_factory=Objects)
    bogus_causes: BogusCauses = field(default_factory=BogusCauses)
    surroundings: Surroundings = field(default_factory=Surroundings)
