from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from stampapp.alerts.simulated_names import simulated_oid
from stampapp.alerts.surveys import Survey
from stampapp.dashboard.links import links
from tests.support.alerts import alert
from tests.support.lsst_stamps import lsst_alert


def test_the_links_lead_to_the_object_and_its_coordinates() -> None:
    found = {
        one["name"]: urlsplit(one["url"]) for one in links(alert(oid="a/b?c", ra=10.5, dec=-3.25))
    }
    assert found["ALeRCE"].geturl() == "https://alerce.online/object/a%2Fb%3Fc"
    assert parse_qs(found["Aladin"].query)["target"] == ["10.500000 -3.250000"]
    legacy = parse_qs(found["Legacy Survey"].query)
    assert (legacy["ra"], legacy["dec"]) == (["10.500000"], ["-3.250000"])


def test_the_image_of_the_sky_is_of_a_survey_that_reaches_there() -> None:
    def images(dec: float) -> str:
        found = {one["name"]: one["url"] for one in links(alert(dec=dec))}
        return parse_qs(urlsplit(found["Aladin"]).query)["survey"][0]

    assert "PanSTARRS" in images(-29.0)
    assert "Legacy" in images(-31.0)


def test_an_object_of_lsst_has_the_pages_of_brokers_by_its_exact_id() -> None:
    found = links(lsst_alert({}, diaObjectId=170094456277565473, ssObjectId=0))
    assert [one["url"] for one in found[:3]] == [
        "https://lsst.alerce.online/object/170094456277565473?survey=lsst",
        "https://lsst.fink-portal.org/170094456277565473",
        "https://lasair.lsst.ac.uk/objects/170094456277565473/",
    ]


def test_a_solar_system_object_of_lsst_has_views_of_the_sky_only() -> None:
    found = links(lsst_alert({}, diaObjectId=0, ssObjectId=170094456277565473))
    assert [one["name"] for one in found] == ["Aladin", "Legacy Survey"]


@pytest.mark.parametrize("survey", Survey)
def test_a_simulated_object_has_no_links(survey: Survey) -> None:
    oid = simulated_oid(survey, "000001000000002")
    assert links(alert(oid=oid, survey=survey)) == []
