from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.simulation import scenes
from stampapp.simulation.atlas import CAMERA as ATLAS
from stampapp.simulation.instruments import Camera
from stampapp.simulation.populations import Objects
from stampapp.simulation.scene import Scene
from stampapp.simulation.scenes import LABELS
from stampapp.simulation.simulated_survey import simulated_survey
from stampapp.simulation.ztf import CAMERA as ZTF
from tests.support.ideal_exposures import CAMERAS, exposure

EACH_CAMERA = pytest.mark.parametrize("camera", CAMERAS.values(), ids=[str(one) for one in CAMERAS])


def scenes_of_class(camera: Camera, label: str, count: int = 150) -> list[Scene]:
    rng = np.random.default_rng(6)
    simulated = simulated_survey(camera.survey)
    draw = simulated.scenes_by_class[label]
    return [draw(rng, simulated.draw_exposure(rng, camera)) for _ in range(count)]


def test_the_labels_are_the_five_classes() -> None:
    assert set(LABELS) == {"AGN", "SN", "VS", "asteroid", "bogus"}


@EACH_CAMERA
def test_an_asteroid_is_in_the_science_image_only_and_moves(camera: Camera) -> None:
    lengths = []
    for scene in scenes_of_class(camera, "asteroid"):
        assert scene.static == ()
        assert scene.catalogue_sources in (None, ())
        (mover,), (flux,) = scene.changed, scene.fluxes
        # Few asteroids of LSST are in a template instead.
        assert flux > 0 or camera.survey is Survey.LSST
        lengths.append(math.hypot(*mover.trail) * camera.pixel)
    # Main-belt asteroids move by tenths of an arcsec in an exposure, near-Earth ones by more.
    assert 0 < min(lengths) < max(lengths) <= 8.0
    assert np.median(lengths) < 0.5
    assert 0 < np.mean(np.array(lengths) > 1.0) < 0.2


@EACH_CAMERA
def test_supernovae_are_off_the_centre_of_a_galaxy(camera: Camera) -> None:
    offsets, radii = [], []
    for scene in scenes_of_class(camera, "SN"):
        (host,), (new,) = scene.static, scene.changed
        assert host.extended
        assert not new.extended
        assert (new.x, new.y) == (0.0, 0.0)
        offsets.append(math.hypot(host.x, host.y))
        radii.append(host.radius)
    ratios = np.array(offsets) / np.array(radii)
    # Supernovae follow the light: about half are within the half-light radius. In ZTF's alerts
    # they are farther out, as residuals of the middle hide some.
    farther = camera.objects.host_offset / 0.55
    assert 0.4 < np.median(ratios) / farther < 1.3
    assert ratios.max() / farther < 8
    assert min(offsets) > 0


@EACH_CAMERA
@pytest.mark.parametrize("label", ["AGN", "VS"])
def test_variable_sources_are_in_the_template(camera: Camera, label: str) -> None:
    for scene in scenes_of_class(camera, label):
        (changed,) = scene.changed
        assert changed in scene.static
        assert not changed.extended
        # A source cannot lose more light than it has.
        assert scene.fluxes[0] > -scene.exposure.flux(changed.magnitude)


@EACH_CAMERA
def test_a_host_is_around_its_nucleus(camera: Camera) -> None:
    hosts = [scene.static[1] for scene in scenes_of_class(camera, "AGN") if len(scene.static) > 1]
    assert len(hosts) > 30
    assert all(host.extended and (host.x, host.y) == (0.0, 0.0) for host in hosts)


@EACH_CAMERA
def test_bogus_scenes_have_no_changed_source(camera: Camera) -> None:
    found = scenes_of_class(camera, "bogus", 400)
    # LSST sends noise peaks, flashes of satellites and stars that moved.
    assert all(scene.changed == () for scene in found) or camera.survey is Survey.LSST
    assert None not in {scene.artifact for scene in found}


def test_all_artifacts_occur_and_errors_of_the_flux_scale_for_ztf_only() -> None:
    ztf, atlas = (
        Counter(scene.artifact for scene in scenes_of_class(camera, "bogus", 400))
        for camera in (ZTF, ATLAS)
    )
    assert set(ztf) - set(atlas) == {"flux scale"}
    assert set(atlas) <= set(ztf)
    assert {"residual", "noise", "cosmic ray", "column", "spike", "ghost", "edge"} <= set(atlas)


@pytest.mark.parametrize("label", ["AGN", "SN", "VS", "asteroid"])
def test_fading_scenes_are_for_ztf_only(label: str) -> None:
    fading = {
        camera.survey: [
            scene for scene in scenes_of_class(camera, label, 300) if scene.fluxes[0] < 0
        ]
        for camera in (ZTF, ATLAS)
    }
    assert not fading[ATLAS.survey] or label in ("AGN", "VS")
    # Scenes that were not bright enough after many attempts; they are not detected.
    assert len(fading[ATLAS.survey]) < 0.15 * 300
    assert bool(fading[ZTF.survey]) == (label != "asteroid")


def test_changes_of_faint_nuclei_are_larger_where_the_survey_says_so() -> None:
    def scatter(magnitude: float, *, fainter_flicker: float) -> float:
        objects = Objects(flicker=0.2, flicker_scatter=0.3, fainter_flicker=fainter_flicker)
        rng = np.random.default_rng(7)
        return float(np.std([scenes.draw_flicker(rng, objects, magnitude) for _ in range(2000)]))

    assert scatter(21.0, fainter_flicker=0.0) == pytest.approx(scatter(19.0, fainter_flicker=0.0))
    ratio = scatter(21.0, fainter_flicker=0.07) / scatter(19.0, fainter_flicker=0.07)
    assert ratio == pytest.approx(10**0.14)


def stars(objects: Objects) -> tuple[list[float], list[float]]:
    """Return the magnitudes of variable stars, and their changes relative to their flux."""
    rng = np.random.default_rng(8)
    seen = exposure(replace(ZTF, objects=objects))
    drawn = [scenes.SCENES["VS"](rng, seen) for _ in range(300)]
    # New stars are fainter.
    known = [scene for scene in drawn if scene.static[0].magnitude < 19.5]
    fluxes = [scene.fluxes[0] / seen.flux(scene.static[0].magnitude) for scene in known]
    return [scene.static[0].magnitude for scene in known], fluxes


def test_pulsating_stars_are_fainter_and_change_more() -> None:
    pulsating, other = (stars(replace(ZTF.objects, pulsating=share)) for share in (1.0, 0.0))
    assert np.median(pulsating[0]) > np.median(other[0]) + 0.5
    assert np.median(np.abs(pulsating[1])) > 1.5 * np.median(np.abs(other[1]))


def test_no_star_becomes_brighter_by_more_than_its_limit() -> None:
    unlimited = replace(ZTF.objects, pulsating=0.0, amplitude=(3.0, 0.5), brightening=math.inf)
    most = 10 ** (0.4 * 1.0) - 1
    assert max(stars(unlimited)[1]) > most
    assert max(stars(replace(unlimited, brightening=1.0))[1]) <= most * 1.0001


def test_only_pulsating_stars_are_in_the_halo() -> None:
    halo = np.mean([scene.in_halo for scene in scenes_of_class(ZTF, "VS", 400)])
    assert 0.15 < halo < 0.5
    for label in ("AGN", "SN", "bogus"):
        assert not any(scene.in_halo for scene in scenes_of_class(ZTF, label, 50))
    assert not any(scene.in_halo for scene in scenes_of_class(ATLAS, "VS", 50))
