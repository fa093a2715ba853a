from __future__ import annotations

import base64
import json
import math
from dataclasses import replace

import pytest

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.dashboard import documents
from stampapp.dashboard.last_hour import RollingHour
from stampapp.dashboard.recent_alerts import RecentAlert, RecentDeadLetter
from stampapp.kafka.message import TopicPartitionOffset
from tests.support.alerts import alert
from tests.support.fake_classifier import classification

NOW = 1_700_000_000.0
PLACE = TopicPartitionOffset(topic="alerts", partition=2, offset=17)


def recent(one: Alert, class_name: str | None = "SN") -> RecentAlert:
    return RecentAlert(
        number=5,
        confirmed_at=NOW,
        location=PLACE,
        alert=one,
        classification=classification(one, class_name),
    )


def test_a_card_has_the_object_its_probabilities_and_its_stamps() -> None:
    document = documents.alert_document(recent(alert(aid="A1")))
    assert (document["aid"], document["label"], document["number"]) == ("A1", "SN", 5)
    assert document["probabilities"] == {"SN": 0.75, "bogus": 0.25}
    assert (document["at"], document["place"]) == ("2023-11-14T22:13:20Z", "alerts:2:17")
    assert document["taken"] == "2018-06-01T06:00:00Z"
    assert [stamp["name"] for stamp in document["stamps"]] == ["science", "template", "difference"]
    for stamp in document["stamps"]:
        kind, _, data = stamp["png"].partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
        assert stamp["size"] == [63, 63]
        assert (stamp["orientation"], stamp["scale"]) == (
            "north up, east left",
            pytest.approx(1.01),
        )
        assert [label["text"] for label in stamp["marks"]["labels"]] == ['10"', "N", "E"]
    assert [stamp["light"] for stamp in document["stamps"]] == [False, False, True]
    assert (document["simulated"], bool(document["links"])) == (False, True)


def test_a_simulated_alert_says_so_instead_of_linking() -> None:
    document = documents.alert_document(recent(alert(oid="ZTFSIM000001000000002")))
    assert (document["simulated"], document["links"]) == (True, [])


def test_a_stamp_without_orientation_says_so() -> None:
    document = documents.alert_document(recent(alert(survey=Survey.ATLAS)))
    (label,) = document["stamps"][0]["marks"]["labels"]
    assert label["text"] == document["stamps"][0]["orientation"] == "north unknown"


def test_classes_are_shown_in_the_spelling_for_all_surveys() -> None:
    found = replace(classification(alert(), "vs"), probabilities={"sn": 0.25, "vs": 0.75})
    document = documents.alert_document(replace(recent(alert()), classification=found))
    assert document["label"] == "VS"
    assert document["probabilities"] == {"SN": 0.25, "VS": 0.75}
    hour = documents.summary_document(RollingHour(("sn", "vs"), NOW).summary(NOW), {}, NOW)
    assert hour["classes"] == {"SN": 0, "VS": 0}


def test_a_ruled_out_alert_is_labelled_as_such() -> None:
    document = documents.alert_document(recent(alert(), None))
    assert (document["label"], document["rule"]) == ("withdrawn", "withdrawn")


def test_a_stamp_that_cannot_be_drawn_has_its_problem() -> None:
    one = alert(stamps={"science": b"no fits", "template": None, "difference": None})
    document = documents.alert_document(recent(one))
    assert all("png" not in stamp for stamp in document["stamps"])
    assert "neither FITS nor gzipped FITS" in document["stamps"][0]["problem"]


def test_numbers_that_are_not_finite_are_null() -> None:
    one = alert(mag=math.nan, e_mag=math.inf, mjd=math.nan)
    document = documents.alert_document(recent(one))
    assert (document["mag"], document["e_mag"], document["mjd"], document["taken"]) == (None,) * 4
    json.dumps(document, allow_nan=False)


def test_a_dead_letter_has_its_cause_and_no_more_text_than_fits() -> None:
    letter = RecentDeadLetter(
        number=3, confirmed_at=NOW, location=PLACE, aid=None, cause="schema", message="why " * 500
    )
    document = documents.dead_letter_document(letter)
    assert (document["cause"], document["place"], document["aid"]) == (
        "schema",
        "alerts:2:17",
        None,
    )
    assert len(document["message"]) == 300


def test_the_figures_are_of_the_hour_and_of_the_current_state() -> None:
    document = documents.summary_document(RollingHour(("SN",), NOW).summary(NOW), {"lag": 7}, NOW)
    assert document["lag"] == 7
    assert document["classes"] == {"SN": 0}
    json.dumps(document, allow_nan=False)
