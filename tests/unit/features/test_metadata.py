from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.classifiers.model_folder.description import Feature
from stampapp.errors import BadAlert
from stampapp.features import coordinates, metadata
from tests.support.alerts import alert

# Of J2000: IAU 2006 obliquity of the ecliptic; the galactic pole as Hipparcos defines it.
OBLIQUITY = math.radians(84381.406 / 3600)
POLE_RA, POLE_DEC, NODE = map(math.radians, (192.85948, 27.12825, 122.93192))


def feature(
    name: str,
    mean: float = 0.0,
    std: float = 1.0,
    lower: float | None = None,
    upper: float | None = None,
    *,
    knots: tuple[float, ...] = (),
) -> Feature:
    return Feature(name=name, mean=mean, std=std, lower=lower, upper=upper, knots=knots)


def value(name: str, **changes: Any) -> float:
    return float(metadata.feature_matrix([alert(**changes)], [feature(name)])[0, 0])


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The angle between two directions (longitude, latitude), all in degrees."""
    a, b = (unit(*map(math.radians, direction)) for direction in (one, other))
    return math.degrees(2 * math.asin(min(1.0, math.dist(a, b) / 2)))


def unit(longitude: float, latitude: float) -> tuple[float, float, float]:
    flat = math.cos(latitude)
    return flat * math.cos(longitude), flat * math.sin(longitude), math.sin(latitude)


def ecliptic_of(ra: float, dec: float) -> tuple[float, float]:
    x, y, z = unit(math.radians(ra), math.radians(dec))
    cos, sin = math.cos(OBLIQUITY), math.sin(OBLIQUITY)
    longitude = math.atan2(cos * y + sin * z, x)
    return math.degrees(longitude) % 360, math.degrees(math.asin(cos * z - sin * y))


def galactic_of(ra: float, dec: float) -> tuple[float, float]:
    a, d = math.radians(ra) - POLE_RA, math.radians(dec)
    sine = math.sin(d) * math.sin(POLE_DEC) + math.cos(d) * math.cos(POLE_DEC) * math.cos(a)
    y = math.cos(d) * math.sin(a)
    x = math.sin(d) * math.cos(POLE_DEC) - math.cos(d) * math.sin(POLE_DEC) * math.cos(a)
    longitude = math.degrees(NODE - math.atan2(y, x)) % 360
    return longitude, math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def ecliptic(ra: float, dec: float) -> tuple[float, float]:
    longitude, latitude = coordinates.ecliptic(np.array([ra]), np.array([dec]))
    return float(longitude[0]), float(latitude[0])


def galactic(ra: float, dec: float) -> tuple[float, float]:
    longitude, latitude = coordinates.galactic(np.array([ra]), np.array([dec]))
    return float(longitude[0]), float(latitude[0])


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ((0.0, 0.0), (0.0, 0.0)),
        ((90.0, 23.4392794), (90.0, 0.0)),
        ((270.0, 66.5607206), (0.0, 90.0)),
        ((90.0, -66.5607206), (0.0, -90.0)),
        # Pollux, as Meeus works it out (Astronomical Algorithms, example 13.a).
        ((116.328942, 28.026183), (113.215630, 6.684170)),
    ],
)
def test_known_ecliptic_positions(
    position: tuple[float, float], expected: tuple[float, float]
) -> None:
    assert apart(ecliptic(*position), expected) < 1e-4


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ((266.405, -28.936), (0.0, 0.0)),
        ((192.85948, 27.12825), (0.0, 90.0)),
        ((12.85948, -27.12825), (0.0, -90.0)),
        # The Andromeda galaxy and the Crab nebula.
        ((10.68471, 41.26875), (121.1743, -21.5733)),
        ((83.63308, 22.01450), (184.5575, -5.7843)),
    ],
)
def test_known_galactic_positions(
    position: tuple[float, float], expected: tuple[float, float]
) -> None:
    assert apart(galactic(*position), expected) < 1e-3


positions = st.tuples(st.floats(0, 360), st.floats(-90, 90))


@settings(max_examples=150, deadline=None)
@given(positions)
def test_coordinates_agree_with_plain_trigonometry(position: tuple[float, float]) -> None:
    # ICRS and the mean equinox of J2000 are 0.02" apart.
    assert apart(ecliptic(*position), ecliptic_of(*position)) < 3e-5
    assert apart(galactic(*position), galactic_of(*position)) < 3e-5


@settings(max_examples=150, deadline=None)
@given(positions)
def test_longitudes_lie_from_0_to_below_360(position: tuple[float, float]) -> None:
    for convert in (ecliptic, galactic):
        longitude, latitude = convert(*position)
        assert 0 <= longitude < 360
        assert -90 <= latitude <= 90


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("magpsf", 19.875),
        ("sigmapsf", 0.125),
        ("ra", 176.8611499),
        ("dec", 15.4590649),
        ("sgscore1", 0.25),
        ("ncovhist", 40.0),
        ("non_detections", 35.0),
        ("ecl_long", ecliptic_of(176.8611499, 15.4590649)[0]),
        ("ecl_lat", ecliptic_of(176.8611499, 15.4590649)[1]),
        ("gal_long", galactic_of(176.8611499, 15.4590649)[0]),
        ("gal_lat", galactic_of(176.8611499, 15.4590649)[1]),
    ],
)
def test_each_feature_comes_from_its_field(name: str, expected: float) -> None:
    assert value(name) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("sign", "expected"), [(1, 0.0), (-1, 1.0)])
def test_isdiffpos_is_as_in_training(sign: int, expected: float) -> None:
    assert value("isdiffpos", isdiffpos=sign) == expected


def test_the_matrix_has_a_row_for_each_alert_and_a_column_for_each_feature_in_order() -> None:
    alerts = [alert({"fwhm": 1}), alert({"fwhm": 2}), alert({"fwhm": 3}, mag=20.0)]
    found = metadata.feature_matrix(alerts, [feature("magpsf"), feature("fwhm")])
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, [[19.875, 1], [19.875, 2], [20.0, 3]])


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [(-1.5, -2.0), (-1.0, -2.0), (0.0, -1.5), (15.0, 6.0), (15.5, 6.0), (-999.0, -2.0)],
)
def test_a_value_is_clipped_then_scaled(given_value: float, expected: float) -> None:
    column = feature("chinr", mean=3.0, std=2.0, lower=-1.0, upper=15.0)
    assert metadata.feature_matrix([alert({"chinr": given_value})], [column])[0, 0] == expected


def test_a_value_of_a_feature_with_knots_becomes_its_score() -> None:
    knots = tuple(float(at) for at in range(25))
    column = feature("x", mean=1.0, std=2.0, lower=4.0, knots=knots)
    rows = [alert({"x": at}) for at in (0.0, 4.0, 12.0, 20.5, 99.0)]
    found = metadata.feature_matrix(rows, [column])[:, 0]
    # A knot is at every whole number, and a quarter of a score between two.
    np.testing.assert_allclose(found, [-1.5, -1.5, -0.5, 0.5625, 1.0])


def test_one_bound_may_be_open() -> None:
    rows = [alert({"x": -5}), alert({"x": 5})]
    columns = [feature("x", lower=0.0), feature("x", upper=0.0)]
    np.testing.assert_array_equal(metadata.feature_matrix(rows, columns), [[0, -5], [5, 0]])


def test_a_value_beyond_float32_is_silently_infinite() -> None:
    """Warnings are errors here; the classifier rejects a result that is not finite."""
    columns = [feature("x", std=1e-3), feature("y")]
    found = metadata.feature_matrix([alert({"x": 1e308, "y": -1e300})], columns)
    np.testing.assert_array_equal(found, [[np.inf, -np.inf]])


def test_what_extra_fields_must_have() -> None:
    names = ("magpsf", "isdiffpos", "gal_lat", "sgscore1", "non_detections", "ndethist")
    found = metadata.required_fields([feature(name) for name in names])
    assert found == ("sgscore1", "ncovhist", "ndethist")


def test_an_alert_with_all_features_passes() -> None:
    metadata.check_fields(alert({"x": 1, "y": -999.0}), ("x", "y", "sgscore1"))


@pytest.mark.parametrize(
    ("extra", "cause"),
    [
        ({}, "feature-missing"),
        ({"x": None}, "feature-ill-typed"),
        ({"x": "1.0"}, "feature-ill-typed"),
        ({"x": b"1.0"}, "feature-ill-typed"),
        ({"x": True}, "feature-ill-typed"),
        ({"x": math.nan}, "feature-not-finite"),
        ({"x": math.inf}, "feature-not-finite"),
        ({"x": -math.inf}, "feature-not-finite"),
    ],
)
def test_what_is_wrong_with_a_feature(extra: dict[str, object], cause: str) -> None:
    with pytest.raises(BadAlert, match="feature x is") as error:
        metadata.check_fields(alert(extra), ("sgscore1", "x"))
    assert error.value.cause == cause
