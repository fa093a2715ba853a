from __future__ import annotations

import math
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import ztf
from stampapp.classifiers.base import PreparedAlert
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.config import cpu_count
from stampapp.features import metadata
from stampapp.features.images import normalise_stamps
from stampapp.feeds import simulated
from stampapp.simulation import simulate
from stampapp.stamps import fits_image, stamp_image
from stampapp.stamps.fits_image import Pixels
from stampapp.training.data.recipes import survey_recipe
from tests.support.ideal_exposures import CAMERAS

SEED, COUNT = 4, 64
CLASSES = {"AGN", "SN", "VS", "asteroid", "bogus"}
SURVEYS = pytest.mark.parametrize("survey", Survey)
# LSST has tests of its own.
OTHERS = (Survey.ZTF, Survey.ATLAS)
NAMES = {Survey.ZTF: ("science", "template", "difference"), Survey.ATLAS: ("science", "difference")}


@pytest.fixture(scope="module")
def drawn() -> dict[Survey, list[LabelledAlert]]:
    """The first alerts of each survey, simulated in other processes than the tests'."""
    with simulated.simulated_alerts(
        tuple(Survey), SEED, len(Survey) * COUNT, cpu_count.cores()
    ) as every:
        found = list(every)
    return {s: [one for one in found if one.alert.survey is s] for s in Survey}


@pytest.fixture(params=list(Survey))
def alerts(request: pytest.FixtureRequest, drawn: dict[Survey, list[LabelledAlert]]) -> list[Alert]:
    return [one.alert for one in drawn[request.param]]


@pytest.fixture(params=OTHERS)
def others(request: pytest.FixtureRequest, drawn: dict[Survey, list[LabelledAlert]]) -> list[Alert]:
    return [one.alert for one in drawn[request.param]]


def images(alert: Alert) -> dict[str, Pixels]:
    side = CAMERAS[alert.survey].side
    return {
        name: fits_image.read_pixels(alert.stamps.get(name), (side, side), name)
        for name in NAMES[alert.survey]
    }


def extract_inputs(alert: Alert) -> PreparedAlert:
    return survey_rules(alert.survey).extract_inputs(alert, survey_recipe(alert.survey))


@SURVEYS
def test_the_same_survey_seed_and_number_give_the_same_bytes_in_every_process(
    survey: Survey, drawn: dict[Survey, list[LabelledAlert]]
) -> None:
    for index in (0, 17, 40, 3):
        assert simulate.simulate_alert(survey, SEED, index) == drawn[survey][index]


@SURVEYS
def test_another_seed_or_number_gives_another_alert(
    survey: Survey, drawn: dict[Survey, list[LabelledAlert]]
) -> None:
    others = [simulate.simulate_alert(survey, SEED + 1, index).alert for index in range(4)]
    some = [*others, *(one.alert for one in drawn[survey])]
    for name in ("aid", "oid", "candid", "ra", "mag"):
        assert len({getattr(alert, name) for alert in some}) == len(some)
    assert len({alert.stamps["science"] for alert in some}) == len(some)


@SURVEYS
def test_every_class_appears_and_no_other(
    survey: Survey, drawn: dict[Survey, list[LabelledAlert]]
) -> None:
    counts = Counter(one.label for one in drawn[survey])
    assert set(counts) == CLASSES
    assert min(counts.values()) > COUNT / 20


def test_a_model_of_the_survey_accepts_every_alert(alerts: list[Alert]) -> None:
    recipe = survey_recipe(alerts[0].survey)
    seen = [extract_inputs(alert) for alert in alerts]
    matrix = metadata.feature_matrix([one.alert for one in seen], recipe.features)
    assert matrix.shape == (COUNT, len(recipe.features))
    assert np.isfinite(matrix).all()
    network = normalise_stamps([one.crops for one in seen])
    assert np.isfinite(network).all()
    # Only a missing template is constant: the maximum after normalisation is 1.
    absent = [[np.isnan(crop).all() for crop in one.crops] for one in seen]
    assert (network.max(axis=(1, 2)) == np.where(absent, 0.0, 1.0)).all()


def test_every_alert_is_a_detection_of_its_survey(others: list[Alert]) -> None:
    camera = CAMERAS[others[0].survey]
    for alert in others:
        assert alert.survey is camera.survey
        assert alert.fid in camera.bands
        assert camera.first_mjd <= alert.mjd <= camera.last_mjd
        assert 0 <= alert.ra < 360
        assert camera.min_dec <= alert.dec <= camera.max_dec
        assert 8 < alert.mag < 23
        assert 0 < alert.e_mag < 0.3
        assert alert.isdiffpos in (1, -1)
        assert all(
            math.isfinite(value)
            for value in alert.extra_fields.values()
            if isinstance(value, float)
        )


