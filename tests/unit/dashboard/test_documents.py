from __future__ import annotations

import base64
import json
import math

from stampapp.alerts.alert import Alert
from stampapp.dashboard import documents
from stampapp.dashboard.last_hour import RollingHour
from stampapp.dashboard.recent_alerts import RecentAlert, RecentDeadLetter
from stampapp.kafka.message import TopicPartitionOffset
from tests.support.alerts import alert
from tests.support.fake_classifier import classification

NOW = 1_700_000_000.0
PLACE = TopicPartitionOffset(topic="alerts", partition=2, offset=17)


def exhibit(one: Alert, class_name: str | None = "SN") -> RecentAlert:
    return RecentAlert(
        number=5,
        confirmed_at=NOW,
        location=PLACE,
        alert=one,
        classification=classification(one, class_name),
    )


def test_a_card_has_the_object_its_probabilities_and_its_stamps() -> None:
    told = documents.alert_document(exhibit(alert(aid="A1")))
    assert (told["aid"], told["label"], told["number"]) == ("A1", "SN", 5)
    assert told["probabilities"] == {"SN": 0.75, "bogus": 0.25}
    assert (told["at"], told["place"]) == ("2023-11-14T22:13:20Z", "alerts:2:17")
    assert told["taken"] == "2018-06-01T06:00:00Z"
    assert [stamp["name"] for stamp in told["stamps"]] == ["science", "template", "difference"]
    for stamp in told["stamps"]:
        kind, _, data = stamp["png"].partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
        assert stamp["size"] == [63, 63]


def test_what_a_rule_has_withdrawn_says_so() -> None:
    told = documents.alert_document(exhibit(alert(), None))
    assert (told["label"], told["rule"]) == ("withdrawn", "withdrawn")


def test_a_stamp_that_cannot_be_drawn_has_its_problem_told() -> None:
    one = alert(stamps={"science": b"no fits", "template": None, "difference": None})
    told = documents.alert_document(exhibit(one))
    assert all("png" not in stamp for stamp in told["stamps"])
    assert "neither FITS nor gzipped FITS" in told["stamps"][0]["problem"]


def test_numbers_that_json_has_no_word_for_are_none() -> None:
    one = alert(mag=math.nan, e_mag=math.inf, mjd=math.nan)
    told = documents.alert_document(exhibit(one))
    assert (told["mag"], told["e_mag"], told["mjd"], told["taken"]) == (None,) * 4
    json.dumps(told, allow_nan=False)


def test_a_dead_letter_has_its_cause_and_no_more_text_than_fits() -> None:
    letter = RecentDeadLetter(
        number=3, confirmed_at=NOW, location=PLACE, aid=None, cause="schema", message="why " * 500
    )
    told = documents.dead_letter_document(letter)
    assert (told["cause"], told["place"], told["aid"]) == ("schema", "alerts:2:17", None)
    assert len(told["message"]) == 300


def test_the_figures_are_those_of_the_hour_and_of_the_moment() -> None:
    told = documents.summary_document(RollingHour(("SN",), NOW).summary(NOW), {"lag": 7}, NOW)
    assert told["lag"] == 7
    assert told["classes"] == {"SN": 0}
    json.dumps(told, allow_nan=False)
