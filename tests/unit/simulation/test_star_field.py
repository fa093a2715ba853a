from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from stampapp.simulation import sky_positions, star_field
from stampapp.simulation.atlas import CAMERA as ATLAS
from stampapp.simulation.instruments import Camera
from stampapp.simulation.light_sources import Source
from stampapp.simulation.sky_positions import SkyPosition
from stampapp.simulation.ztf import CAMERA as ZTF
from tests.support.ideal_exposures import CAMERAS, at, exposure

REACH = 40.0
MJD = 59000.0


def field(seed: int, stars: float, galaxies: float) -> list[Source]:
    place = sky_positions.draw_sky_position(np.random.default_rng(0), ZTF, "bogus", MJD)
    dense = replace(place, stars=stars, galaxies=galaxies)
    return star_field.draw_surroundings(np.random.default_rng(seed), exposure(), dense, REACH)


def test_a_field_has_as_many_stars_and_galaxies_as_the_place() -> None:
    area = (2 * REACH * ZTF.pixel / 60) ** 2
    fields = [field(seed, 40.0, 10.0) for seed in range(40)]
    counts = [sum(one.extended for one in some) for some in fields]
    assert np.mean(counts) == pytest.approx(10.0 * area, rel=0.15)
    assert np.mean([len(some) for some in fields]) == pytest.approx(50.0 * area, rel=0.1)


def test_most_sources_are_faint_and_all_are_in_the_field() -> None:
    found = [one for seed in range(20) for one in field(seed, 40.0, 10.0)]
    assert all(max(abs(one.x), abs(one.y)) <= REACH for one in found)
    magnitudes = np.array([one.magnitude for one in found])
    assert magnitudes.max() <= star_field.FAINTEST
    bright, faint = (np.sum((magnitudes > m) & (magnitudes < m + 2)) for m in (17, 21))
    assert faint > 3 * bright


def test_field_without_sources() -> None:
    assert field(0, 0.0, 0.0) == []


def test_faint_galaxies_are_small() -> None:
    rng = np.random.default_rng(0)
    radii = {
        magnitude: np.median(
            [star_field.draw_galaxy(rng, exposure(), magnitude).radius for _ in range(60)]
        )
        for magnitude in (16.0, 18.0, 20.0, 22.0)
    }
    assert list(radii.values()) == sorted(radii.values(), reverse=True)
    assert radii[16.0] > 2 * radii[22.0]


def test_a_galaxy_covers_fewer_of_larger_pixels() -> None:
    ztf, atlas = (
        star_field.draw_galaxy(np.random.default_rng(0), exposure(camera), 18.0)
        for camera in (ZTF, ATLAS)
    )
    assert ztf.radius * ZTF.pixel == pytest.approx(atlas.radius * ATLAS.pixel)
    assert ztf.extended
    assert 0.2 <= ztf.ratio <= 1.0


def test_moved_source_changes_position_only() -> None:
    galaxy = at(1.0, 2.0, radius=2.0, index=2.5, angle=0.5)
    assert galaxy.moved(3.0, -1.5) == replace(galaxy, x=4.0, y=0.5)
    assert not at().extended


def ecliptic_and_galactic(label: str, count: int = 200) -> tuple[float, float]:
    rng = np.random.default_rng(1)
    drawn = [sky_positions.draw_sky_position(rng, ZTF, label, MJD) for _ in range(count)]
    ra, dec = (np.radians([getattr(one, name) for one in drawn]) for name in ("ra", "dec"))
    tilt = math.radians(23.4393)
    sine = np.sin(dec) * math.cos(tilt) - np.cos(dec) * math.sin(tilt) * np.sin(ra)
    latitude = np.degrees(np.arcsin(sine))
    return float(np.median(np.abs(latitude))), float(np.median([abs(p.gal_lat) for p in drawn]))


def test_latitudes_by_class() -> None:
    found = {label: ecliptic_and_galactic(label) for label in ("AGN", "SN", "VS", "asteroid")}
    assert found["asteroid"][0] < 12 < min(found[label][0] for label in ("AGN", "SN", "VS"))
    assert found["VS"][1] < 20 < min(found[label][1] for label in ("AGN", "SN"))


