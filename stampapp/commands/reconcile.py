"""Report whether every consumed message is accounted for, and list those that are not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
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

# Longer lists are for programs: --json prints them all.
MAX_LINES = 200
_COUNTS = (Column(name="messages"), Column(name="count", width=10, right=True))


def report_reconciliation(
    settings: Settings, window: TimeWindow, out: TextIO, *, as_json: bool
) -> Reconciliation:
    """Write the report to `out`, progress to stderr. Raises ConfigError."""
    with ProgressBars() as bars:
        found = asyncio.run(
            reconcile_group(
                settings, window, classify=lazy_classifier(settings.model), progress=bars
            )
        )
    if as_json:
        print(json.dumps(reconciliation_json(found)), file=out)
    else:
        write_lines(report(found), out)
    return found


def report(found: Reconciliation) -> Iterator[str]:
    """Yield the lines of the report."""
    accounts = found.consumed.marks
    counts = {kind.replace("_", "-"): count for kind, count in accounts.count_outcomes().items()}
    lost = {"missing": len(found.missing), "undecidable": len(found.undecidable)}
    yield f"Consumed by {found.group}{_between(found.window)}:"
    rows = {"messages": accounts.count_messages(), **counts, **lost}.items()
    for line in table_lines(_COUNTS, [(name, str(n)) for name, n in rows], heading=False):
        yield f"  {line}"
    yield from _notes(found)
    for title, findings in (("missing", found.missing), ("undecidable", found.undecidable)):
        yield from (f"{title}: {_line(one)}" for one in findings[:MAX_LINES])
        if len(findings) > MAX_LINES:
            yield f"{title}: {len(findings) - MAX_LINES} more, which --json lists"
    yield _conclusion(found)


def _between(window: TimeWindow) -> str:
    begin = f" from {times.format_iso(window.begin)}" if window.begin else ""
    return begin + (f" until {times.format_iso(window.end)}" if window.end else "")


def _notes(found: Reconciliation) -> Iterator[str]:
    consumption, repeats = found.consumed, found.consumed.marks.repeats
    repeated = ", ".join(f"{count} in {name}" for name, count in repeats.items() if count)
    if repeated:
        yield f"Published again, which is harmless: {repeated}."
    if found.reclassified:
        yield f"Ruled out when classified again, since no batch names them: {found.reclassified}."
    if found.matched_by_key:
        yield (
            f"Matched by key and time only, for lack of headers: {found.matched_by_key}. An older"
            " version published them."
        )
    if found.older:
        yield f"Named nowhere, but older than the topics of output and scribe: {found.older}."
    if consumption.expired:
        yield f"Removed from the input before they were consumed: {consumption.expired}."
    if consumption.waiting:
        yield f"Not consumed yet: {consumption.waiting}."


def _line(one: ReportEntry) -> str:
    who = f"{one.aid} ({one.candid})" if one.aid else "not decodable"
    return f"{one.location}  {times.format_iso(times.from_unix_ms(one.instant))}  {who}: {one.why}"


def _conclusion(found: Reconciliation) -> str:
    if found.complete:
        return "All of them are accounted for."
    if found.unexamined:
        return (
            f"{found.unexamined} more are not accounted for, too many to examine: choose a shorter"
            " time window with --from and --to."
        )
    doubtful = len(found.undecidable) + (found.older if found.window.begin else 0)
    return f"{len(found.missing)} missing, {doubtful} undecidable."


def reconciliation_json(found: Reconciliation) -> dict[str, Any]:
    """Return what `--json` prints."""
    window, consumption = found.window, found.consumed
    counts = consumption.marks.count_outcomes()
    return {
        "group": found.group,
        "from": window.begin and times.format_iso(window.begin),
        "to": window.end and times.format_iso(window.end),
        "complete": found.complete,
        "consumed": consumption.marks.count_messages(),
        **{kind.value: count for kind, count in counts.items()},
        "judged_again": found.reclassified,
        "by_key": found.matched_by_key,
        "repeats": dict(consumption.marks.repeats),
        "missing": [_entry_json(one) for one in found.missing],
        "unjudged": [_entry_json(one) for one in found.undecidable],
        "unexamined": found.unexamined,
        "older": found.older,
        "expired": consumption.expired,
        "waiting": consumption.waiting,
        "read": {
            one.topic_kind: {
                "topics": one.topics,
                "messages": one.messages,
                "unnamed": one.unnamed,
                "whole_since": times.format_iso(times.from_unix_ms(one.complete_since))
                if one.complete_since
                else None,
            }
            for one in found.scans
        },
    }


def _entry_json(one: ReportEntry) -> dict[str, Any]:
    return {
        "topic": one.location.topic,
        "partition": one.location.partition,
        "offset": one.location.offset,
        "instant": times.format_iso(times.from_unix_ms(one.instant)),
        "aid": one.aid,
        "candid": one.candid,
        "why": one.why,
    }
