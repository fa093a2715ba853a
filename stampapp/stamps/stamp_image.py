"""Draw one stamp of an alert, pixel for pixel."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from stampapp.alerts.alert import Alert
from stampapp.stamps import fits_image, stretch
from stampapp.stamps.fits_image import Pixels
from stampapp.stamps.orientation import Orientation, Place
from stampapp.stamps.stamp_format import stamp_format


@dataclass(frozen=True, kw_only=True, slots=True)
class StampImage:
    """A stamp in colours, and the `pixels` that it shows, a difference as science minus template.

    Both are turned by `orientation`, rows from the top; `source` is the alert's (row, column) in
    them. `pixel_scale` is in arcsec per pixel.
    `is_light` where the sky is white, as it is in a difference.
    """

    colours: stretch.Colours
    pixels: Pixels
    orientation: Orientation
    source: Place
    pixel_scale: float | None
    is_light: bool

    def png(self) -> bytes:
        """Return the picture as a PNG of the stamp's size."""
        file = io.BytesIO()
        Image.fromarray(self.colours).save(file, format="PNG", compress_level=1)
        return file.getvalue()


def draw_stamp(alert: Alert, name: str) -> StampImage:
    """Draw the stamp of this name. Raises BadAlert where it cannot be read."""
    layout = stamp_format(alert.survey)
    stamp = fits_image.read_stamp(alert.stamps.get(name), None, name)
    orientation = layout.orientation(stamp.header)
    known = stamp.pixels
    if layout.no_data is not None:
        known = np.where(known == layout.no_data, np.nan, known)
    is_difference = name == "difference"
    # A difference is drawn as science minus template.
    turned = layout.difference_is_turned and is_difference and alert.isdiffpos < 0
    pixels = orientation.apply(-known if turned else known)
    source = layout.source_place(stamp.header, alert.ra, alert.dec)
    colour = stretch.colour_difference if is_difference else stretch.colour_brightness
    return StampImage(
        colours=colour(pixels),
        pixels=pixels,
        orientation=orientation,
        source=orientation.apply_to_place(source, stamp.pixels.shape),
        pixel_scale=orientation.scale or layout.pixel_scale,
        is_light=is_difference,
    )
