"""An observation of a scene, and its stamps."""

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
from stampapp.simulation.scene import Scene
from stampapp.simulation.sky_positions import SkyPosition

# The stamps of an alert by their names.
Stamps = Mapping[str, bytes | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """A scene as observed: both images, their difference, and the detection in it."""

    scene: Scene
    place: SkyPosition
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


def cut_stamp(
    observation: Observation, image: Image, missing: Mask | None = None, cards: Cards | None = None
) -> bytes:
    """Return the stamp around the detection as gzipped FITS, NaN where pixels are `missing`."""
    cut = detections.cut_out(image, observation.detection, observation.camera.side).copy()
    if missing is not None:
        cut[missing] = math.nan
    return fits_writer.write_fits(cut, cards or {}, compressed=True)
