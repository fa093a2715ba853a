"""A registry is asked over HTTP for each schema once, and again until there is an answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stampapp.avro import schema_registry
from stampapp.avro.registry_access import RegistryAccess
from stampapp.avro.schema_registry import MAX_ANSWER_BYTES, SchemaRegistry
from stampapp.errors import BadAlert, ConfigError, SchemaError
from tests.support.fake_registry import UNKNOWN, FakeRegistry, make_pem, schema_answer, serving
from tests.support.pipeline_harness import until
from tests.support.ports import free_ports

SCHEMA = {"type": "record", "name": "alert", "fields": [{"name": "a", "type": "int"}]}
FINE = schema_answer(SCHEMA)


@pytest.fixture
def served() -> Iterator[FakeRegistry]:
    registry = FakeRegistry(answer=lambda _: FINE)
    with serving(registry):
        yield registry


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_registry, "_MIN_RETRY_DELAY", 0.01)
    monkeypatch.setattr(schema_registry, "_MAX_RETRY_DELAY", 0.02)


def client(registry: FakeRegistry, **settings: Any) -> SchemaRegistry:
    return SchemaRegistry(RegistryAccess(url=registry.url + "/", **settings))


async def test_each_id_is_asked_once_however_many_batches_want_it(served: FakeRegistry) -> None:
    found = client(served)
    await asyncio.gather(*(found.load([1, 2]) for _ in range(5)))
    await found.load([2])
    assert served.asked == [1, 2]
    assert found.by_id(1).fields == {"a"}
    assert (found.retries, found.failing) == (0, False)


async def test_an_unknown_id_is_asked_again_until_the_registry_knows_it(
    served: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    served.answer = lambda _: UNKNOWN
    found = client(served)
    loading = asyncio.create_task(found.load([7]))
    await until(lambda: found.retries >= 3)
    served.answer = lambda _: FINE
    await loading
    assert not found.failing
    assert "does not know the schema 7 (404)" in caplog.text
    assert "has given the schema 7, after" in caplog.text


async def test_a_registry_that_is_away_is_awaited() -> None:
    port = free_ports(1)[0]
    found = SchemaRegistry(RegistryAccess(url=f"http://127.0.0.1:{port}"))
    loading = asyncio.create_task(found.load([7]))
    await until(lambda: found.failing)
    with serving(FakeRegistry(answer=lambda _: FINE), port=port):
        await loading
    assert found.by_id(7).fields == {"a"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (UNKNOWN, r"does not know the schema 7"),
        ((500, b"oh"), "status 500"),
        ((302, b"http://elsewhere/"), "status 302"),
        ((200, b"<html>Log in"), "its answer is no schema: it begins with b'<html>Log in'"),
        ((200, b"[" * 100_000), "no schema"),
        ((200, b'{"error": 1}'), "no schema"),
        ((401, b"{}"), "SCHEMA_REGISTRY_USERNAME"),
    ],
)
async def test_after_the_timeout_the_error_says_why(
    served: FakeRegistry, answer: tuple[int, bytes], says: str
) -> None:
    served.answer = lambda _: answer
    with pytest.raises(SchemaError, match=rf"SCHEMA_REGISTRY_TIMEOUT\): .*{says}"):
        await client(served, timeout=0.3).load([7])
    assert len(served.asked) > 1


async def test_a_schema_without_a_type_is_avro(served: FakeRegistry) -> None:
    served.answer = lambda _: schema_answer(SCHEMA, schemaType=None)
    found = client(served)
    await found.load([7])
    assert found.by_id(7).fields == {"a"}


async def test_a_registry_that_answers_slowly_is_given_up(
    served: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_registry, "REQUEST_TIMEOUT", 0.05)

    def slow(_: int) -> tuple[int, bytes]:
        time.sleep(0.2)
        return FINE

    served.answer = slow
    with pytest.raises(SchemaError, match=r"no answer within 0\.05 s"):
        await client(served, timeout=0.01).load([7])


async def test_waiting_ends_at_once_when_it_is_cancelled(served: FakeRegistry) -> None:
    served.answer = lambda _: UNKNOWN
    found = client(served)
    loading = asyncio.create_task(found.load([7]))
    await until(lambda: found.failing)
    loading.cancel()
    start = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert time.monotonic() - start < 1


def nested(levels: int) -> Any:
    return {"type": "array", "items": nested(levels - 1)} if levels else "int"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b" " * (MAX_ANSWER_BYTES + 1)), "more than"),
        (schema_answer(SCHEMA, schemaType="PROTOBUF"), "'PROTOBUF'"),
        ((200, json.dumps({"schema": 5}).encode()), "not Avro"),
        ((200, json.dumps({"schema": "{"}).encode()), "cannot be parsed"),
        (schema_answer({"type": "array", "items": "null"}), "no bytes"),
        (schema_answer(SCHEMA | {"fields": [{"name": "a", "type": nested(80)}]}), "nests more"),
        (schema_answer(SCHEMA | {"doc": "x" * 2**18}), "more than 262144 B"),
    ],
)
async def test_a_schema_that_cannot_be_used_is_the_fault_of_its_messages(
    served: FakeRegistry, answer: tuple[int, bytes], says: str
) -> None:
    served.answer = lambda _: answer
    found = client(served)
    await found.load([7])
    for _ in range(2):
        with pytest.raises(BadAlert, match=says) as error:
            found.by_id(7)
        assert error.value.cause == "schema"
    assert served.asked == [7]
    assert not found.failing


async def test_the_number_of_schemas_that_are_kept_is_limited(
    served: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_registry, "MAX_SCHEMAS", 2)
    found = client(served)
    await found.load([1, 2, 3])
    assert found.by_id(1).fields == {"a"}
    assert served.asked == [1, 2, 3, 1]


async def test_a_command_asks_when_it_needs_a_schema(served: FakeRegistry) -> None:
    found = client(served)
    assert found.by_id(7) is found.by_id(7)
    assert served.asked == [7]
    served.answer = lambda _: UNKNOWN
    with pytest.raises(BadAlert, match="does not know the schema 8") as error:
        found.by_id(8)
    assert error.value.cause == "schema-unknown"


def test_a_command_waits_a_little_for_a_registry_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema_registry, "COMMAND_TIMEOUT", 0.03)
    with pytest.raises(SchemaError, match="Connect call failed"):
        SchemaRegistry(RegistryAccess(url=f"http://127.0.0.1:{free_ports(1)[0]}")).by_id(7)


async def test_credentials_and_authority_are_used(tmp_path: Path) -> None:
    pem = make_pem(tmp_path)
    served = FakeRegistry(answer=lambda _: FINE, user="reader:secret word")
    with serving(served, pem):
        found = client(served, username="reader", password="secret word", cafile=pem)
        await found.check()
        await found.load([7])
        with pytest.raises(ConfigError, match="SCHEMA_REGISTRY_PASSWORD"):
            await client(served, username="reader", password="other", cafile=pem).check()
        with pytest.raises(SchemaError, match="certificate"):
            await client(served, username="reader", password="secret word").check()


async def test_a_registry_that_does_not_know_an_id_can_be_used(served: FakeRegistry) -> None:
    served.answer = lambda _: UNKNOWN
    await client(served).check()
    served.answer = lambda _: (503, b"")
    with pytest.raises(SchemaError, match="status 503"):
        await client(served).check()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"url": "registry:8081"}, "SCHEMA_REGISTRY_URL"),
        ({"url": "ftp://registry"}, "SCHEMA_REGISTRY_URL"),
        ({"url": "http://registry:port"}, "SCHEMA_REGISTRY_URL"),
        ({"url": "http://me:secret@registry"}, "SCHEMA_REGISTRY_USERNAME"),
        ({"url": "http://registry", "username": "me"}, "SCHEMA_REGISTRY_PASSWORD"),
        ({"url": "http://a", "username": "a:b", "password": "c"}, "SCHEMA_REGISTRY_USERNAME"),
        ({"url": "https://registry", "cafile": Path("nowhere")}, "SCHEMA_REGISTRY_SSL_CAFILE"),
        ({"url": "https://registry", "cafile": Path(__file__)}, "SCHEMA_REGISTRY_SSL_CAFILE"),
        ({"url": "HTTPS://registry", "cafile": Path(__file__)}, "SCHEMA_REGISTRY_SSL_CAFILE"),
    ],
)
def test_unusable_settings_are_named(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        RegistryAccess(**settings)
    assert "secret" not in str(error.value)
