"""How a dead letter is told, in a line, in full, and to a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stampapp import times
from stampapp.deadletters import record
from stampapp.deadletters.causes import CAUSES, UNKNOWN
from stampapp.deadletters.partial_decode import PartialMessage
from stampapp.deadletters.record import DeadLetter, ReplayMark
from stampapp.kafka.message import TopicPartitionOffset

_WIDTHS = {
    "place": 9,
    "instant": 20,
    "cause": 20,
    "source": 24,
    "object": 16,
    "candid": 20,
    "replayed": 20,
}
HEADING = " ".join(f"{name:<{width}}" for name, width in _WIDTHS.items()) + " message"
_MOST_CHARACTERS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A dead letter as it is listed. `size` in bytes; `mark` says that it was replayed."""

    letter: DeadLetter
    partial: PartialMessage
    size: int
    mark: ReplayMark | None

    @property
    def aid(self) -> str | None:
        """The object, where it could be read."""
        return self.partial.first_of("aid", "objectId")

    @property
    def candid(self) -> str | None:
        """The candidate, where it could be read."""
        return self.partial.first_of("candid", "candidate.candid")


def line(row: Row) -> str:
    """Return a row of the table."""
    letter = row.letter
    cells = (
        record.short_name(letter),
        times.format_iso(times.from_unix_ms(letter.timestamp)),
        letter.cause,
        str(letter.source),
        row.aid or "-",
        row.candid or "-",
        row.mark.replayed_at if row.mark else "again dead" if letter.replay_of else "-",
    )
    padded = " ".join(
        f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS.values(), strict=True)
    )
    return f"{padded} {letter.reason[:_MOST_CHARACTERS]}"


def sums(counts: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """Yield a line for each cause, with all of its dead letters and those that were replayed."""
    for cause, (every, replayed) in counts.items():
        yield f"{every:>8} {cause}" + (f", {replayed} of them replayed" if replayed else "")
    yield f"{sum(every for every, _ in counts.values()):>8} in all"


def told(row: Row) -> Iterator[str]:
    """Yield the lines about one dead letter."""
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
    yield from (f"{name:<12} {value}" for name, value in facts.items())
    yield from (f"  {name:<28} {value}" for name, value in row.partial.fields.items())


def described(row: Row) -> dict[str, Any]:
    """Return what `--json` prints of a dead letter."""
    letter = row.letter
    return {
        "partition": letter.location.partition,
        "offset": letter.location.offset,
        "instant": times.format_iso(times.from_unix_ms(letter.timestamp)),
        "cause": letter.cause,
        "message": letter.reason,
        "source": _place(letter.source),
        "size": row.size,
        "aid": row.aid,
        "candid": row.candid,
        "replayed_at": row.mark and row.mark.replayed_at,
        "replayed_as": row.mark and _place(row.mark.replayed_as),
        "replay_of": letter.replay_of and _place(letter.replay_of),
    }


def _place(place: TopicPartitionOffset) -> dict[str, str | int]:
    return {"topic": place.topic, "partition": place.partition, "offset": place.offset}


def decoded(row: Row) -> dict[str, Any]:
    """Return what `--json` adds to it when it is shown."""
    cause = CAUSES.get(row.letter.cause, UNKNOWN)
    return {
        "meaning": cause.meaning,
        "what_to_do": cause.remedy,
        "container": row.partial.container,
        "fields": dict(row.partial.fields),
        "undecoded": list(row.partial.undecoded),
    }
