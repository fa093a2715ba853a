from __future__ import annotations

from stampapp.errors import BadAlert
from stampapp.monitoring import batch_report
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert, message
from tests.support.fake_classifier import classification

ONE = alert(aid="A", candid="17")
CLASSIFIED = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ONE, classification=classification(ONE))
DEAD = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("schema", "no alert"))
DURATIONS = {"decode": 0.123456, "judge": 1.5}


def test_the_fields_of_a_batch() -> None:
    consumed = [message(7), message(3, partition=1), message(8)]
    assert batch_report.batch_fields(consumed, [CLASSIFIED, DEAD, DEAD], DURATIONS) == {
        "event": "batch",
        "size": 3,
        "classified": 1,
        "superseded": 0,
        "ruled_out": 0,
        "dead_lettered": 2,
        "over_max_detections": 0,
        "causes": {"schema": 2},
        "candids": ["17"],
        "aids": ["A"],
        "durations": {"decode": 0.1235, "judge": 1.5},
        "offsets": {"alerts:0": (7, 8), "alerts:1": (3, 3)},
    }


def test_the_ids_are_bounded_in_number() -> None:
    fields = batch_report.batch_fields([], [CLASSIFIED] * 1000, {})
    assert len(fields["candids"]) == len(fields["aids"]) == batch_report.MAX_NAMED
    assert fields["size"] == fields["classified"] == 1000


def test_the_line_of_a_batch() -> None:
    fields = batch_report.batch_fields([message(7), message(8)], [DEAD, CLASSIFIED], DURATIONS)
    assert batch_report.batch_line(fields, 9) == (
        "batch of 2: 1 classified, 0 superseded, 0 ruled_out, 1 dead_lettered; 9 in all;"
        " decode 0.12 s, judge 1.50 s; alerts:0:7-8; first candid 17"
    )


def test_the_line_says_how_many_max_detections_superseded() -> None:
    over = Outcome(kind=OutcomeKind.SUPERSEDED, alert=ONE, over_max_detections=True)
    earlier = Outcome(kind=OutcomeKind.SUPERSEDED, alert=ONE)
    fields = batch_report.batch_fields([message(7)], [CLASSIFIED, earlier, over, over], {})
    assert (fields["superseded"], fields["over_max_detections"]) == (3, 2)
    assert batch_report.batch_line(fields, 4).startswith(
        "batch of 4: 1 classified, 3 superseded, 0 ruled_out, 0 dead_lettered"
        " (2 superseded by MAX_DETECTIONS); 4 in all;"
    )


def test_a_batch_without_any_decoded_alert_has_a_line() -> None:
    fields = batch_report.batch_fields([message(7)], [DEAD], {})
    assert batch_report.batch_line(fields, 1).endswith("1 dead_lettered; 1 in all; ; alerts:0:7-7")