def drawn_places(label: str, count: int = 100) -> list[SkyPosition]:
    rng = np.random.default_rng(1)
    return [
        sky_positions.draw_sky_position(rng, camera, label, MJD)
        for camera in CAMERAS.values()
        for _ in range(count)
    ]


def test_stars_and_galaxies_by_galactic_latitude() -> None:
    low, high = (
        [one for one in drawn_places("bogus") if low <= abs(one.gal_lat) < high]
        for low, high in ((0, 12), (40, 90))
    )
    assert np.median([p.stars for p in low]) > 5 * np.median([p.stars for p in high])
    assert np.median([p.galaxies for p in high]) > 2 * np.median([p.galaxies for p in low])


def elongations(label: str, camera: Camera = ATLAS, count: int = 300) -> list[float]:
    rng = np.random.default_rng(1)
    some = [
        sky_positions.draw_sky_position(rng, camera, label, MJD + 20.0 * night)
        for night in range(count)
    ]
    return [one.elongation for one in some]


def test_atlas_observes_at_night() -> None:
    found = elongations("bogus")
    assert min(found) > 45.0
    assert 80.0 < np.median(found) < 120.0
    assert max(found) <= 180.0


def test_atlas_finds_most_asteroids_opposite_the_sun() -> None:
    assert np.median(elongations("asteroid")) > np.median(elongations("bogus")) + 25.0


def test_elongation_depends_on_the_date() -> None:
    def elongation(mjd: float) -> float:
        return sky_positions.draw_sky_position(
            np.random.default_rng(3), ZTF, "bogus", mjd
        ).elongation

    # astropy.coordinates.get_sun says RA 68.08 deg, Dec +21.91 deg.
    place = sky_positions.draw_sky_position(np.random.default_rng(3), ZTF, "bogus", MJD)
    sun = SkyCoord(68.08, 21.91, unit="deg")
    separation = sun.separation(SkyCoord(place.ra, place.dec, unit="deg")).deg
    assert elongation(MJD) == pytest.approx(separation, abs=0.05)
    assert elongation(MJD) == pytest.approx(elongation(MJD + 365.25), abs=0.5)
    assert abs(elongation(MJD) - elongation(MJD + 90)) > 5.0


def test_positions_are_in_reach_of_the_camera() -> None:
    rng = np.random.default_rng(1)
    for camera in CAMERAS.values():
        for _ in range(100):
            assert (
                camera.min_dec
                <= sky_positions.draw_sky_position(rng, camera, "asteroid", MJD).dec
                <= camera.max_dec
            )


def latitudes(*, in_halo: bool) -> list[float]:
    rng = np.random.default_rng(9)
    drawn = [
        sky_positions.draw_sky_position(rng, ZTF, "VS", MJD, in_halo=in_halo) for _ in range(300)
    ]
    return [abs(place.gal_lat) for place in drawn]


def test_stars_of_the_halo_are_at_all_latitudes_and_those_of_the_disc_near_its_plane() -> None:
    # A half of the sky is within 30 degrees of the plane.
    assert np.mean(np.array(latitudes(in_halo=True)) > 30.0) == pytest.approx(0.5, abs=0.1)
    assert np.mean(np.array(latitudes(in_halo=False)) > 30.0) < 0.2


def test_variable_stars_of_ztf_are_more_frequent_towards_the_middle_of_the_galaxy() -> None:
    rng = np.random.default_rng(10)
    drawn = [sky_positions.draw_sky_position(rng, ZTF, "VS", MJD) for _ in range(300)]
    evenly = replace(ZTF, surroundings=replace(ZTF.surroundings, inner_galaxy=0.0))
    others = [sky_positions.draw_sky_position(rng, evenly, "VS", MJD) for _ in range(300)]

    def towards(some: list[SkyPosition]) -> float:
        return float(np.mean([np.cos(np.radians(place.gal_long)) > 0 for place in some]))

    assert towards(drawn) > towards(others) + 0.1
