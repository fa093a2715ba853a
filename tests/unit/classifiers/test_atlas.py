from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from stampapp.alerts import packets as formats
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import atlas
from stampapp.classifiers.survey_classifier import NetworkClassifier
from stampapp.errors import BadAlert, ConfigError
from stampapp.features import metadata
from stampapp.results.outcome import Classification
from stampapp.stamps.fits_image import Image
from tests.support.alert_messages import message
from tests.support.alerts import SORTING_HAT, sky
from tests.support.alerts import fits as to_fits
from tests.support.atlas import (
    CLASSES,
    SHAPE,
    atlas_alert,
    cards,
    description,
    packets,
    stamp,
    to_sorting_hat,
)
from tests.support.bad_alerts import cause

HEADER = ("filter", "airmass", "seeing", "sunelong", "mangle")
ROW = (0.125, 0.125, 0.0625, 0.5, 0.1875)


class FakeNetwork:
    """Gives every alert the same result, and records its inputs."""

    def __init__(self) -> None:
        self.seen: list[tuple[Image, metadata.Matrix]] = []

    def predict(self, images: Image, features: metadata.Matrix) -> Image:
        self.seen.append((images, features))
        return np.array([ROW] * len(images), np.float32)

    def warm_up(self) -> None:
        """Do nothing."""


def classifier(network: FakeNetwork | None = None) -> NetworkClassifier:
    return NetworkClassifier(
        description(*HEADER, "ra", "dec"),
        network or FakeNetwork(),
        name="given",
        version="1",
        provenance="p",
    )


def test_the_header_of_the_science_stamp_gives_features() -> None:
    alert = atlas_alert(extra_fields={"rb": 0.5, "airmass": "not this one"})
    seen = atlas.extract_inputs(alert, description(*HEADER, "rb")).alert
    assert {name: seen.extra_fields[name] for name in (*HEADER, "rb")} == {
        "filter": 1.0,
        "airmass": 1.25,
        "seeing": 3.75,
        "sunelong": 120.5,
        "mangle": 75.25,
        "rb": 0.5,
    }
    assert replace(seen, ra=alert.ra, dec=alert.dec, extra_fields=alert.extra_fields) == alert


def test_header_values_are_kept_in_the_extra_fields() -> None:
    extra = atlas.extract_inputs(atlas_alert(stamp(FILTER="'c'")), description()).alert.extra_fields
    assert (extra["FILTER"], extra["filter"]) == ("c", 0.0)
    assert extra["AIRMASS"] == extra["airmass"] == 1.25


def test_the_position_is_the_centre_of_the_image() -> None:
    seen = atlas.extract_inputs(atlas_alert(stamp(CRVAL1=10.5, CRVAL2=-3.25)), description()).alert
    assert (seen.ra, seen.dec) == pytest.approx((10.5, -3.25))


def test_the_header_of_the_difference_stamp_does_not_count() -> None:
    stamps = {"science": stamp(), "difference": stamp(1, AIRMASS=2.0, CTYPE1="'none'")}
    seen = atlas.extract_inputs(atlas_alert(stamps=stamps), description("airmass")).alert
    assert seen.extra_fields["airmass"] == 1.25


@pytest.mark.parametrize("crop", [21, 31, 61])
def test_the_crops_are_those_of_the_two_stamps(crop: int) -> None:
    crops = atlas.extract_inputs(atlas_alert(), description(crop=crop)).crops
    edge = (61 - crop) // 2
    assert len(crops) == 2
    for seed, found in enumerate(crops):
        whole = sky(seed, SHAPE)
        np.testing.assert_array_equal(found, whole[edge : 61 - edge, edge : 61 - edge])


def test_the_template_is_what_was_subtracted() -> None:
    names = ("template", "science")
    (template, science) = atlas.extract_inputs(
        atlas_alert(), description(crop=61, stamps=names)
    ).crops
    whole, difference = sky(0, SHAPE), sky(1, SHAPE)
    np.testing.assert_allclose(template, whole - difference, rtol=1e-5)
    np.testing.assert_array_equal(science, whole)


def test_a_template_needs_the_difference() -> None:
    alert = atlas_alert(stamps={"science": stamp(), "difference": None})
    assert cause(atlas.extract_inputs, alert, description(stamps=("template",))) == "stamp-missing"
    assert len(atlas.extract_inputs(alert, description(stamps=("science",))).crops) == 1


def test_what_the_network_sees() -> None:
    network = FakeNetwork()
    found = classifier(network)
    (result,) = found.classify([found.prepare_alert(atlas_alert())])
    ((images, matrix),) = network.seen
    assert images.shape == (1, 21, 21, 2)
    np.testing.assert_allclose(matrix, [[1.0, 1.25, 3.75, 120.5, 75.25, 150.0, 2.0]], rtol=1e-6)
    assert result == Classification(
        aid="AL21atlas",
        oid="1200825211121548288",
        candid="02a59543o0040o",
        mjd=58270.25,
        probabilities=dict(zip(CLASSES, ROW, strict=True)),
        class_name="sn",
        rule=None,
        classifier_name="given",
        classifier_version="1",
    )


