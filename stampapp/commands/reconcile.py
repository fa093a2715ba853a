"""Report whether every consumed message is accounted for, and list those that are not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from stampapp import times
from stampapp.audit.consumed import TimeWindow
from stampapp.audit.recheck import lazy_classifier
from stampapp.audit.reconcile import Reconciliation, reconcile_group
from stampapp.audit.unmatched import ReportEntry
from stampapp.config.settings import Settings
from stampapp.display.lines import write_lines
from stampapp.display.progress import ProgressBars
from stampapp.display.tables import Column, table_lines
from stampapp.kafka.log_changes import LogChange, LogChanges, describe_change
from stampapp.kafka.message import Partition

# Longer lists are for programs: --json prints them all.
MAX_LINES = 200
_COUNTS = (Column(name="messages"), Column(name="count", width=10, right=True))


def report_reconciliation(
    settings: Settings, window: TimeWindow, out: TextIO, *, as_json: bool
) -> Reconciliation:
    """Write the report to `out`, progress to stderr. Raises ConfigError."""
    with ProgressBars() as bars:
        reconciliation = asyncio.run(
            reconcile_group(settings, window, classify=lazy_classifier(settings), progress=bars)
        )
    if as_json:
        print(json.dumps(reconciliation_json(reconciliation)), file=out)
    else:
        write_lines(report(reconciliation), out)
    return reconciliation


def report(reconciliation: Reconciliation) -> Iterator[str]:
    """Yield the lines of the report."""
    marks = reconciliation.consumed.marks
    counts = {kind.replace("_", "-"): count for kind, count in marks.count_outcomes().items()}
    lost = {"missing": len(reconciliation.missing), "undecidable": len(reconciliation.undecidable)}
    yield f"Consumed by {reconciliation.group}{_between(reconciliation.window)}:"
    rows = {"messages": marks.count_messages(), **counts, **lost}.items()
    for line in table_lines(_COUNTS, [(name, str(n)) for name, n in rows], heading=False):
        yield f"  {line}"
    yield from _notes(reconciliation)
    yield from _log_changes(reconciliation)
    for title, entries in (
        ("missing", reconciliation.missing),
        ("undecidable", reconciliation.undecidable),
    ):
        yield from (f"{title}: {_line(entry)}" for entry in entries[:MAX_LINES])
        if len(entries) > MAX_LINES:
            yield f"{title}: {len(entries) - MAX_LINES} more, which --json lists"
    yield _conclusion(reconciliation)


def _between(window: TimeWindow) -> str:
    begin = f" from {times.format_iso(window.begin)}" if window.begin else ""
    return begin + (f" until {times.format_iso(window.end)}" if window.end else "")


def _notes(reconciliation: Reconciliation) -> Iterator[str]:
    consumed, repeats = reconciliation.consumed, reconciliation.consumed.marks.repeats
    repeated = ", ".join(f"{count} in {name}" for name, count in repeats.items() if count)
    if repeated:
        yield f"Published again, which is harmless: {repeated}."
    if reconciliation.reclassified:
        number = reconciliation.reclassified
        yield f"Ruled out when classified again, since no batch names them: {number}."
    if reconciliation.over_max_detections:
        number = reconciliation.over_max_detections
        yield f"Superseded by MAX_DETECTIONS when read again, since no batch names them: {number}."
    if reconciliation.matched_by_key:
        yield (
            "Matched by key and time only, for lack of headers:"
            f" {reconciliation.matched_by_key}. An older version published them."
        )
    if reconciliation.older:
        number = reconciliation.older
        yield f"Named nowhere, but older than the topics of output and scribe: {number}."
    if consumed.waiting:
        yield f"Not consumed yet: {consumed.waiting}."


def _log_changes(reconciliation: Reconciliation) -> Iterator[str]:
    for partition, changes in reconciliation.consumed.changes.items():
        found: tuple[LogChange, ...] = (*changes.expired, *changes.resets)
        for change in found:
            yield f"{describe_change(partition, change)} (noticed {_noticed(change)})"


def _noticed(change: LogChange) -> str:
    return times.format_iso(times.from_unix_ms(change.noticed * 1000))


def _line(entry: ReportEntry) -> str:
    who = f"{entry.aid} ({entry.candid})" if entry.aid else "not decodable"
    moment = times.format_iso(times.from_unix_ms(entry.timestamp_ms))
    return f"{entry.location}  {moment}  {who}: {entry.why}"


def _conclusion(reconciliation: Reconciliation) -> str:
    if reconciliation.complete:
        return "All of them are accounted for."
    if reconciliation.unexamined:
        return (
            f"{reconciliation.unexamined} more are not accounted for, too many to examine: choose a"
            " shorter time window with --from and --to."
        )
    doubtful = len(reconciliation.undecidable) + (
        reconciliation.older if reconciliation.window.begin else 0
    )
    consumed = reconciliation.consumed
    resets = sum(len(one.resets) for one in consumed.changes.values())
    counts = {
        "missing": len(reconciliation.missing),
        "undecidable": doubtful,
        **({"expired unread": consumed.expired} if consumed.expired else {}),
        **({"log cut short" if resets == 1 else "logs cut short": resets} if resets else {}),
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items()) + "."


def reconciliation_json(reconciliation: Reconciliation) -> dict[str, Any]:
    """Return what `--json` prints."""
    window, consumed = reconciliation.window, reconciliation.consumed
    counts = consumed.marks.count_outcomes()
    return {
        "group": reconciliation.group,
        "from": window.begin and times.format_iso(window.begin),
        "to": window.end and times.format_iso(window.end),
        "complete": reconciliation.complete,
        "consumed": consumed.marks.count_messages(),
        **{kind.value: count for kind, count in counts.items()},
        "judged_again": reconciliation.reclassified,
        "over_max_detections": reconciliation.over_max_detections,
        "by_key": reconciliation.matched_by_key,
        "repeats": dict(consumed.marks.repeats),
        "missing": [_entry_json(entry) for entry in reconciliation.missing],
        "unjudged": [_entry_json(entry) for entry in reconciliation.undecidable],
        "unexamined": reconciliation.unexamined,
        "older": reconciliation.older,
        "expired": consumed.expired,
        **_log_changes_json(consumed.changes),
        "waiting": consumed.waiting,
        "read": {
            scan.topic_kind: {
                "topics": scan.topics,
                "messages": scan.messages,
                "unnamed": scan.unnamed,
                "whole_since": times.format_iso(times.from_unix_ms(scan.complete_since))
                if scan.complete_since
                else None,
            }
            for scan in reconciliation.scans
        },
    }


def _log_changes_json(changes: Mapping[Partition, LogChanges]) -> dict[str, Any]:
    return {
        "expired_ranges": [
            {
                "topic": topic,
                "partition": partition,
                "first": one.first,
                "end": one.end,
                "count": one.count,
                "noticed": _noticed(one),
            }
            for (topic, partition), found in changes.items()
            for one in found.expired
        ],
        "log_resets": [
            {
                "topic": topic,
                "partition": partition,
                "position": one.position,
                "end": one.end,
                "start": one.start,
                "noticed": _noticed(one),
            }
            for (topic, partition), found in changes.items()
            for one in found.resets
        ],
    }


def _entry_json(entry: ReportEntry) -> dict[str, Any]:
    return {
        "topic": entry.location.topic,
        "partition": entry.location.partition,
        "offset": entry.location.offset,
        "instant": times.format_iso(times.from_unix_ms(entry.timestamp_ms)),
        "aid": entry.aid,
        "candid": entry.candid,
        "why": entry.why,
    }
