"""Where the centre of a stamp lies: against geometry, plain astropy, and the packets themselves."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.alerts import packets as formats
from stampapp.errors import BadAlert
from stampapp.stamps import fits_image, wcs
from stampapp.stamps.fits_header import Header
from tests.support.atlas import SHAPE, atlas_header, packets
from tests.support.bad_alerts import attempt, cause

ARCSEC = 1 / 3600
PIXEL = 1.862 * ARCSEC
# Distortions as strong as those of a real header.
PV = {"PV1_1": 1.0, "PV1_4": 4.2e-5, "PV1_7": -6.4e-4, "PV2_1": 1.0, "PV2_7": -6.5e-4}


def deprojected(xi: float, eta: float, ra: float = 150.0, dec: float = 2.0) -> tuple[float, float]:
    """The gnomonic projection undone: plane coordinates and its centre in degrees → ra, dec."""
    x, y, a0, d0 = map(math.radians, (xi, eta, ra, dec))
    a = a0 + math.atan2(x, math.cos(d0) - y * math.sin(d0))
    d = math.atan2(
        (math.sin(d0) + y * math.cos(d0)) * math.cos(a - a0), math.cos(d0) - y * math.sin(d0)
    )
    return math.degrees(a) % 360.0, math.degrees(d)


def test_the_centre_at_the_reference_point_is_its_position() -> None:
    assert wcs.image_centre(atlas_header()) == pytest.approx((150.0, 2.0), abs=1e-12)


def test_the_centre_of_a_stamp_far_from_the_reference_point() -> None:
    header = atlas_header(CRPIX1=31.0 - 2000, CRPIX2=31.0 + 3000)
    expected = deprojected(2000 * -5.0e-4, -3000 * 5.0e-4)
    assert wcs.image_centre(header) == pytest.approx(expected, abs=1e-11)


def test_the_polynomial_of_the_pv_cards_is_applied() -> None:
    header = atlas_header(CRPIX1=31.0 - 2000, CRPIX2=31.0 + 3000, **PV)
    x, y = 2000 * -5.0e-4, -3000 * 5.0e-4
    xi = x + PV["PV1_4"] * x**2 + PV["PV1_7"] * x**3
    eta = y + PV["PV2_7"] * y**3
    assert wcs.image_centre(header) == pytest.approx(deprojected(xi, eta), abs=1e-11)


def test_two_headers_that_differ_in_one_term_have_centres_of_their_own() -> None:
    far = {"CRPIX1": -2000.0, "CRPIX2": 3000.0, **PV}
    centres = [wcs.image_centre(atlas_header(**far | {"PV1_7": term})) for term in (0.0, 1e-6, 0.0)]
    assert centres[0] == centres[2] != centres[1]


def test_threads_do_not_get_in_each_others_way() -> None:
    headers = [
        atlas_header(**PV | {"CRPIX1": -2000.0 + n, "CRVAL1": float(n), "PV1_7": n * 1e-5})
        for n in range(40)
    ]
    alone = [wcs.image_centre(header) for header in headers]
    assert len(set(alone)) == 40
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(wcs.image_centre, headers * 25)) == alone * 25


def test_the_sip_cards_do_not_count() -> None:
    sip = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-3, "B_0_2": 1e-3}
    far = {"CRPIX1": -2000.0, "CRPIX2": 3000.0, **PV}
    assert wcs.image_centre(atlas_header(**far, **sip)) == wcs.image_centre(atlas_header(**far))


def test_a_header_without_units_means_degrees() -> None:
    without = atlas_header(CUNIT1=None, CUNIT2=None)
    assert wcs.image_centre(without) == wcs.image_centre(atlas_header())


def test_right_ascensions_go_round() -> None:
    ra, _ = wcs.image_centre(atlas_header(CRVAL1=359.999, CRVAL2=0.0, CRPIX1=31.0 + 4.0))
    assert ra == pytest.approx(0.001, abs=1e-9)
    ra, _ = wcs.image_centre(atlas_header(CRVAL1=-10.0))
    assert ra == pytest.approx(350.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"CTYPE1": None},
        {"CTYPE1": "'RA---TAN'"},
        {"CTYPE2": "'RA---TPV'"},
        {"CTYPE1": 1},
        {"CUNIT1": "'arcsec'"},
        {"CRVAL1": None},
        {"CRVAL1": "'150'"},
        {"CRVAL1": 361},
        {"CRVAL2": -91},
        {"CRPIX1": "nan"},
        {"CRPIX2": "1E999"},
        {"CD1_1": None},
        {"CD1_1": 0.0},
        {"CD1_1": 0.0, "CD2_2": 0.0},
        {"PV1_7": "none"},
        {"PV2_7": "1E999"},
        {"CD1_1": 1e300, "CRPIX1": -1e300},
        {"LONPOLE": "'up'"},
    ],
)
def test_a_header_without_a_position_is_a_bad_alert(
    changes: dict[str, object],
) -> None:
    assert cause(wcs.image_centre, atlas_header(**changes)) == "stamp-wcs"


NAMES = ("CRVAL1", "CRVAL2", "CRPIX1", "CD1_1", "CD2_2", "LONPOLE", "PV1_0", "PV1_1", "PV2_39")
NUMBERS = st.floats().map(lambda number: f"{number:.12E}") | st.just("'text'") | st.none()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), NUMBERS))
def test_whatever_the_cards_there_is_a_position_or_a_bad_alert(cards: dict[str, Any]) -> None:
    found = attempt(wcs.image_centre, atlas_header(**cards))
    if not isinstance(found, BadAlert):
        assert 0.0 <= found[0] <= 360.0
        assert -90.0 <= found[1] <= 90.0


def test_astropy_neither_writes_nor_fetches_anything(tmp_path: Path) -> None:
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise OSError('no network here')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from stampapp.stamps import wcs\n"
        "from tests.support.atlas import atlas_header\n"
        "print(*wcs.image_centre(atlas_header()))"
    )
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[3])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [float(word) for word in done.stdout.split()] == pytest.approx([150.0, 2.0])
    assert done.stderr == ""
    assert list(tmp_path.rglob("*")) == [home]


@pytest.fixture(scope="module")
def science(shared_data: Path) -> dict[str, bytes]:
    """The science stamps of the real packets."""
    found = {}
    for candid, packet in packets(shared_data).items():
        data = formats.decode_alert(packet).stamps["science"]
        assert data
        found[candid] = data
    assert len(found) == 6
    return found


def centre(data: bytes) -> tuple[float, float]:
    return wcs.image_centre(fits_image.read_stamp(data, SHAPE, "science").header)


def by_the_whole_header(data: bytes) -> tuple[float, float]:
    """Let astropy read the whole header, by way of the suffixes that make it accept the SIP cards.

    That is how ALeRCE's step gets the centre of an image.
    """
    with fits.HDUList.fromstring(data) as file:
        header = file[0].header.copy()
    for axis in (1, 2):
        header[f"CTYPE{axis}"] += "-SIP"
    for keyword in ("CNPIX1", "CNPIX2", "RADECSYS", "RADESYS", "RP_SCHIN", "CDANAM", "CDSKEW"):
        header.remove(keyword, ignore_missing=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        wcs = WCS(header, relax=True)
    wcs.sip = None
    terms = [(axis, term, f"PV{axis}_{term}") for axis in (1, 2) for term in range(40)]
    wcs.wcs.set_pv([(axis, term, header[key]) for axis, term, key in terms if key in header])
    wcs.wcs.ctype = ["RA---TPV", "DEC--TPV"]
    ra, dec = wcs.wcs_pix2world(31.0, 31.0, 1)
    return float(ra), float(dec)


def test_real_centres_are_those_that_astropy_finds_by_the_whole_header(
    science: dict[str, bytes],
) -> None:
    for data in science.values():
        assert centre(data) == pytest.approx(by_the_whole_header(data), abs=1e-10)


def test_real_centres_are_where_the_alerts_are(
    science: dict[str, bytes], shared_data: Path
) -> None:
    for candid, packet in packets(shared_data).items():
        alert = formats.decode_alert(packet)
        ra, dec = centre(science[candid])
        across = (ra - alert.ra) * math.cos(math.radians(dec))
        # The stamp is cut at whole pixels: its centre is within one of the detection.
        assert math.hypot(across, dec - alert.dec) < PIXEL


def test_the_detection_lies_in_the_stamp_where_the_packet_says(
    science: dict[str, bytes], shared_data: Path
) -> None:
    for candid, packet in packets(shared_data).items():
        alert = formats.decode_alert(packet)
        header = fits_image.read_stamp(science[candid], SHAPE, "science").header
        offsets = [_offset(header, alert.extra_fields, axis) for axis in (1, 2)]
        ra, dec = centre(_shifted(science[candid], offsets))
        across = (ra - alert.ra) * math.cos(math.radians(dec))
        assert math.hypot(across, dec - alert.dec) < 0.15 * ARCSEC


def _offset(header: Header, extra: Any, axis: int) -> float:
    """How far the detection is from the centre: X counts from the corner of the first pixel."""
    first = header.value(f"CNPIX{axis}")
    assert isinstance(first, float)
    return float(extra["XY"[axis - 1]]) - first + 0.5 - 31.0


def _shifted(data: bytes, offsets: list[float]) -> bytes:
    """Move the reference point, so that the centre falls where the detection is."""
    text = fits_image.read_stamp(data, SHAPE, "science").header
    for axis, offset in zip((1, 2), offsets, strict=True):
        place = text.value(f"CRPIX{axis}")
        assert isinstance(place, float)
        card = f"CRPIX{axis}  = {place - offset:>20.10E}".ljust(80).encode()
        at = data.index(f"CRPIX{axis}  = ".encode())
        data = data[:at] + card + data[at + 80 :]
    return data
