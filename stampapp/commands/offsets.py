"""Show the committed offsets of the group, and set them while no worker is active."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, TextIO

from stampapp import times
from stampapp.config.settings import Settings
from stampapp.display.lines import terminal_width, write_lines
from stampapp.display.tables import Column, table_lines
from stampapp.errors import ConfigError
from stampapp.inspection import group_offsets
from stampapp.inspection.group_offsets import GroupOffsets, OffsetTarget
from stampapp.inspection.topic_status import PartitionStatus
from stampapp.kafka.connection import query_cluster
from stampapp.kafka.consumer_group import set_committed_offsets
from stampapp.kafka.log_changes import encode_changes
from stampapp.kafka.message import Partition
from stampapp.kafka.metadata_v8 import Operation, fetch_metadata
from stampapp.kafka.topic_reader import TopicReader
from stampapp.preflight import required_access
from stampapp.preflight.required_access import ClusterAccess, Permission

_NUMBERS = ("partition", "earliest", "committed", "end", "lag")
_COLUMNS = (Column(name="topic"), *(Column(name=name, right=True) for name in _NUMBERS))


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetPlan:
    """The offsets of a group, and the new ones by partition."""

    target: OffsetTarget
    before: GroupOffsets
    new: Mapping[Partition, int]
    dry_run: bool

    @property
    def repeated(self) -> int:
        """How many consumed messages are consumed again."""
        return group_offsets.count_repeated(self.before.partitions, self.new)

    @property
    def skipped(self) -> int:
        """How many messages that were not consumed are skipped."""
        return group_offsets.count_skipped(self.before.partitions, self.new)


def show_offsets(
    settings: Settings, topics: Collection[str], out: TextIO, *, as_json: bool
) -> None:
    """Write the offsets of the group to `out`. Raises ConfigError."""
    found = asyncio.run(_read(settings, topics))
    if as_json:
        print(json.dumps(offsets_json(settings, found)), file=out)
    else:
        write_lines(report_offsets(settings, found, terminal_width(out)), out)


def reset_offsets(  # noqa: PLR0913  # the options of the command
    settings: Settings,
    to: str | None,
    topics: Collection[str],
    out: TextIO,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Set the offsets of the group, and write the old and the new ones. Raises ConfigError."""
    if to is None:
        raise ConfigError("reset needs --to: earliest, latest, an instant or a night")
    target = group_offsets.parse_target(to, settings.output_topic)
    plan = asyncio.run(_reset(settings, target, topics, dry_run=dry_run))
    if as_json:
        print(json.dumps(plan_json(settings, plan)), file=out)
    else:
        write_lines(report_plan(settings, plan, terminal_width(out)), out)


async def _read(settings: Settings, topics: Collection[str]) -> GroupOffsets:
    async with TopicReader(settings.consumer, settings.isolation_level) as reader:
        found = await group_offsets.read_group_offsets(reader, settings, topics)
    _warn_of_missing(found)
    return found


async def _reset(
    settings: Settings, target: OffsetTarget, topics: Collection[str], *, dry_run: bool
) -> ResetPlan:
    async with TopicReader(settings.consumer, settings.isolation_level) as reader:
        before = await group_offsets.read_group_offsets(reader, settings, topics)
        new = await group_offsets.target_offsets(reader, target, before.partitions)
        changes = await group_offsets.read_log_changes(reader, settings.group_id, before.partitions)
    _warn_of_missing(before)
    if not dry_run:
        if before.members:
            raise ConfigError(_refusal(settings, before))
        await _require_access(settings, {topic for topic, _ in new})
        # Without it, a reset would hide from reconcile what has become of the logs.
        metadata = {at: encode_changes(one) for at, one in changes.items()}
        await set_committed_offsets(settings.consumer, settings.group_id, new, metadata)
    return ResetPlan(target=target, before=before, new=new, dry_run=dry_run)


