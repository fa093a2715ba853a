from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stampapp.audit.consumed import ConsumedOffsets, TimeWindow
from stampapp.audit.offset_marks import OffsetMarks, PartitionMarks, PublishedTopic, Seen
from stampapp.audit.published import TopicScan
from stampapp.audit.reconcile import Reconciliation
from stampapp.audit.unmatched import ReportEntry
from stampapp.commands import reconcile as command
from stampapp.kafka.log_changes import ExpiredRange, LogChanges, LogReset
from stampapp.kafka.message import TopicPartitionOffset
from stampapp.results import provenance

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = 1_772_366_400_000
OUTPUT, SCRIBE, _ = PublishedTopic
OUTPUT_SCAN = TopicScan(
    topic_kind=OUTPUT, topics=("out",), messages=8, unnamed=1, complete_since=NOON_MS
)


def finding(offset: int = 7, aid: str | None = "A") -> ReportEntry:
    place = TopicPartitionOffset(topic="alerts", partition=1, offset=offset)
    return ReportEntry(
        location=place, timestamp_ms=NOON_MS, aid=aid, candid=aid and "c1", why="nowhere"
    )


EXPIRED = LogChanges(
    expired=(ExpiredRange(first=5, end=12, count=7, noticed=NOON_MS // 1000),),
)
RESET = LogChanges(
    resets=(LogReset(position=10, end=6, start=0, noticed=NOON_MS // 1000),),
)


NOTHING = LogChanges()


def consumed(repeats: int = 0, waiting: int = 0, changes: LogChanges = NOTHING) -> ConsumedOffsets:
    """Eight classified, of which some twice, and two ruled out."""
    accounts = OffsetMarks({("alerts", 0): PartitionMarks(0, 10)})
    for offset in (*range(8), *range(repeats)):
        place = TopicPartitionOffset(topic="alerts", partition=0, offset=offset)
        for topic_kind in (OUTPUT, SCRIBE):
            accounts.add_provenance(provenance.Provenance(group="ztf", source=place), topic_kind)
    for offset in (8, 9):
        accounts.mark(
            TopicPartitionOffset(topic="alerts", partition=0, offset=offset), Seen.RULED_OUT
        )
    return ConsumedOffsets(marks=accounts, waiting=waiting, changes={("alerts", 1): changes})


def result(**changes: Any) -> Reconciliation:
    usual: dict[str, Any] = {
        "group": "ztf",
        "window": TimeWindow(),
        "consumed": consumed(),
        "reclassified": 0,
        "over_max_detections": 0,
        "matched_by_key": 0,
        "missing": (),
        "undecidable": (),
        "older": 0,
        "unexamined": 0,
        "scans": (OUTPUT_SCAN,),
    }
    return Reconciliation(**usual | changes)


def test_when_all_is_there_it_is_said() -> None:
    assert list(command.report(result())) == [
        "Consumed by ztf:",
        "  messages              10",
        "  classified             8",
        "  superseded             0",
        "  ruled-out              2",
        "  dead-lettered          0",
        "  missing                0",
        "  undecidable            0",
        "All of them are accounted for.",
    ]


def test_what_is_missing_is_listed() -> None:
    lines = list(command.report(result(missing=(finding(), finding(8, None)))))
    assert "missing: alerts:1:7  2026-03-01T12:00:00Z  A (c1): nowhere" in lines
    assert "missing: alerts:1:8  2026-03-01T12:00:00Z  not decodable: nowhere" in lines
    assert lines[-1] == "2 missing, 0 undecidable."


def test_a_long_list_is_cut_and_its_rest_counted() -> None:
    many = tuple(finding(offset) for offset in range(command.MAX_LINES + 5))
    lines = list(command.report(result(undecidable=many)))
    assert "undecidable: 5 more, which --json lists" in lines
    assert sum("alerts:1:" in line for line in lines) == command.MAX_LINES


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"consumed": consumed(repeats=3)}, "harmless: 3 in output, 3 in scribe."),
        ({"reclassified": 2}, "when classified again, since no batch names them: 2."),
        ({"over_max_detections": 2}, "by MAX_DETECTIONS when read again, since no batch names"),
        ({"matched_by_key": 2}, "by key and time only, for lack of headers: 2."),
        ({"older": 2}, "older than the topics of output and scribe: 2."),
        ({"consumed": consumed(waiting=2)}, "Not consumed yet: 2."),
        ({"window": TimeWindow(begin=NOON)}, "ztf from 2026-03-01T12:00:00Z:"),
        ({"window": TimeWindow(end=NOON)}, "ztf until 2026-03-01T12:00:00Z:"),
    ],
)
def test_notes_are_printed_but_do_not_count_as_loss(changes: dict[str, Any], words: str) -> None:
    found = result(**changes)
    assert found.complete
    assert words in "\n".join(command.report(found))
    assert words not in "\n".join(command.report(result()))


@pytest.mark.parametrize(
    "changes",
    [
        {"missing": (finding(),)},
        {"undecidable": (finding(),)},
        {"unexamined": 1},
        {"consumed": consumed(changes=EXPIRED)},
        {"consumed": consumed(changes=RESET)},
        # Undecidable messages are no success if it was asked for.
        {"older": 1, "window": TimeWindow(begin=NOON)},
    ],
)
def test_what_is_not_accounted_for_makes_it_incomplete(changes: dict[str, Any]) -> None:
    found = result(**changes)
    assert not found.complete
    assert "All of them" not in "\n".join(command.report(found))
    assert not command.reconciliation_json(found)["complete"]


def test_a_program_gets_it_as_json() -> None:
    found = json.loads(
        json.dumps(
            command.reconciliation_json(result(missing=(finding(),), window=TimeWindow(begin=NOON)))
        )
    )
    assert found["from"] == "2026-03-01T12:00:00Z"
    assert found["to"] is None
    assert (found["consumed"], found["classified"], found["ruled_out"]) == (10, 8, 2)
    assert found["missing"] == [
        {
            "topic": "alerts",
            "partition": 1,
            "offset": 7,
            "instant": "2026-03-01T12:00:00Z",
            "aid": "A",
            "candid": "c1",
            "why": "nowhere",
        }
    ]
    assert found["read"]["output"] == {
        "topics": ["out"],
        "messages": 8,
        "unnamed": 1,
        "whole_since": "2026-03-01T12:00:00Z",
    }


def test_what_happened_to_the_logs_is_told() -> None:
    lines = list(command.report(result(consumed=consumed(changes=EXPIRED))))
    assert (
        "7 messages expired unread: offsets 5-11 of alerts:1 were removed before they were consumed"
        " (noticed 2026-03-01T12:00:00Z)" in lines
    )
    assert lines[-1] == "0 missing, 0 undecidable, 7 expired unread."
    lines = list(command.report(result(consumed=consumed(changes=RESET))))
    assert any(line.startswith("the log of alerts:1 was cut short:") for line in lines)
    assert lines[-1] == "0 missing, 0 undecidable, 1 log cut short."


def test_a_program_gets_what_happened_to_the_logs() -> None:
    place = {"topic": "alerts", "partition": 1, "noticed": "2026-03-01T12:00:00Z"}
    found = command.reconciliation_json(result(consumed=consumed(changes=EXPIRED)))
    assert found["expired"] == 7
    assert found["expired_ranges"] == [place | {"first": 5, "end": 12, "count": 7}]
    found = command.reconciliation_json(result(consumed=consumed(changes=RESET)))
    assert found["log_resets"] == [place | {"position": 10, "end": 6, "start": 0}]
