"""Pictures of real alerts compared with the sky: north must be up and east left.

By `ranr` and `decnr`, the reference source nearest to an alert of ZTF, by the positions of alerts
in one exposure of ZTF, by the WCS in the headers of ATLAS and of LSST, and by the positions of
sources on one detector of LSST.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.wcs import Wcsprm

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.stamps import fits_image, lsst, stamp_image
from stampapp.stamps.fits_header import Header
from tests.support.alerts import fits
from tests.support.lsst_schemas import SCHEMAS

PIXEL, SIDE = 1.01, 63
# A source must lie so many pixels off in both axes that its mirror images are elsewhere.
OFF, FARTHEST = 1.5, 29.0
# The signs of right by east and of up by north.
NORTH_UP_EAST_LEFT = (-1, 1)
CARDS, PC_CARDS = (
    tuple(f"{name}{row}_{column}" for row in (1, 2) for column in (1, 2)) for name in ("CD", "PC")
)
WAYS = (NORTH_UP_EAST_LEFT, (1, 1), (1, -1), (-1, -1))
# Arcsec to the east and north of a stamp's centre.
EAST, NORTH = 20.0, 12.0


def read(paths: list[Path]) -> Iterator[Alert]:
    for path in paths:
        with path.open("rb") as source:
            yield from (one for one in packets.decode_records(source) if isinstance(one, Alert))


@pytest.fixture(scope="module")
def ztf_alerts(shared_data: Path) -> list[Alert]:
    files = [shared_data / "ztf_sorting_hat.avro", *sorted(shared_data.glob("ztf_raw/*.avro"))]
    return list({one.candid: one for one in read(files)}.values())


def offset(ra: Any, dec: Any, alert: Alert) -> tuple[float, float]:
    """Return how many pixels of ZTF a position lies to the east and to the north of an alert."""
    east = ((ra - alert.ra + 180.0) % 360.0 - 180.0) * math.cos(math.radians(alert.dec))
    return east * 3600.0 / PIXEL, (dec - alert.dec) * 3600.0 / PIXEL


def brightest_way(alert: Alert, east: float, north: float) -> tuple[int, int]:
    """Return the way in which the template is brightest where the source would be."""
    pixels = stamp_image.draw_stamp(alert, "template").pixels
    light: Any = np.pad(np.where(np.isfinite(pixels), pixels, np.nanmedian(pixels)), 1, "edge")

    def brightness(way: tuple[int, int]) -> float:
        column = 1 + SIDE // 2 + round(way[0] * east)
        row = 1 + SIDE // 2 - round(way[1] * north)
        return float(light[row - 1 : row + 2, column - 1 : column + 2].mean())

    return max(WAYS, key=brightness)


def test_reference_sources_of_ztf_lie_where_their_coordinates_say(ztf_alerts: list[Alert]) -> None:
    found: Counter[tuple[int, int]] = Counter()
    for alert in ztf_alerts:
        east, north = offset(alert.extra_fields["ranr"], alert.extra_fields["decnr"], alert)
        near, far = sorted((abs(east), abs(north)))
        if near >= OFF and far <= FARTHEST:
            found[brightest_way(alert, east, north)] += 1
    assert found.total() >= 20
    # The catalogue is deeper than the stamps: some of its sources are lost in the noise.
    assert found[NORTH_UP_EAST_LEFT] >= 0.66 * found.total(), found


def test_alerts_of_one_exposure_of_ztf_lie_to_each_other_as_on_the_sky(
    ztf_alerts: list[Alert],
) -> None:
    compared = 0
    for one, other in combinations(ztf_alerts, 2):
        if (one.mjd, one.extra_fields["rcid"]) != (other.mjd, other.extra_fields["rcid"]):
            continue
        east, north = offset(other.ra, other.dec, one)
        columns, rows = (
            float(other.extra_fields[name]) - float(one.extra_fields[name])  # type: ignore[arg-type]
            for name in ("xpos", "ypos")
        )
        if min(abs(east), abs(north)) > 50.0:
            compared += 1
            pixels = np.zeros((3, 3), np.float32)
            pixels[1 + int(np.sign(rows)), 1 + int(np.sign(columns))] = 1.0
            assert place_of_maximum(one, "science", fits(pixels)) == (
                -np.sign(east),
                np.sign(north),
            )
    assert compared >= 50


def test_north_of_a_stamp_of_ztf_is_marked_up_and_east_left(ztf_alerts: list[Alert]) -> None:
    for name in ("science", "template", "difference"):
        drawn = stamp_image.draw_stamp(ztf_alerts[0], name)
        assert drawn.orientation.north == pytest.approx((0.0, 1.0))
        assert drawn.orientation.east == pytest.approx((-1.0, 0.0))
        assert drawn.pixel_scale == pytest.approx(PIXEL)


@pytest.fixture(scope="module")
def atlas_alerts(shared_data: Path) -> list[Alert]:
    """Six packets, and a pair of stamps from the south, which ATLAS sends upside down."""
    alerts = list(read(sorted(shared_data.glob("atlas_raw/*.avro"))))
    south = {
        name: (shared_data / "atlas_raw" / f"{name}.fits.gz").read_bytes()
        for name in ("science", "difference")
    }
    return [*alerts, replace(alerts[0], stamps=south)]


@pytest.mark.parametrize("name", ["science", "difference"])
def test_the_pixels_of_atlas_lie_where_the_wcs_says(atlas_alerts: list[Alert], name: str) -> None:
    seen = set()
    for alert in atlas_alerts:
        stamp = fits_image.read_stamp(alert.stamps[name], None, name)
        column, row = pixel_beside_centre(stamp.header)
        middle = stamp.pixels.shape[0] // 2
        seen.add((column > middle, row > middle))
        pixels = np.zeros(stamp.pixels.shape, np.float32)
        pixels[row, column] = 1.0
        header = {key: stamp.header.value(key) for key in CARDS}
        right, up = place_of_maximum(alert, name, fits(pixels, **header))
        drawn = stamp_image.draw_stamp(alert, name)
        assert drawn.pixel_scale
        assert right == pytest.approx(-EAST / drawn.pixel_scale, abs=1.0)
        assert up == pytest.approx(NORTH / drawn.pixel_scale, abs=1.0)
        assert drawn.orientation.north == pytest.approx((0.0, 1.0), abs=0.02)
        assert drawn.orientation.east == pytest.approx((-1.0, 0.0), abs=0.02)
    # Two of the ways in which ATLAS sends its stamps.
    assert seen == {(False, True), (True, False)}


def pixel_beside_centre(header: Header) -> tuple[int, int]:
    """Return the column and row EAST and NORTH of the centre, by wcslib without the distortion."""
    wcs: Any = Wcsprm(naxis=2)
    wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.crval = [header.value("CRVAL1"), header.value("CRVAL2")]
    wcs.crpix = [header.value("CRPIX1"), header.value("CRPIX2")]
    wcs.cd = np.reshape([header.value(key) for key in CARDS], (2, 2))
    middle = (float(header.value("NAXIS1") or 0) - 1.0) / 2.0
    ra, dec = wcs.p2s([[middle, middle]], 0)["world"][0]
    place = ra + EAST / 3600.0 / math.cos(math.radians(dec)), dec + NORTH / 3600.0
    column, row = wcs.s2p([place], 0)["pixcrd"][0]
    return round(column), round(row)


def place_of_maximum(alert: Alert, name: str, stamp: bytes) -> tuple[int, int]:
    """Return how far right and up of the picture's centre its largest pixel is."""
    pixels = stamp_image.draw_stamp(replace(alert, stamps={name: stamp}), name).pixels
    rows, columns = pixels.shape
    row, column = np.unravel_index(int(np.argmax(np.abs(pixels))), pixels.shape)
    return int(column) - columns // 2, rows // 2 - int(row)


