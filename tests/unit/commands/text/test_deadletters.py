from __future__ import annotations

from typing import Any

from stampapp.commands.text import deadletters
from stampapp.commands.text.deadletters import DeadLetterRow
from stampapp.deadletters.causes import CAUSES
from stampapp.deadletters.partial_decode import PartialMessage
from stampapp.deadletters.record import DeadLetter, ReplayMark
from stampapp.kafka.message import TopicPartitionOffset

NOON_MS = 1_772_366_400_000


def place(offset: int, topic: str = "alerts") -> TopicPartitionOffset:
    return TopicPartitionOffset(topic=topic, partition=1, offset=offset)


DECODED = PartialMessage(container="Avro, record r, codec null", fields={"aid": "A", "candid": 5})
MARK = ReplayMark(
    source=place(7),
    dead_letter=place(3, "dead"),
    replayed_as=place(9),
    replayed_at="2026-03-02T00:00:00Z",
)


def row(
    mark: ReplayMark | None = None, partial: PartialMessage = DECODED, **changes: Any
) -> DeadLetterRow:
    usual: dict[str, Any] = {
        "location": place(3, "dead"),
        "timestamp": NOON_MS,
        "cause": "stamp-damaged",
        "reason": "gzip says no",
        "source": place(7),
        "replay_of": None,
    }
    letter = DeadLetter(**usual | changes)
    return DeadLetterRow(letter=letter, partial=partial, size=42, mark=mark)


def test_a_line_has_what_finds_it_again() -> None:
    heading, line = deadletters.dead_letter_table([row()])
    assert heading.split() == [
        *("place", "instant", "cause", "source", "object", "candid", "replayed", "message")
    ]
    cells = line.split()
    assert cells[:6] == ["1:3", "2026-03-01T12:00:00Z", "stamp-damaged", "alerts:1:7", "A", "5"]
    assert line.endswith("-         gzip says no")
    assert heading.index("message") == line.index("gzip")


def test_a_plan_of_a_replay_has_each_letter_and_what_to_do_about_each_cause() -> None:
    letters = [row(location=place(one, "dead")).letter for one in (3, 4)]
    first, second, advice = deadletters.replay_plan(letters)
    assert first == "1:3 (stamp-damaged) to alerts:1:7"
    assert second.startswith("1:4 ")
    assert advice == f"stamp-damaged (2): {CAUSES['stamp-damaged'].remedy}"


def test_a_narrow_terminal_gets_a_line_for_each_value() -> None:
    lines = list(deadletters.dead_letter_table([row()], 60))
    assert "source    alerts:1:7" in lines
    assert "message   gzip says no" in lines


def test_a_line_names_replays() -> None:
    assert "2026-03-02T00:00:00Z" in "".join(deadletters.dead_letter_table([row(MARK)]))
    assert "again dead" in "".join(deadletters.dead_letter_table([row(replay_of=place(1, "dead"))]))


def test_what_cannot_be_decoded_has_no_object() -> None:
    nothing = row(partial=PartialMessage(container="none"))
    _, line = deadletters.dead_letter_table([nothing])
    assert line.split()[4:6] == ["-", "-"]
    assert deadletters.dead_letter_json(nothing)["aid"] is None


def test_counts_by_cause_and_in_total() -> None:
    assert list(deadletters.cause_totals({"empty": (3, 0), "field": (12, 2)})) == [
        "       3  empty",
        "      12  field, 2 of them replayed",
        "      15  in all",
    ]
    assert list(deadletters.cause_totals({})) == ["       0  in all"]


def test_in_full_the_cause_is_explained_and_the_fields_are_listed() -> None:
    lines = list(deadletters.dead_letter_details(row(MARK, replay_of=place(1, "dead"))))
    assert f"meaning      {CAUSES['stamp-damaged'].meaning}" in lines
    assert f"what to do   {CAUSES['stamp-damaged'].remedy}" in lines
    assert "replayed     2026-03-02T00:00:00Z, as alerts:1:9" in lines
    assert "is itself    the replay of dead:1:1" in lines
    assert "  aid     A" in lines


def test_in_full_it_is_said_what_could_not_be_read() -> None:
    cut = PartialMessage(container="Avro", fields={"aid": "A"}, undecoded=("mjd", "stamps"))
    lines = list(deadletters.dead_letter_details(row(partial=cut)))
    assert "unreadable   mjd, stamps" in lines
    assert "replayed     no" in lines


def test_a_cause_of_another_version_is_no_error() -> None:
    assert any(
        "does not know the cause" in line
        for line in deadletters.dead_letter_details(row(cause="from-the-future"))
    )


def test_a_program_gets_places_in_parts() -> None:
    found = deadletters.dead_letter_json(row(MARK))
    assert found["source"] == {"topic": "alerts", "partition": 1, "offset": 7}
    assert found["replayed_as"] == {"topic": "alerts", "partition": 1, "offset": 9}
    assert (found["replayed_at"], found["replay_of"]) == ("2026-03-02T00:00:00Z", None)
    assert deadletters.decoded_json(row())["fields"] == {"aid": "A", "candid": 5}