def test_no_rule_of_ztf_applies() -> None:
    extra = {"ssdistnr": 0.1, "sgscore1": 1.0, "distpsnr1": 0.0}
    found = classifier()
    (result,) = found.classify([found.prepare_alert(atlas_alert(extra_fields=extra, isdiffpos=-1))])
    assert isinstance(result, Classification)
    assert (result.class_name, result.rule) == ("sn", None)


def test_a_model_that_does_not_ask_for_a_card_does_without() -> None:
    alert = atlas_alert(stamp(MANGLE=None, SEEING="'bad'", FILTER="'w'"))
    assert atlas.extract_inputs(alert, description("airmass")).crops


def test_an_image_without_any_value_cannot_be_classified() -> None:
    empty = to_fits(np.full(SHAPE, np.nan), **cards())
    for stamps in (
        {"science": empty, "difference": stamp(1)},
        {"science": stamp(), "difference": empty},
    ):
        assert cause(classifier().prepare_alert, atlas_alert(stamps=stamps)) == "stamp-empty"


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (atlas_alert(survey=Survey.ZTF), "survey"),
        (atlas_alert(stamps={}), "stamp-missing"),
        (atlas_alert(stamps={"science": stamp(), "difference": None}), "stamp-missing"),
        (atlas_alert(b"no image"), "stamp-not-fits"),
        (atlas_alert(stamp()[:9000]), "stamp-damaged"),
        (atlas_alert(gzip.compress(stamp())[:-4]), "stamp-damaged"),
        (atlas_alert(stamp(NAXIS1=63)), "stamp-shape"),
        (atlas_alert(stamp(CTYPE1=None)), "stamp-wcs"),
        (atlas_alert(stamp(CD1_1=0.0)), "stamp-wcs"),
        (atlas_alert(stamp(MANGLE=None)), "feature-missing"),
        (atlas_alert(stamp(FILTER=None)), "feature-missing"),
        (atlas_alert(stamp(FILTER="'w'")), "feature-ill-typed"),
        (atlas_alert(stamp(AIRMASS="'o'")), "feature-ill-typed"),
        (atlas_alert(stamp(SEEING="1E999")), "feature-not-finite"),
    ],
)
def test_what_cannot_be_classified_has_a_cause(alert: Alert, expected: str) -> None:
    assert cause(classifier().prepare_alert, alert) == expected


@pytest.mark.parametrize("name", ["reference", "red"])
def test_a_model_of_stamps_that_atlas_has_not_is_refused(name: str) -> None:
    asking = description(stamps=("science", name))
    with pytest.raises(ConfigError, match=name):
        NetworkClassifier(asking, FakeNetwork(), name="n", version="v", provenance="p")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> dict[str, bytes]:
    return packets(shared_data)


@pytest.mark.parametrize("form", ["raw", "sorting-hat", "sorting-hat gzipped"])
def test_real_packets_have_the_values_of_their_headers(real: dict[str, bytes], form: str) -> None:
    assert len(real) == 6
    for candid, packet in real.items():
        value = packet
        if form != "raw":
            value = message(
                SORTING_HAT, to_sorting_hat(packet, compressed=form == "sorting-hat gzipped")
            )
        alert = formats.decode_alert(value)
        seen = atlas.extract_inputs(alert, description(*HEADER, crop=61))
        assert seen.alert.candid == candid
        data = formats.decode_alert(packet).stamps
        with fits.HDUList.fromstring(data["science"]) as file:
            header, pixels = file[0].header, file[0].data
        for card in atlas.CARDS:
            assert seen.alert.extra_fields[card] == header[card]
        np.testing.assert_array_equal(seen.crops[0], pixels)
        with fits.HDUList.fromstring(data["difference"]) as file:
            np.testing.assert_array_equal(seen.crops[1], file[0].data)


def test_the_gzipped_pair_is_read(shared_data: Path) -> None:
    names = ("science", "difference")
    stamps = {n: (shared_data / "atlas_raw" / f"{n}.fits.gz").read_bytes() for n in names}
    seen = atlas.extract_inputs(atlas_alert(stamps=stamps), description(*HEADER)).alert
    assert [seen.extra_fields[name] for name in HEADER] == [0.0, 1.139, 4.272, 102.584, 85.898]


def test_a_damaged_real_header_is_never_more_than_a_bad_alert(real: dict[str, bytes]) -> None:
    alert = formats.decode_alert(next(iter(real.values())))
    science = alert.stamps["science"]
    assert science
    chance = np.random.default_rng(3)
    refused = 0
    for _ in range(300):
        bytes_ = bytearray(science)
        for place in chance.integers(0, 438 * 80, 40):
            bytes_[place] = chance.integers(256)
        damaged = replace(alert, stamps={**alert.stamps, "science": bytes(bytes_)})
        try:
            atlas.extract_inputs(damaged, description(*HEADER))
        except BadAlert:
            refused += 1
    assert 0 < refused < 300
