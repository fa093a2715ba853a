from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import PreparedAlert
from stampapp.classifiers.model_folder.description import Feature, ModelDescription, Origin
from stampapp.classifiers.survey_classifier import NetworkClassifier
from stampapp.errors import BadAlert, ConfigError
from stampapp.results.outcome import Classification
from stampapp.stamps import fits_image
from tests.support.alerts import alert, sky
from tests.support.alerts import stamps as some_stamps

Floats = npt.NDArray[np.float32]
DESCRIPTION = ModelDescription(
    name="described",
    version="0",
    survey=Survey.ZTF,
    classes=("AGN", "SN", "VS", "asteroid", "bogus"),
    features=(
        Feature(name="isdiffpos", mean=0.0, std=1.0, lower=None, upper=None),
        Feature(name="sgscore1", mean=0.5, std=0.5, lower=-1.0, upper=None),
        Feature(name="non_detections", mean=0.0, std=10.0, lower=None, upper=2000.0),
    ),
    stamps=("science", "template", "difference"),
    stamp_shape=(63, 63),
    crop=21,
    kernel=3,
    network_file="network.keras",
    network_sha256="0" * 64,
    origin=Origin.IMPORTED,
    source="any in model.zip",
    source_sha256="0" * 64,
)
SN_ROW = (0.125, 0.5, 0.125, 0.125, 0.125)
AGN_ROW = (0.5, 0.25, 0.125, 0.0625, 0.0625)


class FakePredictor:
    """A network that returns given rows, independent of its inputs."""

    def __init__(self, *rows: tuple[float, ...]) -> None:
        self.rows = rows
        self.seen: list[tuple[Floats, Floats]] = []
        self.warm = False

    def predict(self, images: Floats, features: Floats) -> Floats:
        self.seen.append((images, features))
        return np.array(self.rows, np.float32)

    def warm_up(self) -> None:
        self.warm = True


def classifier(*rows: tuple[float, ...]) -> NetworkClassifier:
    return NetworkClassifier(
        DESCRIPTION, FakePredictor(*rows), name="given", version="1", provenance="p"
    )


def result_of(one: Alert, row: tuple[float, ...]) -> Classification:
    """Return the result of one alert, by a rule or by a network that returns `row`."""
    ztf = classifier(row)
    (result,) = ztf.classify([ztf.prepare_alert(one)])
    assert isinstance(result, Classification)
    return result


def test_without_the_rule_the_network_classifies_what_a_known_asteroid_is_near() -> None:
    near = alert({"ssdistnr": 1.5})
    assert result_of(near, AGN_ROW).class_name == "asteroid"
    ztf = classifier(AGN_ROW)
    ztf.solar_system_rule = False
    (result,) = ztf.classify([ztf.prepare_alert(near)])
    assert isinstance(result, Classification)
    assert (result.class_name, result.rule) == ("AGN", None)


def test_a_result_has_every_class_in_order_and_the_names_that_were_given() -> None:
    assert result_of(alert(), AGN_ROW) == Classification(
        aid="AL20abcdefgh",
        oid="ZTF20abcdefg",
        candid="516171791415015025",
        mjd=58270.25,
        probabilities={"AGN": 0.5, "SN": 0.25, "VS": 0.125, "asteroid": 0.0625, "bogus": 0.0625},
        class_name="AGN",
        rule=None,
        classifier_name="given",
        classifier_version="1",
    )
    assert list(result_of(alert(), AGN_ROW).probabilities) == list(DESCRIPTION.classes)


def test_what_the_network_sees() -> None:
    network = FakePredictor(AGN_ROW, AGN_ROW)
    ztf = NetworkClassifier(DESCRIPTION, network, name="n", version="v", provenance="p")
    ztf.classify(
        [ztf.prepare_alert(alert()), ztf.prepare_alert(alert({"sgscore1": 1}, isdiffpos=-1))]
    )
    ((images, features),) = network.seen
    assert images.shape == (2, 21, 21, 3)
    for channel in range(3):
        centre = sky(channel)[21:42, 21:42]
        scaled = (centre - centre.min()) / (centre - centre.min()).max()
        np.testing.assert_allclose(images[1, :, :, channel], scaled, rtol=1e-6)
    np.testing.assert_array_equal(features, [[0.0, -0.5, 3.5], [1.0, 1.0, 3.5]])


def test_a_prepared_alert_has_a_crop_for_each_channel() -> None:
    prepared = classifier().prepare_alert(alert())
    assert prepared.decision is None
    assert [crop.shape for crop in prepared.crops] == [(21, 21)] * 3
    np.testing.assert_array_equal(prepared.crops[2], sky(2)[21:42, 21:42])


@pytest.mark.parametrize("distance", [0.0, 0, 5.25, 12, -1.0, -998.0])
def test_a_known_object_of_the_solar_system_is_an_asteroid_without_the_network(
    distance: float,
) -> None:
    network = FakePredictor()
    ztf = NetworkClassifier(DESCRIPTION, network, name="n", version="v", provenance="p")
    # Neither stamps nor features are needed for that.
    bare = alert(extra_fields={"ssdistnr": distance}, stamps={})
    (result,) = ztf.classify([ztf.prepare_alert(bare)])
    assert isinstance(result, Classification)
    assert result.class_name == "asteroid"
    assert result.probabilities == {"AGN": 0, "SN": 0, "VS": 0, "asteroid": 1, "bogus": 0}
    assert result.rule is not None
    assert "ssdistnr" in result.rule
    assert network.seen == []


