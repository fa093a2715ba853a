"""A scene: what is in front of the camera, and what is wrong with the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from stampapp.simulation.exposures import Exposure
from stampapp.simulation.light_sources import Source

# Scenes are drawn such that most detections have this signal-to-noise ratio at least.
MIN_SNR = 5.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The sources in front of the camera, and what is wrong with the image.

    `static` sources are in both images. `changed` sources are in the science image only, with
    these `fluxes` in DN, below 0 for lost light. `artifact` is the kind of artifact, if any.
    `catalogue_sources` are the entries of catalogues, if they differ from `static`. `in_halo` is
    whether the object is a star of the Milky Way's halo rather than of its disc.
    """

    exposure: Exposure
    static: tuple[Source, ...] = ()
    changed: tuple[Source, ...] = ()
    fluxes: tuple[float, ...] = ()
    artifact: str | None = None
    catalogue_sources: tuple[Source, ...] | None = None
    in_halo: bool = False


DrawScene = Callable[[Generator, Exposure], Scene]
