"""The check of rounds with a shadow model finds whatever it changes, and that it did nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import alert_messages
from tests.support.topics import Message
from tests.system.faults.alerts import Quality, Sent
from tests.system.faults.shadow import Published, shadow_problems, switched_off

SCHEMA = {
    "type": "record",
    "name": "result",
    "fields": [
        {"name": "version", "type": "string"},
        {
            "name": "classifications",
            "type": {"type": "array", "items": {"type": "map", "values": ["string", "double"]}},
        },
    ],
}
SENT = {(0, 7): Sent(quality=Quality.GOOD, candid="1", key=b"a", digest=b"")}


def result(best: str, version: str = "1.0.0", offset: int = 7, key: bytes = b"a") -> Message:
    shares = [{"class_name": name, "probability": float(name == best)} for name in ("SN", "VS")]
    value = alert_messages.message(SCHEMA, {"version": version, "classifications": shares})
    return Message(
        topic="topic",
        partition=0,
        offset=3,
        key=key,
        value=value,
        headers=[("source.partition", b"0"), ("source.offset", str(offset).encode())],
        timestamp=0,
    )


COMMAND = replace(result("SN"), value=b'{"classifier_version": 100}')
WHOLE = Published(output=[result("SN")], commands=[COMMAND], predictions=[result("VS", "99.99.99")])


def problems(published: Published) -> list[str]:
    return list(shadow_problems(published, SENT, {"1": "SN"}))


def test_if_the_shadow_model_changes_nothing_there_are_no_problems() -> None:
    assert problems(WHOLE) == []


@pytest.mark.parametrize(
    ("published", "says"),
    [
        (replace(WHOLE, output=[result("SN", "99.99.99")]), "has a result of the shadow model"),
        (
            replace(WHOLE, commands=[replace(COMMAND, value=b'{"classifier_version": 999999}')]),
            "has a result of the shadow model",
        ),
        (replace(WHOLE, output=[result("VS")]), "has the class VS, the live model gives SN"),
        (replace(WHOLE, predictions=[]), "the shadow model has published nothing"),
        (replace(WHOLE, predictions=[result("SN", offset=8)]), "of the shadow model, is of (0, 8)"),
        (replace(WHOLE, predictions=[result("SN", key=b"b")]), "of the shadow model, is of (0, 7)"),
    ],
)
def test_each_problem_is_found(published: Published, says: str) -> None:
    (problem,) = problems(published)
    assert says in problem


def test_a_log_says_that_it_was_switched_off(tmp_path: Path) -> None:
    (tmp_path / "worker-1").mkdir()
    log = tmp_path / "worker-1" / "worker.log"
    log.write_text("Worker ready")
    assert not list(switched_off(tmp_path))
    log.write_text("The shadow model is switched off, and the worker goes on without it: why")
    assert list(switched_off(tmp_path)) == [f"a shadow model was switched off: {log}"]
