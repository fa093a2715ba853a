from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.dashboard.links import links
from tests.support.alerts import alert


def test_the_links_lead_to_the_object_and_its_coordinates() -> None:
    found = {
        one["name"]: urlsplit(one["url"]) for one in links(alert(oid="a/b?c", ra=10.5, dec=-3.25))
    }
    assert found["ALeRCE"].geturl() == "https://alerce.online/object/a%2Fb%3Fc"
    assert parse_qs(found["Aladin"].query)["target"] == ["10.500000 -3.250000"]
    legacy = parse_qs(found["Legacy Survey"].query)
    assert (legacy["ra"], legacy["dec"]) == (["10.500000"], ["-3.250000"])


@pytest.mark.parametrize("survey", Survey)
def test_a_simulated_object_has_no_links(survey: Survey) -> None:
    assert links(alert(oid=f"{survey}SIM000001000000002", survey=survey)) == []
