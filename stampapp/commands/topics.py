"""Show the topics of a worker, their sizes, and the lag of its group."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from stampapp import times
from stampapp.config.settings import Settings
from stampapp.display.lines import terminal_width, write_lines
from stampapp.display.progress import ProgressBars
from stampapp.display.tables import Column, table_lines
from stampapp.inspection import topic_status
from stampapp.inspection.topic_status import TopicStatus

# A cluster may keep the topics of years of nights.
MAX_NIGHTS = 8
_COLUMNS = (
    Column(name="role"),
    Column(name="topic"),
    *(Column(name=name, right=True) for name in ("partitions", "messages", "lag")),
)


def report_topics(settings: Settings, out: TextIO, *, as_json: bool) -> tuple[str, ...]:
    """Write the report to `out`; return the errors of clusters that did not answer."""
    now = datetime.now(UTC)
    with ProgressBars():
        found = asyncio.run(topic_status.read_status(settings, now))
    if as_json:
        print(json.dumps(status_json(settings, found, now)), file=out)
    else:
        write_lines(report(settings, found, now, terminal_width(out)), out)
    return tuple(dict.fromkeys(one.problem for one in found if one.problem))


def report(
    settings: Settings, found: Sequence[TopicStatus], now: datetime, width: int | None = None
) -> Iterator[str]:
    """Yield the lines for a person, with a table for a terminal of this width (None: a pipe)."""
    older = [one for one in found if not one.tonight]
    shown = [one for one in found if one.tonight or one in older[:MAX_NIGHTS]]
    yield from table_lines(_COLUMNS, [*map(_row, shown)], width, detail="cluster")
    if rest := older[MAX_NIGHTS:]:
        count = sum(one.messages for one in rest)
        yield f"{len(rest)} more topics of earlier nights hold {count} messages."
    yield from _group(settings, found)
    yield _night(settings, now)


def _row(one: TopicStatus) -> tuple[str, ...]:
    part = one.topic_role
    role = part.role if one.tonight else "  earlier"
    if not one.exists:
        why = "?" if one.problem else "absent"
        return role, part.topic, why, "-", "-", part.cluster.bootstrap
    lag = str(one.lag) if part.role == "consumer" else "-"
    numbers = (str(len(one.partitions)), str(one.messages), lag)
    return role, part.topic, *numbers, part.cluster.bootstrap


def _group(settings: Settings, found: Sequence[TopicStatus]) -> Iterator[str]:
    inputs = [one for one in found if one.topic_role.role == "consumer"]
    extents = [extent for one in inputs for extent in one.partitions]
    if not extents:
        return
    if all(one.committed is None for one in extents):
        yield (
            f"The group {settings.group_id} has committed nothing yet: a worker starts at the"
            " first message."
        )
    else:
        lag = sum(one.lag for one in extents)
        yield f"The group {settings.group_id} is {lag} messages behind."


def _night(settings: Settings, now: datetime) -> str:
    nightly = settings.output_topic
    tonight, change = nightly.name_at(now), nightly.next_change(now)
    if change is None:
        return f"Output goes to {tonight} every night."
    return (
        f"Output goes to {tonight} now, and to {nightly.name_at(change)} from"
        f" {times.format_iso(change)} on, in {_duration(change - now)}."
    )


def _duration(left: timedelta) -> str:
    minutes = -(-int(left.total_seconds()) // 60)
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    words = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{count} {unit}" for count, unit in words if count) or "0 min"


def status_json(settings: Settings, found: Sequence[TopicStatus], now: datetime) -> dict[str, Any]:
    """Return what `--json` prints."""
    nightly = settings.output_topic
    change = nightly.next_change(now)
    return {
        "group": settings.group_id,
        "output": {
            "topic": nightly.name_at(now),
            "changes_at": change and times.format_iso(change),
            "changes_to": change and nightly.name_at(change),
        },
        "topics": [_topic_json(one) for one in found],
    }


def _topic_json(one: TopicStatus) -> dict[str, Any]:
    consumed = one.topic_role.role == "consumer"
    return {
        "role": one.topic_role.role,
        "topic": one.topic_role.topic,
        "cluster": one.topic_role.cluster.bootstrap,
        "exists": None if one.problem else one.exists,
        "tonight": one.tonight if one.topic_role.role == "producer" else None,
        "messages": one.messages,
        "lag": one.lag if consumed else None,
        "partitions": [
            {"partition": e.partition, "first": e.first, "end": e.end}
            | ({"committed": e.committed, "lag": e.lag} if consumed else {})
            for e in one.partitions
        ],
        "error": one.problem,
    }
