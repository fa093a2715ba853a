from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
import pytest
from astropy.io import fits

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.lsst import CLASSES, extract_inputs
from stampapp.classifiers.model_folder.description import Feature, ModelDescription, Origin
from stampapp.classifiers.survey_classifier import NetworkClassifier
from stampapp.features.difference_imaging import NAMES as NAMES_OF_VALUES
from stampapp.features.images import normalise_stamps
from stampapp.results.outcome import Classification
from stampapp.stamps.fits_image import Image
from stampapp.training.data.lsst import PLUGIN
from tests.support.bad_alerts import cause
from tests.support.lsst_stamps import NAMES, cards, cutout, lsst_alert

SIDES = (11, 29, 30, 31, 35, 48, 301)
# In a crop of an even side the source is in the pixel left of and below the middle, as in
# Rubin's own stamps.
MIDDLE = 14


@dataclass(frozen=True)
class Spec:
    features: tuple[Feature, ...] = ()
    stamps: tuple[str, ...] = NAMES
    stamp_shape: tuple[int, int] = (30, 30)
    crop: int = 30


def image(rows: int, columns: int) -> Image:
    """Return pixels that are all different."""
    return np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)


def crops(**stamps: bytes | None) -> tuple[Image, ...]:
    return extract_inputs(lsst_alert(stamps), Spec()).crops


def crop(pixels: Image, row: float, column: float) -> Image:
    shown = cutout(pixels, cards(row, column))
    return crops(science=shown, template=None, difference=shown)[0]


@pytest.mark.parametrize("rows", SIDES)
@pytest.mark.parametrize("columns", SIDES)
def test_a_stamp_of_any_size_is_cut_or_padded_around_the_source(rows: int, columns: int) -> None:
    row, column = rows // 2, columns // 2
    pixels = image(rows, columns)
    found = crop(pixels, row, column)
    assert found.shape == (30, 30)
    assert found.dtype == np.float32
    assert found.dtype.isnative
    assert found[MIDDLE, MIDDLE] == pixels[row, column]
    # A row of 30 loses a pixel, as its source is right of the middle here.
    kept = [29 if side == 30 else min(side, 30) for side in (rows, columns)]
    assert np.isfinite(found).sum() == kept[0] * kept[1]


def test_a_stamp_of_the_networks_size_stays_as_it_is() -> None:
    for place in ((14.0, 14.98), (14.5, 14.5), (14.999, 14.0)):
        assert np.array_equal(crop(image(30, 30), *place), image(30, 30))


@pytest.mark.parametrize("place", [(0, 0), (2, 40), (47, 24), (24, 47)])
def test_at_the_edge_of_a_chip_the_rest_is_nan(place: tuple[int, int]) -> None:
    pixels = image(48, 48)
    found = crop(pixels, *place)
    for row in range(30):
        for column in range(30):
            there = (place[0] + row - MIDDLE, place[1] + column - MIDDLE)
            inside = 0 <= min(there) <= max(there) < 48
            assert np.isnan(found[row, column]) != inside
            assert not inside or found[row, column] == pixels[there]


def test_pixels_beyond_the_chip_stay_nan_and_become_zeros() -> None:
    pixels = image(48, 48)
    pixels[:, :20] = np.nan
    found = crop(pixels, 24, 24)
    assert np.isnan(found[:, :10]).all()
    assert np.isfinite(found[:, 10:]).all()
    shown = normalise_stamps([[found]])
    assert not shown[0, :, :10].any()
    assert (shown.min(), shown.max()) == (0.0, 1.0)


