"""One stamp of an alert → its picture, pixel for pixel, as astronomers draw it. Pure."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.stamps import fits_image, stretch
from stampapp.stamps import orientation as orientations
from stampapp.stamps.fits_image import Pixels
from stampapp.stamps.orientation import Orientation

NAMES = {
    Survey.ZTF: ("science", "template", "difference"),
    Survey.ATLAS: ("science", "difference"),
}
# What ATLAS writes where a star has saturated the camera.
_SATURATED = -31415.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Thumbnail:
    """A stamp in colours; `pixels` are the numbers drawn, a difference as science minus template.

    Both as they are laid by `orientation`, rows from the top.
    """

    colours: stretch.Colours
    pixels: Pixels
    orientation: Orientation

    def png(self) -> bytes:
        """Encode it, one pixel for each of the stamp's."""
        file = io.BytesIO()
        Image.fromarray(self.colours).save(file, format="PNG", compress_level=1)
        return file.getvalue()


def draw(alert: Alert, name: str) -> Thumbnail:
    """Draw the science, template or difference stamp. Raises BadAlert where it cannot be read."""
    stamp = fits_image.read(alert.stamps.get(name), None, name)
    orientation = orientations.upright(stamp.header)
    known = np.where(stamp.pixels == _SATURATED, np.nan, stamp.pixels)
    pixels = orientation.laid(_sign(alert, name) * known)
    colour = stretch.signed if name == "difference" else stretch.grey
    return Thumbnail(colours=colour(pixels), pixels=pixels, orientation=orientation)


def _sign(alert: Alert, name: str) -> float:
    """Return what makes of a difference science minus template.

    ZTF sends the opposite where the object has faded.
    """
    turned = name == "difference" and alert.survey is Survey.ZTF and alert.isdiffpos < 0
    return -1.0 if turned else 1.0
