"""A message as a heading and a few lines, and as JSON."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from stampapp import times
from stampapp.deadletters.causes import CAUSES, UNKNOWN
from stampapp.display.lines import printable
from stampapp.display.values import grid_in_short, shares, wrapped
from stampapp.inspection.message_content import MessageContent, MessageKind
from stampapp.kafka.message import Message
from stampapp.results.class_names import shown_name, with_shown_names

_INDENT = "  "
# The largest of the whole numbers that a float tells from the next.
_MAX_EXACT = 2**53 - 1


def message_heading(message: Message, content: MessageContent) -> str:
    """Return the kind, location, time, size and key of a message."""
    at = _when(message.timestamp)
    key = printable(message.key.decode("utf-8", "replace")) if message.key else "no key"
    return f"{content.kind}  {message.location}  {at}  {len(message.value or b'')} B  {key}"


def _when(milliseconds: int | None) -> str:
    try:
        return times.format_iso(times.from_unix_ms(milliseconds)) if milliseconds else "no time"
    except (ArithmeticError, ValueError, OSError):
        # A publisher can set any number.
        return f"timestamp {milliseconds}"


def message_lines(content: MessageContent, width: int) -> Iterator[str]:
    """Yield the content of a message in lines that are `width` wide where there are many values."""
    for line in _FORMATTERS.get(content.kind, _anything)(content.content, width - len(_INDENT)):
        yield _INDENT + printable(line)


def message_json(message: Message, content: MessageContent) -> dict[str, Any]:
    """Return what `--json` prints for a message."""
    return {
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "timestamp": message.timestamp,
        "key": message.key and message.key.decode("utf-8", "replace"),
        "size": len(message.value or b""),
        "headers": {name: (one or b"").decode("utf-8", "replace") for name, one in message.headers},
        "kind": content.kind,
        "content": _for_json(content.content),
    }


def _alert(content: Mapping[str, Any], width: int) -> Iterator[str]:
    c = content
    yield f"{c['survey']} {c['oid']}, aid {c['aid']}, candid {c['candid']}"
    instant = times.from_mjd(c["mjd"])
    when = f"{times.format_iso(instant)}, " if instant else ""
    yield f"{when}mjd {c['mjd']:.5f}; ra {c['ra']:.5f}, dec {c['dec']:+.5f} deg"
    yield f"{c['fid']} = {c['mag']:.3f} ± {c['e_mag']:.3f} mag, isdiffpos {c['isdiffpos']:+d}"
    yield "stamps: " + ", ".join(f"{name} {data or 'none'}" for name, data in c["stamps"].items())
    yield from grid_in_short(c["extra_fields"], width)
    yield from _source(c)


def _prediction(content: Mapping[str, Any], width: int) -> Iterator[str]:
    yield from shares(with_shown_names(content["probabilities"]))
    at = content.get("published")
    if "classifier_name" in content:
        yield _classifier(content) + (f", published {at}" if at else "")
    shown = {"probabilities", "class_name", "published", "classifier_name", "classifier_version"}
    rest = {name: one for name, one in content.items() if name not in _SOURCE_FIELDS | shown}
    if len(rest) > 1:
        yield from wrapped(rest, width)
    yield from _source(content)


def _command(content: Mapping[str, Any], width: int) -> Iterator[str]:
    payload = content.get("payload")
    if isinstance(payload, dict):
        flat = {**content, **payload}
        hidden = _SOURCE_FIELDS | {"payload"}
        yield from wrapped({name: one for name, one in flat.items() if name not in hidden}, width)
        yield from _source(content)
        return
    data = content.get("data")
    values = data if isinstance(data, dict) else {}
    numbers = {name: one for name, one in values.items() if isinstance(one, float)}
    head = {name: one for name, one in content.items() if name not in _SOURCE_FIELDS | {"data"}}
    yield from wrapped(head, width)
    yield from shares(with_shown_names(numbers))
    yield from wrapped({name: one for name, one in values.items() if name not in numbers}, width)
    yield from _source(content)


def _figures(content: Mapping[str, Any], width: int) -> Iterator[str]:
    kinds = ("classified", "superseded", "ruled_out", "dead_lettered")
    counts = ", ".join(f"{content[one]} {one}" for one in kinds if one in content)
    yield f"batch of {content.get('n_messages')} in {content.get('execution_time')} s: {counts}"
    classes = content.get("class")
    if isinstance(classes, dict) and classes:
        most = Counter(shown_name(str(one)) for one in classes.values()).most_common()
        yield "classes: " + ", ".join(f"{count} {name}" for name, count in most)
    shown = {*kinds, "n_messages", "execution_time", "class", "candid", "oid"}
    yield from wrapped({name: one for name, one in content.items() if name not in shown}, width)


def _dead_letter(content: Mapping[str, Any], width: int) -> Iterator[str]:
    cause = CAUSES.get(content["cause"], UNKNOWN)
    yield from textwrap.wrap(f"{content['cause']}: {content['message']}", width)
    yield from textwrap.wrap(f"{cause.meaning} {cause.remedy}", width)
    yield f"aid {content['aid'] or 'not readable'}, candid {content['candid'] or 'not readable'}"
    again = content["replay_of"]
    yield f"of {content['source']}" + (f", itself the replay of {again}" if again else "")
    yield content["container"]


def _replay_mark(content: Mapping[str, Any], width: int) -> Iterator[str]:  # noqa: ARG001
    yield f"dead letter {content['of']} was replayed at {content['at']} as {content['as']}"


def _avro(content: Mapping[str, Any], width: int) -> Iterator[str]:
    yield content["container"]
    if content["problem"]:
        yield from textwrap.wrap(f"no alert: {content['problem']}", width)
    yield from grid_in_short(content["fields"], width)
    if content["undecoded"]:
        yield "not readable: " + ", ".join(content["undecoded"])


def _anything(content: Mapping[str, Any], width: int) -> Iterator[str]:
    yield from wrapped(content, width)


_FORMATTERS: Mapping[MessageKind, Callable[[Mapping[str, Any], int], Iterator[str]]] = {
    MessageKind.ALERT: _alert,
    MessageKind.PREDICTION: _prediction,
    MessageKind.COMMAND: _command,
    MessageKind.FIGURES: _figures,
    MessageKind.DEAD_LETTER: _dead_letter,
    MessageKind.REPLAY_MARK: _replay_mark,
    MessageKind.AVRO: _avro,
}
_SOURCE_FIELDS = frozenset({"source", "superseded", "ruled_out"})


def _classifier(content: Mapping[str, Any]) -> str:
    return f"by {content.get('classifier_name')} {content.get('classifier_version')}"


def _source(content: Mapping[str, Any]) -> Iterator[str]:
    if "source" in content:
        # Those of other objects, too: what is ruled out or over MAX_DETECTIONS publishes nothing.
        more = {"superseded": "superseded", "ruled_out": "ruled-out"}
        named = [f"{text} {_few(content[name])}" for name, text in more.items() if content[name]]
        also = f", also accounts for the {' and the '.join(named)}" if named else ""
        yield f"of {content['source']}{also}"


def _few(places: Sequence[str]) -> str:
    rest = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return " ".join(places[:3]) + rest


def _for_json(value: Any) -> Any:
    """Return a value for any reader of JSON.

    Numbers that are not finite are null. Whole numbers that a float cannot hold, such as ids, are
    text: JavaScript, and jq before 1.7, would change their last digits.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) > _MAX_EXACT:
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _for_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_for_json(one) for one in value]
    return value
