"""How a log changed under a group so that its position was no longer there.

The changes of a partition are kept in the metadata of the group's committed offset: they exist as
long as the offset does, and outlive the worker that noticed them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stampapp.kafka.message import Partition

# Per kind and partition. A broker accepts 4096 bytes of metadata (offset.metadata.max.bytes).
MAX_CHANGES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiredRange:
    """Offsets that were removed before they were consumed, from `first` up to excluding `end`.

    There are `count` of them: fewer than the range has if it joins older ranges. `noticed` is in
    seconds since 1970.
    """

    first: int
    end: int
    count: int
    noticed: int

    @property
    def start(self) -> int:
        """The offset at which the group goes on."""
        return self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class LogReset:
    """The log, which had reached at least `position`, was found to end at `end`.

    The group goes on at `start`. `noticed` is in seconds since 1970.
    """

    position: int
    end: int
    start: int
    noticed: int


LogChange = ExpiredRange | LogReset


@dataclass(frozen=True, kw_only=True, slots=True)
class LogChanges:
    """The changes of a partition, in order of their time."""

    expired: tuple[ExpiredRange, ...] = ()
    resets: tuple[LogReset, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.expired or self.resets)


def log_change(position: int, *, beginning: int, end: int, noticed: int) -> LogChange:
    """Return why the broker does not accept a position; `beginning` and `end` are of its log.

    A position within the log means that the log was cut short and has grown again since.
    """
    if position < beginning:
        count = beginning - position
        return ExpiredRange(first=position, end=beginning, count=count, noticed=noticed)
    return LogReset(position=position, end=end, start=beginning, noticed=noticed)


def add_change(changes: LogChanges, change: LogChange) -> LogChanges:
    """Add a change to those of its partition; join or drop the oldest if there are too many."""
    if isinstance(change, LogReset):
        return replace(changes, resets=(*changes.resets, change)[-MAX_CHANGES:])
    *before, last = (*changes.expired, change)
    if before and _is_noticed_again(before[-1], last, changes.resets):
        last = _union(before.pop(), last)
    expired = [*before, last]
    if len(expired) > MAX_CHANGES:
        expired[:2] = [_join(*expired[:2])]
    return replace(changes, expired=tuple(expired))


def _is_noticed_again(
    before: ExpiredRange, change: ExpiredRange, resets: Sequence[LogReset]
) -> bool:
    # A worker that ends before it commits past the range is followed by one that finds it again.
    renumbered = any(one.noticed >= before.noticed for one in resets)
    return not renumbered and change.first < before.end and before.first < change.end


def _union(one: ExpiredRange, other: ExpiredRange) -> ExpiredRange:
    first, end = min(one.first, other.first), max(one.end, other.end)
    overlap = min(one.end, other.end) - max(one.first, other.first)
    count = one.count + other.count - overlap
    return ExpiredRange(first=first, end=end, count=count, noticed=other.noticed)


def _join(older: ExpiredRange, newer: ExpiredRange) -> ExpiredRange:
    return ExpiredRange(
        first=min(older.first, newer.first),
        end=max(older.end, newer.end),
        count=older.count + newer.count,
        noticed=newer.noticed,
    )


def changes_since(changes: LogChanges, begin: float) -> LogChanges:
    """Return the changes that were noticed at `begin` (seconds since 1970) or later."""
    return LogChanges(
        expired=tuple(one for one in changes.expired if one.noticed >= begin),
        resets=tuple(one for one in changes.resets if one.noticed >= begin),
    )


def describe_change(partition: Partition, change: LogChange) -> str:
    """Return what happened, for a log line or a report."""
    place = ":".join(map(str, partition))
    if isinstance(change, ExpiredRange):
        among = "" if change.count == change.end - change.first else "among "
        return (
            f"{change.count} messages expired unread: {among}offsets"
            f" {change.first}-{change.end - 1} of {place} were removed before they were consumed"
        )
    return (
        f"the log of {place} was cut short: the group was at offset {change.position}, and the log"
        f" ended at {change.end}; it is consumed again from offset {change.start}"
    )


def encode_changes(changes: LogChanges) -> str:
    """Return the metadata of a committed offset; empty without changes."""
    if not changes:
        return ""
    fields = {
        "expired": [[one.first, one.end, one.count, one.noticed] for one in changes.expired],
        "resets": [[one.position, one.end, one.start, one.noticed] for one in changes.resets],
    }
    return json.dumps(fields, separators=(",", ":"))


def decode_changes(metadata: str | None) -> LogChanges:
    """Return the changes that `encode_changes` has written; none if another program wrote it."""
    try:
        fields = json.loads(metadata or "{}")
        expired = [
            ExpiredRange(first=first, end=end, count=count, noticed=noticed)
            for first, end, count, noticed in fields.get("expired", ())
            if _are_numbers(first, end, count, noticed)
        ]
        resets = [
            LogReset(position=position, end=end, start=start, noticed=noticed)
            for position, end, start, noticed in fields.get("resets", ())
            if _are_numbers(position, end, start, noticed)
        ]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return LogChanges()
    return LogChanges(expired=tuple(expired[-MAX_CHANGES:]), resets=tuple(resets[-MAX_CHANGES:]))


def _are_numbers(*values: object) -> bool:
    return all(type(value) is int and 0 <= value < 2**63 for value in values)
