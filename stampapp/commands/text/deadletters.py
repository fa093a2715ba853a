"""A dead letter as a table row, in detail, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stampapp import times
from stampapp.deadletters import record
from stampapp.deadletters.causes import CAUSES, UNKNOWN
from stampapp.deadletters.partial_decode import PartialMessage
from stampapp.deadletters.record import DeadLetter, ReplayMark
from stampapp.display.tables import Column, name_value_lines, table_lines
from stampapp.kafka.message import TopicPartitionOffset

_COLUMNS = tuple(
    Column(name=name)
    for name in ("place", "instant", "cause", "source", "object", "candid", "replayed")
)
_MOST_CHARACTERS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetterRow:
    """A dead letter, what could be decoded of it, its size in bytes, and its replay mark."""

    letter: DeadLetter
    partial: PartialMessage
    size: int
    mark: ReplayMark | None

    @property
    def aid(self) -> str | None:
        """The object, if it could be read."""
        return self.partial.aid

    @property
    def candid(self) -> str | None:
        """The candid, if it could be read."""
        return self.partial.candid


def dead_letter_table(rows: Sequence[DeadLetterRow], width: int | None = None) -> Iterator[str]:
    """Yield the table of dead letters, for a terminal of this width (None: a pipe)."""
    yield from table_lines(_COLUMNS, [*map(_cells, rows)], width, detail="message")


def _cells(row: DeadLetterRow) -> tuple[str, ...]:
    letter = row.letter
    return (
        record.short_name(letter),
        times.format_iso(times.from_unix_ms(letter.timestamp)),
        letter.cause,
        str(letter.source),
        row.aid or "-",
        row.candid or "-",
        row.mark.replayed_at if row.mark else "again dead" if letter.replay_of else "-",
        letter.reason[:_MOST_CHARACTERS],
    )


def cause_totals(counts: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """Yield a line for each cause: the number of dead letters, and of those replayed."""
    rows = [
        (str(every), cause + (f", {replayed} of them replayed" if replayed else ""))
        for cause, (every, replayed) in counts.items()
    ]
    rows.append((str(sum(every for every, _ in counts.values())), "in all"))
    yield from table_lines([Column(name="count", width=8, right=True)], rows, heading=False)


def replay_plan(letters: Sequence[DeadLetter]) -> Iterator[str]:
    """Yield where each dead letter would be published, and what to do first about each cause."""
    for letter in letters:
        yield f"{record.short_name(letter)} ({letter.cause}) to {letter.source}"
    for cause, count in sorted(Counter(letter.cause for letter in letters).items()):
        yield f"{cause} ({count}): {CAUSES.get(cause, UNKNOWN).remedy}"


def dead_letter_details(row: DeadLetterRow, width: int | None = None) -> Iterator[str]:
    """Yield the details of one dead letter, for a terminal of this width (None: a pipe)."""
    letter, cause = row.letter, CAUSES.get(row.letter.cause, UNKNOWN)
    facts: dict[str, object] = {
        "dead letter": record.short_name(letter),
        "source": f"{letter.source}, {times.format_iso(times.from_unix_ms(letter.timestamp))}",
        "size": f"{row.size} B",
        "cause": f"{letter.cause}: {letter.reason}",
        "meaning": cause.meaning,
        "what to do": cause.remedy,
        "replayed": f"{row.mark.replayed_at}, as {row.mark.replayed_as}" if row.mark else "no",
    }
    if letter.replay_of:
        facts["is itself"] = f"the replay of {letter.replay_of}"
    facts["container"] = row.partial.container
    if row.partial.undecoded:
        facts["unreadable"] = ", ".join(row.partial.undecoded)
    yield from name_value_lines(facts, width)
    for line in name_value_lines(row.partial.fields, width and width - 2):
        yield f"  {line}"


def dead_letter_json(row: DeadLetterRow) -> dict[str, Any]:
    """Return what `--json` prints for a dead letter."""
    letter = row.letter
    return {
        "partition": letter.location.partition,
        "offset": letter.location.offset,
        "instant": times.format_iso(times.from_unix_ms(letter.timestamp)),
        "cause": letter.cause,
        "message": letter.reason,
        "source": _location_json(letter.source),
        "size": row.size,
        "aid": row.aid,
        "candid": row.candid,
        "replayed_at": row.mark and row.mark.replayed_at,
        "replayed_as": row.mark and _location_json(row.mark.replayed_as),
        "replay_of": letter.replay_of and _location_json(letter.replay_of),
    }


def _location_json(location: TopicPartitionOffset) -> dict[str, str | int]:
    return {"topic": location.topic, "partition": location.partition, "offset": location.offset}


def decoded_json(row: DeadLetterRow) -> dict[str, Any]:
    """Return what `show --json` adds to it."""
    cause = CAUSES.get(row.letter.cause, UNKNOWN)
    return {
        "meaning": cause.meaning,
        "what_to_do": cause.remedy,
        "container": row.partial.container,
        "fields": dict(row.partial.fields),
        "undecoded": list(row.partial.undecoded),
    }