def test_each_stamp_has_its_own_size() -> None:
    sizes = {"science": (31, 48), "template": (11, 35), "difference": (30, 30)}
    given = {name: image(*size) for name, size in sizes.items()}
    found = crops(
        **{
            name: cutout(pixels, cards(pixels.shape[0] // 2, pixels.shape[1] // 2))
            for name, pixels in given.items()
        }
    )
    assert [one[MIDDLE, MIDDLE] for one in found] == [
        pixels[pixels.shape[0] // 2, pixels.shape[1] // 2] for pixels in given.values()
    ]


@pytest.mark.parametrize("nothing", [None, b""])
def test_without_a_template_its_pixels_are_nan_and_become_zeros(nothing: bytes | None) -> None:
    shown = cutout(image(30, 30))
    found = crops(science=shown, template=nothing, difference=shown)
    assert np.isnan(found[1]).all()
    normal = normalise_stamps([found])
    assert not normal[..., 1].any()
    assert normal[..., 0].max() == 1.0


@pytest.mark.parametrize("name", ["science", "difference"])
def test_an_image_without_any_value_cannot_be_classified(name: str) -> None:
    shown = dict.fromkeys(NAMES, cutout(image(30, 30)))
    for value in (np.nan, np.inf):
        empty = lsst_alert({**shown, name: cutout(np.full((30, 30), value, np.float32))})
        assert cause(extract_inputs, empty, Spec()) == "stamp-empty"
    # The source lies beyond what has a value.
    pixels = image(48, 48)
    pixels[:, :20] = np.nan
    beyond = lsst_alert({**shown, name: cutout(pixels, cards(24, 4))})
    assert cause(extract_inputs, beyond, Spec(crop=21)) == "stamp-empty"
    template = lsst_alert({**shown, "template": cutout(np.full((30, 30), np.nan, np.float32))})
    assert len(extract_inputs(template, Spec()).crops) == 3


@pytest.mark.parametrize("name", ["science", "difference"])
def test_without_another_stamp_the_alert_cannot_be_classified(name: str) -> None:
    shown = dict.fromkeys(NAMES, cutout(image(30, 30)))
    assert cause(extract_inputs, lsst_alert({**shown, name: None}), Spec()) == "stamp-missing"
    assert cause(extract_inputs, lsst_alert({**shown, name: b"?"}), Spec()) == "stamp-not-fits"
    short = lsst_alert({**shown, name: shown[name][:5000]})
    assert cause(extract_inputs, short, Spec()) == "stamp-damaged"
    narrow = lsst_alert({**shown, name: cutout(image(30, 10))})
    assert cause(extract_inputs, narrow, Spec()) == "stamp-shape"


def test_only_the_models_own_stamps_are_read() -> None:
    alert = lsst_alert({"difference": cutout(image(30, 30))})
    assert len(extract_inputs(alert, Spec(stamps=("difference",))).crops) == 1


def measured(**stamps: bytes | None) -> dict[str, float]:
    """Return the values that a model of this repository gets of an alert with these stamps."""
    extra = extract_inputs(lsst_alert(stamps), PLUGIN).alert.extra_fields
    found = {name: extra[name] for name in NAMES_OF_VALUES}
    assert all(type(value) is float and math.isfinite(value) for value in found.values())
    return found  # type: ignore[return-value]  # as asserted


def test_a_model_gets_what_the_images_show() -> None:
    star = cutout(100 * np.exp(-(np.hypot(*np.mgrid[-14:16, -14:16]) ** 2) / 8))
    found = measured(science=star, template=cutout(np.zeros((30, 30))), difference=star)
    assert found["sign"] == 1.0
    assert found["before"] == found["nucleus"] == 0.0
    assert found["contrast"] > 3.0
    faded = cutout(-100 * np.exp(-(np.hypot(*np.mgrid[-14:16, -14:16]) ** 2) / 8))
    gone = measured(science=cutout(np.zeros((30, 30))), template=star, difference=faded)
    assert (gone["sign"], gone["signal"]) == (-1.0, found["signal"])
    assert gone["contrast"] == pytest.approx(0.0, abs=1e-6)


def test_without_a_template_nothing_was_there_before() -> None:
    shown = cutout(image(30, 30))
    found = measured(science=shown, template=None, difference=shown)
    assert found["before"] == found["nucleus"] == found["brightest"] == 0.0


def test_an_image_alone_is_enough() -> None:
    pixels = np.random.default_rng(1).normal(0, 40, (30, 30)).astype(np.float32)
    file = io.BytesIO()
    fits.PrimaryHDU(pixels).writeto(file)
    shown = file.getvalue()
    assert abs(measured(science=shown, template=shown, difference=shown)["roughness"]) < 0.3


@pytest.mark.parametrize(
    ("reliability", "value"),
    [(0.14, -1.8153), (None, 1.3863), (math.nan, 1.3863), ("high", 1.3863), (1.0, 9.2102)],
)
def test_an_alert_without_a_reliability_gets_a_usual_one(reliability: object, value: float) -> None:
    shown = dict.fromkeys(NAMES, cutout(image(30, 30)))
    for alert in (lsst_alert(shown, reliability=reliability), lsst_alert(shown)):
        extra = extract_inputs(alert, PLUGIN).alert.extra_fields
        expected = value if "reliability" in alert.extra_fields else 1.3863
        assert extra["real_bogus"] == pytest.approx(expected, abs=1e-4)
        assert extra.get("reliability") is alert.extra_fields.get("reliability")


def test_an_alert_without_a_number_of_detections_is_the_first_of_its_object() -> None:
    shown = dict.fromkeys(NAMES, cutout(image(30, 30)))
    assert extract_inputs(lsst_alert(shown), PLUGIN).alert.extra_fields["nDiaSources"] == 1
    known = lsst_alert(shown, nDiaSources=17)
    assert extract_inputs(known, PLUGIN).alert.extra_fields["nDiaSources"] == 17


def test_the_features_are_checked() -> None:
    feature = Feature(name="reliability", mean=0.0, std=1.0, lower=None, upper=None)
    spec = Spec(features=(feature,), stamps=())
    assert extract_inputs(lsst_alert({}, reliability=0.5), spec).crops == ()
    assert cause(extract_inputs, lsst_alert({}), spec) == "feature-missing"
    assert cause(extract_inputs, lsst_alert({}, reliability=None), spec) == "feature-ill-typed"


ROW = (0.5, 0.25, 0.125, 0.0625, 0.0625)
DESCRIPTION = ModelDescription(
    name="described",
    version="0",
    survey=Survey.LSST,
    classes=CLASSES,
    features=(Feature(name="psfFlux", mean=0.0, std=1e4, lower=None, upper=None),),
    stamps=NAMES,
    stamp_shape=(30, 30),
    crop=24,
    kernel=3,
    network_file="network.keras",
    network_sha256="0" * 64,
    origin=Origin.SIMULATED,
    source="simulation",
    source_sha256="0" * 64,
)


class FakeNetwork:
    """Gives every alert ROW."""

    def predict(self, images: Image, features: Image) -> Image:
        assert images.shape[1:] == (24, 24, 3)
        assert features.shape == (len(images), 1)
        return np.array([ROW] * len(images), np.float32)

    def warm_up(self) -> None:
        """Do nothing."""


def classify(known: int, *, rule: bool = True, **stamps: bytes) -> Classification:
    classifier = NetworkClassifier(
        DESCRIPTION, FakeNetwork(), name="n", version="1", provenance="p"
    )
    classifier.solar_system_rule = rule
    shown = stamps or dict.fromkeys(NAMES, cutout(image(30, 30)))
    alert = lsst_alert(shown, ssObjectId=known)
    (result,) = classifier.classify([classifier.prepare_alert(alert)])
    assert isinstance(result, Classification)
    return result


def test_a_known_solar_system_object_is_an_asteroid_without_its_stamps() -> None:
    found = classify(20890957803239250, science=b"?")
    assert found.class_name == "asteroid"
    assert found.probabilities == {"AGN": 0, "SN": 0, "VS": 0, "asteroid": 1, "bogus": 0}
    assert found.rule == "a known solar-system object (ssObjectId 20890957803239250)"


def test_any_other_object_is_left_to_the_network() -> None:
    assert classify(0).class_name == "AGN"
    assert classify(0).rule is None


def test_without_the_rule_the_network_classifies_known_solar_system_objects_too() -> None:
    found = classify(20890957803239250, rule=False)
    assert found.rule is None
    assert tuple(found.probabilities.values()) == ROW
