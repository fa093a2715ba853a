"""An alert for notebooks, with its stamps as arrays and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.api.fits_stamps import FitsStamps
from stampapp.stamps import alert_figure

if TYPE_CHECKING:
    from stampapp.stamps.alert_figure import Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyAlert:
    """One detection of a survey, as `read_alerts` gives it. Jupyter shows its stamps.

    `aid` and `oid` name the object, `candid` the detection; all are text. `mjd` in days (UTC);
    `fid` is the name of the filter; `ra`, `dec` in degrees (ICRS); `mag`, `e_mag` in magnitudes.
    `isdiffpos` is +1 where the object is brighter than in the template and -1 where it is fainter.
    `extra_fields` has what else the packet says, by the survey's names and in its units.

    >>> import stampapp
    >>> from importlib.resources import files
    >>> alert = next(stampapp.read_alerts(files("stampapp") / "model/ztf/sample.avro"))
    >>> alert.fid in ("g", "r", "i"), -90 <= alert.dec <= 90
    (True, True)
    >>> list(alert.stamps)
    ['science', 'template', 'difference']
    >>> alert.stamps["science"].pixels.shape
    (63, 63)
    >>> alert.stamps["science"].header["NAXIS"]
    2
    >>> alert.plot().size
    (1024, 434)
    """

    aid: str
    oid: str
    candid: str
    survey: Survey
    mjd: float
    fid: str
    ra: float
    dec: float
    mag: float
    e_mag: float
    isdiffpos: int
    extra_fields: Mapping[str, object] = field(repr=False)
    stamps: FitsStamps

    @classmethod
    def of(cls, alert: Alert) -> SurveyAlert:
        """Return a decoded alert in this form."""
        values = {one.name: getattr(alert, one.name) for one in fields(alert)}
        return cls(**values | {"stamps": FitsStamps(alert.stamps)})

    def decoded(self) -> Alert:
        """Return the alert as the classifier takes it."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return Alert(**values | {"stamps": self.stamps.files})

    def plot(self) -> Figure:
        """Return a picture (PIL) of all stamps side by side, north up where the survey says it.

        Science and template have an arcsinh stretch; in the difference red is brighter and blue
        fainter. A stamp that cannot be read has the reason in its place. `.save("alert.png")`
        writes it to a file.
        """
        return alert_figure.draw_figure(self.decoded())

    def _repr_png_(self) -> bytes:
        """Return the picture as a PNG: Jupyter shows it."""
        return alert_figure.figure_png(self.decoded())
