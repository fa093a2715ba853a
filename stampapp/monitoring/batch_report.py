"""The log record of a batch: a line for people and fields for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from stampapp.kafka.message import Message, Partition
from stampapp.results import outcome
from stampapp.results.outcome import Outcome

# A log record names at most this many alerts; the offsets identify the others.
MAX_NAMED = 20


def batch_fields(
    consumed: Sequence[Message], outcomes: Sequence[Outcome], durations: Mapping[str, float]
) -> dict[str, Any]:
    """Return counts, ids of the first alerts, seconds by stage and offset ranges by partition."""
    named = [one.alert for one in outcomes if one.alert][:MAX_NAMED]
    return {
        "event": "batch",
        "size": len(outcomes),
        **outcome.count_by_kind(outcomes),
        "over_max_detections": outcome.count_over_max_detections(outcomes),
        "causes": dict(Counter(one.error.cause for one in outcomes if one.error)),
        "candids": [alert.candid for alert in named],
        "aids": [alert.aid for alert in named],
        "durations": {stage: round(seconds, 4) for stage, seconds in durations.items()},
        "offsets": _offsets(consumed),
    }


def batch_line(fields: Mapping[str, Any], total: int) -> str:
    """Return the fields as a line; `total` is the number of messages since the start."""
    counts = ", ".join(f"{fields[kind]} {kind}" for kind in outcome.count_by_kind(()))
    if over := fields["over_max_detections"]:
        counts += f" ({over} superseded by MAX_DETECTIONS)"
    stages = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in fields["durations"].items())
    places = ", ".join(
        f"{place}:{first}-{last}" for place, (first, last) in fields["offsets"].items()
    )
    first = f"; first candid {fields['candids'][0]}" if fields["candids"] else ""
    return f"batch of {fields['size']}: {counts}; {total} in all; {stages}; {places}{first}"


def _offsets(consumed: Sequence[Message]) -> dict[str, tuple[int, int]]:
    """Return the first and last offset by partition, in order, written `topic:partition`."""
    found: dict[Partition, tuple[int, int]] = {}
    for one in consumed:
        place = one.topic, one.partition
        first, last = found.get(place, (one.offset, one.offset))
        found[place] = min(first, one.offset), max(last, one.offset)
    return {f"{topic}:{number}": found[topic, number] for topic, number in sorted(found)}