@pytest.mark.parametrize("distance", [-999.0, -999, None, math.nan])
def test_no_distance_is_no_object_of_the_solar_system(distance: float | None) -> None:
    assert result_of(alert({"ssdistnr": distance}), AGN_ROW).class_name == "AGN"


def test_a_missing_distance_is_no_object_of_the_solar_system() -> None:
    fields = {"sgscore1": 0.25, "ncovhist": 4, "ndethist": 2}
    assert result_of(alert(extra_fields=fields), AGN_ROW).class_name == "AGN"


@pytest.mark.parametrize(
    ("score", "distance", "vetoed"),
    [
        (0.5, 0.5, False),
        (0.5001, 0.5, True),
        (0.9, 0.9999, True),
        (0.9, 1.0, False),
        (0.9, 0.0, True),
        (0.9, 5.0, False),
        (0.1, 0.1, False),
        (0.9, -999.0, True),
        (0.9, None, False),
        (0.9, math.nan, False),
    ],
)
def test_a_supernova_on_a_star_is_vetoed(
    score: float, distance: float | None, vetoed: bool
) -> None:
    result = result_of(alert({"sgscore1": score, "distpsnr1": distance}), SN_ROW)
    assert result.class_name == (None if vetoed else "SN")
    assert (result.rule is not None) == vetoed
    assert result.probabilities["SN"] == 0.5


def test_a_supernova_without_a_known_distance_to_a_star_stays() -> None:
    fields = {"sgscore1": 0.9, "ncovhist": 4, "ndethist": 2}
    assert result_of(alert(extra_fields=fields), SN_ROW).class_name == "SN"


def test_a_supernova_that_faded_is_vetoed() -> None:
    result = result_of(alert(isdiffpos=-1), SN_ROW)
    assert result.class_name is None
    assert result.rule is not None
    assert "isdiffpos -1" in result.rule
    assert result_of(alert(isdiffpos=1), SN_ROW).class_name == "SN"


def test_the_rules_of_supernovae_leave_other_classes_alone() -> None:
    near = alert({"sgscore1": 1.0, "distpsnr1": 0.0}, isdiffpos=-1)
    assert result_of(near, AGN_ROW).class_name == "AGN"


def test_results_are_in_order_with_and_without_the_network() -> None:
    ztf = classifier(SN_ROW, AGN_ROW)
    alerts = [alert({"ssdistnr": 1.0}), alert(), alert({"ssdistnr": 0.0}), alert()]
    results = ztf.classify([ztf.prepare_alert(one) for one in alerts])
    assert [isinstance(one, Classification) and one.class_name for one in results] == [
        "asteroid",
        "SN",
        "asteroid",
        "AGN",
    ]
    assert ztf.classify([]) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_network_that_overflows_spoils_only_that_alert(bad: float) -> None:
    ztf = classifier((bad, 0.0, 0.0, 0.0, 0.0), AGN_ROW)
    refused, good = ztf.classify([ztf.prepare_alert(alert()), ztf.prepare_alert(alert())])
    assert isinstance(refused, BadAlert)
    assert refused.cause == "feature-out-of-range"
    assert isinstance(good, Classification)


@pytest.mark.parametrize("rows", [(), (AGN_ROW,), (AGN_ROW,) * 3])
def test_a_network_that_answers_too_little_or_too_much_fails(
    rows: tuple[tuple[float, ...], ...],
) -> None:
    ztf = classifier(*rows)
    prepared = ztf.prepare_alert(alert())
    with pytest.raises(ValueError, match="zip"):
        ztf.classify([prepared, prepared])


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        (alert(survey=Survey.ATLAS), "survey"),
        (alert(stamps={}), "stamp-missing"),
        (alert(stamps=some_stamps() | {"template": None}), "stamp-missing"),
        (alert(stamps=some_stamps() | {"difference": b"none"}), "stamp-not-fits"),
        (alert({"sgscore1": None}), "feature-ill-typed"),
        (alert({"ndethist": math.nan}), "feature-not-finite"),
        (alert(extra_fields={}), "feature-missing"),
    ],
)
def test_what_cannot_be_classified_has_a_cause(changed: Alert, cause: str) -> None:
    with pytest.raises(BadAlert) as error:
        classifier().prepare_alert(changed)
    assert error.value.cause == cause


@pytest.mark.parametrize("classes", [("AGN", "SN"), ("AGN", "asteroid")])
def test_a_model_without_the_classes_of_the_rules_is_refused(classes: tuple[str, ...]) -> None:
    missing = next(iter({"SN", "asteroid"} - set(classes)))
    with pytest.raises(ConfigError, match=missing):
        NetworkClassifier(
            replace(DESCRIPTION, classes=classes),
            FakePredictor(),
            name="n",
            version="v",
            provenance="p",
        )


def test_to_warm_up_warms_the_network() -> None:
    network = FakePredictor()
    NetworkClassifier(DESCRIPTION, network, name="n", version="v", provenance="p").warm_up()
    assert network.warm


def test_blank_stamps_give_the_network_zeros() -> None:
    network = FakePredictor(AGN_ROW)
    ztf = NetworkClassifier(DESCRIPTION, network, name="n", version="v", provenance="p")
    crops: tuple[fits_image.Image, ...] = (np.full((21, 21), np.nan, np.float32),) * 3
    ztf.classify([PreparedAlert(alert=alert(), crops=crops)])
    assert not network.seen[0][0].any()
