from __future__ import annotations

import math

import numpy as np
import pytest

from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import lsst as rules
from stampapp.simulation import simulate
from stampapp.simulation.lsst import CAMERA
from stampapp.stamps import lsst as cutouts
from stampapp.stamps import stamp_image

SEED, COUNT = 7, 120
NAMES = ("science", "template", "difference")


@pytest.fixture(scope="module")
def drawn() -> list[LabelledAlert]:
    return list(simulate.simulate_alerts(Survey.LSST, SEED, COUNT))


def of_class(drawn: list[LabelledAlert], label: str) -> list[Alert]:
    return [one.alert for one in drawn if one.label == label]


def values(alerts: list[Alert], name: str) -> list[float]:
    found = [alert.extra_fields[name] for alert in alerts]
    return [float(value) for value in found if isinstance(value, int | float)]


def test_every_alert_is_a_detection_of_lsst(drawn: list[LabelledAlert]) -> None:
    for one in drawn:
        alert = one.alert
        assert alert.fid in CAMERA.bands
        assert CAMERA.first_mjd <= alert.mjd <= CAMERA.last_mjd
        assert CAMERA.min_dec <= alert.dec <= CAMERA.max_dec
        # The flux in the middle of a dipole may be almost zero.
        assert 13 < alert.mag < 28 or alert.extra_fields["isDipole"]
        assert values([alert], "snr")[0] >= 5.0
        assert 0 <= values([alert], "reliability")[0] <= 1
    assert {one.alert.isdiffpos for one in drawn} == {1, -1}


def test_exactly_one_id_names_the_object(drawn: list[LabelledAlert]) -> None:
    for one in drawn:
        ids = [one.alert.extra_fields[name] for name in ("diaObjectId", "ssObjectId")]
        assert sorted(ids, key=str) == sorted([0, int(one.alert.oid)], key=str)
        # Floats cannot tell such numbers apart, as those of real alerts.
        assert int(one.alert.oid) > 2**53


def test_most_asteroids_are_known_and_nothing_else(drawn: list[LabelledAlert]) -> None:
    known = [one for one in drawn if rules.decide(one.alert) is not None]
    assert {one.label for one in known} == {"asteroid"}
    assert 0.6 < len(known) / len(of_class(drawn, "asteroid")) < 1


def test_cutouts_have_image_variance_and_psf(drawn: list[LabelledAlert]) -> None:
    for one in drawn:
        for name, data in one.alert.stamps.items():
            if data is None:
                assert name == "template"
                continue
            stamp = cutouts.read_cutout(data, name)
            side = stamp.pixels.shape[0]
            assert stamp.pixels.shape == (side, side)
            assert side >= 30
            seen = cutouts.read_noise_and_psf(data, stamp, name)
            assert seen.variance is not None
            assert seen.psf is not None
            assert seen.variance.shape == stamp.pixels.shape
            assert seen.variance.min() > 0
            assert float(seen.psf.sum()) == pytest.approx(1.0)
            assert np.isfinite(stamp.pixels).all()
            row, column = cutouts.source_place(stamp.header, one.alert.ra, one.alert.dec)
            assert side // 2 - 1 <= min(row, column) <= max(row, column) < side // 2


def test_the_noise_of_the_sky_is_that_of_the_variance(drawn: list[LabelledAlert]) -> None:
    ratios = []
    for alert in of_class(drawn, "asteroid"):
        stamp = cutouts.read_cutout(alert.stamps["difference"], "difference")
        seen = cutouts.read_noise_and_psf(alert.stamps["difference"], stamp, "difference")
        assert seen.variance is not None
        border = np.concatenate([stamp.pixels[0], stamp.pixels[-1]]).astype(np.float64)
        scatter = 1.4826 * np.median(np.abs(border - np.median(border)))
        ratios.append(scatter / math.sqrt(float(np.median(seen.variance))))
    assert np.median(ratios) == pytest.approx(1.0, abs=0.1)


def test_flux_is_what_the_science_image_has_more_than_the_template(
    drawn: list[LabelledAlert],
) -> None:
    for alert in of_class(drawn, "asteroid"):
        fields = {name: values([alert], name) for name in ("psfFlux", "scienceFlux", "psfFluxErr")}
        (flux,), (science,), (error,) = fields.values()
        snr = values([alert], "snr")[0]
        assert abs(flux) / error == pytest.approx(snr, rel=0.25)
        if values([alert], "templateFlux"):
            template = values([alert], "templateFlux")[0]
            assert flux == pytest.approx(science - template, abs=5 * error + 0.05 * abs(science))


def test_classes_differ_as_in_the_sky(drawn: list[LabelledAlert]) -> None:
    template = {
        label: np.median(values(of_class(drawn, label), "templateFlux"))
        for label in ("VS", "AGN", "SN", "asteroid")
    }
    assert min(template["VS"], template["AGN"]) > template["SN"] > 3 * template["asteroid"]
    sure = values([one.alert for one in drawn if one.label != "bogus"], "reliability")
    assert np.median(sure) > 0.9
    assert np.median(values(of_class(drawn, "bogus"), "reliability")) < 0.6


def test_most_dipoles_are_bogus(drawn: list[LabelledAlert]) -> None:
    dipoles = [one for one in drawn if one.alert.extra_fields["isDipole"]]
    assert dipoles
    assert np.mean([one.label == "bogus" for one in dipoles]) > 0.8
    for one in dipoles:
        assert 0 < values([one.alert], "dipoleLength")[0] < 3
    assert not values([one.alert for one in drawn if one not in dipoles], "dipoleLength")


def test_a_stamp_can_be_drawn_north_up(drawn: list[LabelledAlert]) -> None:
    picture = stamp_image.draw_stamp(drawn[0].alert, "science")
    assert "north" in str(picture.orientation)