def test_difference_shows_the_detection_in_the_middle(others: list[Alert]) -> None:
    # Negative detections, too: ZTF sends their difference with the sign reversed.
    shown = []
    for alert in others:
        difference = images(alert)["difference"].astype(np.float64)
        half = len(difference) // 2
        middle = difference[half - 1 : half + 2, half - 1 : half + 2].mean()
        shown.append(middle > np.nanstd(difference - np.nanmedian(difference)) / 3)
    # A few detections are in the bleeding of a brighter star.
    assert np.mean(shown) > 0.85


def test_only_ztf_sends_fading_sources(drawn: dict[Survey, list[LabelledAlert]]) -> None:
    signs = {survey: Counter(one.alert.isdiffpos for one in drawn[survey]) for survey in Survey}
    assert min(signs[Survey.ZTF][sign] for sign in (1, -1)) > COUNT / 20
    assert len(signs[Survey.ATLAS]) == 1


def test_pixels_are_missing_of_few_ztf_stamps_and_never_in_the_middle(
    drawn: dict[Survey, list[LabelledAlert]],
) -> None:
    holed = []
    for one in drawn[Survey.ZTF]:
        missing = {name: np.isnan(image) for name, image in images(one.alert).items()}
        assert not any(mask[31, 31] for mask in missing.values())
        # No image has pixels beyond the edge of the detector.
        assert all((mask == missing["science"]).all() for mask in missing.values())
        holed.append(bool(missing["science"].any()))
    assert 0 < np.mean(holed) < 0.4


def test_atlas_stamps_are_whole_and_have_no_template(
    drawn: dict[Survey, list[LabelledAlert]],
) -> None:
    for one in drawn[Survey.ATLAS]:
        assert one.alert.stamps.get("template") is None
        assert all(np.isfinite(image).all() for image in images(one.alert).values())


def test_the_header_of_an_atlas_stamp_puts_it_where_the_alert_is(
    drawn: dict[Survey, list[LabelledAlert]],
) -> None:
    for one in drawn[Survey.ATLAS]:
        seen = extract_inputs(one.alert).alert
        assert (seen.ra, seen.dec) == pytest.approx((one.alert.ra, one.alert.dec), abs=1e-8)
        assert seen.extra_fields["FILTER"] == one.alert.fid
        assert seen.extra_fields["airmass"] >= 1.0  # type: ignore[operator]
        for name in ("sunelong", "mangle"):
            assert 0.0 <= seen.extra_fields[name] <= 180.0  # type: ignore[operator]


@pytest.mark.parametrize("survey", OTHERS)
def test_stamps_are_drawn_as_they_lie_in_real_alerts(
    survey: Survey, drawn: dict[Survey, list[LabelledAlert]]
) -> None:
    alert = drawn[survey][0].alert
    # The sky in a simulated stamp of ZTF has no directions of its own.
    assert not {"ranr", "decnr"} & alert.extra_fields.keys()
    for name, pixels in images(alert).items():
        picture = stamp_image.draw_stamp(alert, name)
        assert str(picture.orientation) == "north up, east left"
        # ZTF's first row is north, that of ATLAS south; a difference may be drawn negated.
        shown = picture.pixels[0 if survey is Survey.ZTF else -1]
        assert np.array_equal(np.abs(shown), np.abs(pixels[0]), equal_nan=True)


def test_only_asteroids_are_near_a_known_one(drawn: dict[Survey, list[LabelledAlert]]) -> None:
    known = [one for one in drawn[Survey.ZTF] if ztf.decide(one.alert) is not None]
    assert {one.label for one in known} == {"asteroid"}
    asteroids = [one for one in drawn[Survey.ZTF] if one.label == "asteroid"]
    assert 0 < len(known) < len(asteroids)


def test_template_is_dark_at_asteroids(
    drawn: dict[Survey, list[LabelledAlert]],
) -> None:
    def excess(alert: Alert) -> float:
        template = images(alert)["template"].astype(np.float64)
        inner = float(np.nanmean(template[30:33, 30:33]))
        return (inner - np.nanmedian(template)) / float(np.nanstd(template))

    by_class = {
        label: np.median([excess(one.alert) for one in drawn[Survey.ZTF] if one.label == label])
        for label in CLASSES
    }
    assert abs(by_class["asteroid"]) < 0.3
    assert by_class["VS"] > by_class["SN"] > by_class["asteroid"]
    assert by_class["VS"] > 3


def test_simulate_alerts_yields_the_single_alerts(drawn: dict[Survey, list[LabelledAlert]]) -> None:
    first = list(islice(simulate.simulate_alerts(Survey.ZTF, SEED, 10**9), 3))
    assert first == drawn[Survey.ZTF][:3]
    assert list(simulate.simulate_alerts(Survey.ZTF, SEED, 0)) == []