def _warn_of_missing(found: GroupOffsets) -> None:
    for topic in found.missing_topics:
        print(f"warning: topic {topic} does not exist", file=sys.stderr)


def _refusal(settings: Settings, found: GroupOffsets) -> str:
    return (
        f"the group {settings.group_id} has active members: {_members(found)}. Stop these workers"
        " first; one that was killed leaves the group after CONSUMER_SESSION_TIMEOUT"
    )


def _members(found: GroupOffsets) -> str:
    return ", ".join(map(str, found.members))


async def _require_access(settings: Settings, topics: Collection[str]) -> None:
    """Raise ConfigError unless all topics may be read: Kafka would set only some of the offsets."""
    permissions = tuple(
        Permission(role="consumer", operation=Operation.READ, topic=one, setting="CONSUMER_TOPICS")
        for one in sorted(topics)
    )
    access = ClusterAccess(cluster=settings.consumer, permissions=permissions, group=None)
    answer = await query_cluster(settings.consumer, partial(fetch_metadata, topics=access.topics))
    if any(problems := required_access.missing_permissions(access, answer)):
        raise ConfigError("; ".join(chain(*problems)))


def report_offsets(
    settings: Settings, found: GroupOffsets, width: int | None = None
) -> Iterator[str]:
    """Yield the lines for a person, with a table for a terminal of this width (None: a pipe)."""
    yield from table_lines(_COLUMNS, [_row(*one) for one in found.partitions.items()], width)
    lag = sum(one.lag for one in found.partitions.values())
    yield f"The group {settings.group_id} is {lag} messages behind."
    yield f"Active members: {_members(found) or 'none'}."


def report_plan(settings: Settings, plan: ResetPlan, width: int | None = None) -> Iterator[str]:
    """Yield the lines for a person, with a table for a terminal of this width (None: a pipe)."""
    target, before = plan.target, plan.before
    if target.instant:
        at = times.format_iso(target.instant)
        begins = f"The night {target.text} begins at {at}. " if target.night else ""
        yield f"{begins}The new offsets are those of the first messages at {at} or later."
    rows = [(*_row(at, one), str(plan.new[at])) for at, one in before.partitions.items()]
    yield from table_lines((*_COLUMNS, Column(name="new", right=True)), rows, width)
    yield (
        f"{plan.repeated} consumed messages are consumed again, {plan.skipped} that were not"
        " consumed are skipped."
    )
    if not plan.dry_run:
        yield f"The group {settings.group_id} continues at the new offsets."
        return
    yield "Nothing is changed (--dry-run)."
    if before.members:
        yield f"A reset would be refused now: {_refusal(settings, before)}."


def _row(at: Partition, one: PartitionStatus) -> tuple[str, ...]:
    committed = "-" if one.committed is None else str(one.committed)
    return at[0], str(at[1]), str(one.first), committed, str(one.end), str(one.lag)


def offsets_json(settings: Settings, found: GroupOffsets) -> dict[str, Any]:
    """Return what `show --json` prints."""
    return {
        "group": settings.group_id,
        "members": [{"member": one.member_id, "host": one.host} for one in found.members],
        "missing_topics": list(found.missing_topics),
        "partitions": [
            {
                "topic": topic,
                "partition": number,
                "earliest": one.first,
                "committed": one.committed,
                "end": one.end,
                "lag": one.lag,
            }
            for (topic, number), one in found.partitions.items()
        ],
    }


def plan_json(settings: Settings, plan: ResetPlan) -> dict[str, Any]:
    """Return what `reset --json` prints."""
    found = offsets_json(settings, plan.before)
    for one in found["partitions"]:
        one["new"] = plan.new[one["topic"], one["partition"]]
    return found | {
        "to": plan.target.text,
        "instant": plan.target.instant and times.format_iso(plan.target.instant),
        "dry_run": plan.dry_run,
        "consumed_again": plan.repeated,
        "skipped": plan.skipped,
    }
