"""A scene as a camera took it, and the stamps that are cut out of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from stampapp.simulation import detections, fits_writer
from stampapp.simulation.artifacts import Mask
from stampapp.simulation.detections import Detection
from stampapp.simulation.exposures import Exposure
from stampapp.simulation.fits_writer import Cards
from stampapp.simulation.image_model import Image
from stampapp.simulation.instruments import Camera
from stampapp.simulation.scenes import Scene
from stampapp.simulation.sky_positions import Place

# The stamps of an alert by their names.
Stamps = Mapping[str, bytes | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A scene as it came out: both images, their difference, and what was detected in it."""

    scene: Scene
    place: Place
    science: Image
    template: Image
    difference: Image
    detection: Detection

    @property
    def exposure(self) -> Exposure:
        """The exposure of the science image."""
        return self.scene.exposure

    @property
    def camera(self) -> Camera:
        """The camera that took it."""
        return self.exposure.camera


def stamp(shot: Shot, image: Image, lost: Mask | None = None, cards: Cards | None = None) -> bytes:
    """Return the stamp around the detection as gzipped FITS, without the pixels that are `lost`."""
    cut = detections.stamp(image, shot.detection, shot.camera.side).copy()
    if lost is not None:
        cut[lost] = math.nan
    return fits_writer.write(cut, cards or {}, compressed=True)
