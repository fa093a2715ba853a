"""List, show and replay dead letters."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from stampapp.commands.text.deadletters import (
    DeadLetterRow,
    cause_totals,
    dead_letter_details,
    dead_letter_json,
    dead_letter_table,
    decoded_json,
    replay_plan,
)
from stampapp.config.settings import Settings
from stampapp.deadletters import record, replay
from stampapp.deadletters.partial_decode import decode_partially
from stampapp.deadletters.record import DeadLetter
from stampapp.deadletters.selection import DeadLetterFilter, DeadLetterIndex
from stampapp.display.lines import terminal_width, write_lines
from stampapp.display.progress import ProgressBars
from stampapp.errors import ConfigError
from stampapp.kafka.connection_errors import describe_cluster, describe_user, join_words
from stampapp.kafka.message import Message
from stampapp.kafka.offset_ranges import ReportProgress
from stampapp.kafka.topic_reader import TopicReader

MAX_SHOWN = 1000


def list_dead_letters(
    settings: Settings, wanted: DeadLetterFilter, limit: int, out: TextIO, *, as_json: bool
) -> None:
    """Write the latest dead letters and the number of all to `out`. Raises ConfigError."""
    with ProgressBars() as bars:
        counts, found = asyncio.run(_find(settings, wanted, limit, bars))
    rows = [row for row, _ in found]
    if as_json:
        numbers = {c: {"all": every, "replayed": done} for c, (every, done) in counts.items()}
        print(
            json.dumps({"counts": numbers, "dead_letters": [*map(dead_letter_json, rows)]}),
            file=out,
        )
        return
    width = terminal_width(out)
    write_lines([*dead_letter_table(rows, width), *cause_totals(counts)], out)
    if (every := sum(count for count, _ in counts.values())) > len(rows):
        print(f"The latest {len(rows)} of {every}: --limit shows more.", file=out)


def show_dead_letters(
    settings: Settings, places: Sequence[str], save: Path | None, out: TextIO, *, as_json: bool
) -> None:
    """Write all that is known about some dead letters to `out`, and the bytes of one to `save`.

    Raises ConfigError if there is no such dead letter.
    """
    if not places:
        raise ConfigError("show needs the places of dead letters: see the first column of list")
    with ProgressBars() as bars:
        _, found = asyncio.run(_find(settings, DeadLetterFilter(places=places), MAX_SHOWN, bars))
    known = {name for row, _ in found for name in record.all_names(row.letter)}
    if absent := tuple(place for place in places if place not in known):
        raise ConfigError(
            f"{replay.deadletter_topic(settings)} has no dead letter {join_words(absent)}"
        )
    if save:
        if len(found) > 1:
            raise ConfigError(f"--save needs one dead letter, not {len(found)}")
        save.write_bytes(found[0][1].value or b"")
    for row, _ in found:
        if as_json:
            print(json.dumps(dead_letter_json(row) | decoded_json(row)), file=out)
        else:
            write_lines([*dead_letter_details(row, terminal_width(out)), ""], out)


def replay_dead_letters(
    settings: Settings, wanted: DeadLetterFilter, out: TextIO, *, again: bool, dry_run: bool
) -> None:
    """Publish dead letters on their original topics. Raises ConfigError or DeliveryError."""
    with ProgressBars() as bars:
        done, skipped = asyncio.run(_replay(settings, wanted, out, bars, again, dry_run))
    verb = "would be replayed" if dry_run else "replayed to their original topics and marked"
    print(f"{done} {verb}.", file=out)
    if skipped:
        why = "they were replayed before, or are themselves replays (--again includes them)"
        print(f"{skipped} skipped: {why}.", file=out)


async def _replay(  # noqa: PLR0913, PLR0917  # the options of the command
    settings: Settings,
    wanted: DeadLetterFilter,
    out: TextIO,
    progress: ReportProgress,
    again: bool,
    dry_run: bool,
) -> tuple[int, int]:
    """Return how many dead letters were replayed, and how many were skipped."""
    topic, done = replay.deadletter_topic(settings), 0
    async with TopicReader(settings.producer) as reader:
        index = await replay.index_dead_letters(reader, topic, wanted, progress)
        _warn(settings, topic, index)
        letters = sorted(index.replayable(again=again), key=_place)
        if dry_run:
            write_lines(replay_plan(letters), out)
            done = len(letters)
        else:
            async for more in replay.replay(settings, reader, letters):
                progress("replaying", more, len(letters))
                done += more
    return done, len(index.letters) - len(letters)


def _warn(settings: Settings, topic: str, index: DeadLetterIndex) -> None:
    if index.topic_missing:
        print(
            f"{describe_cluster(settings.producer)} shows {describe_user(settings.producer)} no"
            f" topic {topic}: there are no dead letters yet, or READ and DESCRIBE are not"
            " granted, or DEADLETTER_TOPIC is wrong",
            file=sys.stderr,
        )


async def _find(
    settings: Settings, wanted: DeadLetterFilter, limit: int, progress: ReportProgress
) -> tuple[dict[str, tuple[int, int]], list[tuple[DeadLetterRow, Message]]]:
    """Return the counts by cause, and the latest of the selected dead letters."""
    topic, schemas = replay.deadletter_topic(settings), settings.schemas.open()
    async with TopicReader(settings.producer) as reader:
        index = await replay.index_dead_letters(reader, topic, wanted, progress)
        _warn(settings, topic, index)
        chosen = sorted(index.letters, key=_age)[-limit:]
        found = [
            (
                DeadLetterRow(
                    letter=letter,
                    partial=decode_partially(message.value, schemas),
                    size=len(message.value or b""),
                    mark=index.marks.get(letter.source),
                ),
                message,
            )
            async for letter, message in replay.fetch_messages(reader, chosen)
        ]
    return index.counts_by_cause(), sorted(found, key=lambda one: _place(one[0].letter))


def _age(letter: DeadLetter) -> tuple[int, int, int]:
    return letter.timestamp, *_place(letter)


def _place(letter: DeadLetter) -> tuple[int, int]:
    return letter.location.partition, letter.location.offset