@pytest.fixture(scope="module")
def lsst_alerts(shared_data: Path) -> list[Alert]:
    paths = sorted(shared_data.glob("lsst_raw/*.msg"))
    if not paths:
        pytest.skip("no real alerts of LSST: there is no folder shared/data/lsst_raw")
    return [packets.decode_alert(path.read_bytes(), SCHEMAS) for path in paths]


@pytest.mark.parametrize("name", ["science", "template", "difference"])
def test_the_pixels_of_lsst_lie_where_the_wcs_says(lsst_alerts: list[Alert], name: str) -> None:
    for alert in lsst_alerts:
        header = fits_image.read_stamp(alert.stamps[name], None, name).header
        column, row = lsst_pixel(header, alert, east=2.0, north=1.2)
        pixels = np.zeros((30, 30), np.float32)
        pixels[row, column] = 1.0
        cards = {key: header.value(key) for key in (*PC_CARDS, "CDELT1", "CDELT2")}
        right, up = place_of_maximum(alert, name, fits(pixels, **cards))
        drawn = stamp_image.draw_stamp(alert, name)
        north, east = drawn.orientation.north, drawn.orientation.east
        assert north
        assert east
        assert north[1] > 0.7
        # A source is up to a pixel from the middle, and the middle between two.
        assert right == pytest.approx((2.0 * east[0] + 1.2 * north[0]) / 0.2, abs=1.6)
        assert up == pytest.approx((2.0 * east[1] + 1.2 * north[1]) / 0.2, abs=1.6)


def lsst_pixel(header: Header, alert: Alert, east: float, north: float) -> tuple[int, int]:
    """Return the column and row so many arcsec from an alert, by wcslib."""
    wcs: Any = Wcsprm(naxis=2)
    wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.crval = [header.value("CRVAL1"), header.value("CRVAL2")]
    wcs.crpix = [header.value("CRPIX1"), header.value("CRPIX2")]
    wcs.pc = np.reshape([header.value(key) for key in PC_CARDS], (2, 2))
    place = (
        alert.ra + east / 3600.0 / math.cos(math.radians(alert.dec)),
        alert.dec + north / 3600.0,
    )
    column, row = wcs.s2p([place], 0)["pixcrd"][0]
    return round(column), round(row)


def test_sources_on_one_detector_of_lsst_lie_to_each_other_as_on_the_sky(
    lsst_alerts: list[Alert],
) -> None:
    compared = 0
    for one, other in combinations(lsst_alerts, 2):
        first, second = one.extra_fields, other.extra_fields
        if any(first[name] != second[name] for name in ("visit", "detector")):
            continue
        compared += 1
        columns, rows = (float(second[name]) - float(first[name]) for name in ("x", "y"))  # type: ignore[arg-type]
        orientation = stamp_image.draw_stamp(one, "science").orientation
        assert orientation.north
        assert orientation.east
        row, column = orientation.apply_to_place((rows, columns), (1, 1))
        east, north = (distance * PIXEL / 0.2 for distance in offset(other.ra, other.dec, one))
        shown = east * np.array(orientation.east) + north * np.array(orientation.north)
        assert (column, -row) == pytest.approx(tuple(shown), abs=0.02 * math.hypot(*shown))
    assert compared == 4


def test_the_angle_in_a_header_of_lsst_agrees_with_its_wcs(lsst_alerts: list[Alert]) -> None:
    compared = 0
    for alert in lsst_alerts:
        header = fits_image.read_stamp(alert.stamps["science"], None, "science").header
        angle = header.value("ROTPA")
        if angle is None:
            continue
        compared += 1
        found = lsst.orientation(header)
        by_angle = lsst.orientation(Header(f"ROTPA   = {angle:20}".ljust(80).encode()))
        assert (by_angle.mirrored, by_angle.turns) == (found.mirrored, found.turns)
        assert by_angle.north == pytest.approx(found.north, abs=0.03)
        assert found.scale == pytest.approx(0.2, rel=0.003)
    assert compared == 16
