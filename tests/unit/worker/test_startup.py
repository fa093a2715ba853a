"""What a worker loads before it consumes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stampapp.avro.registry_access import RegistryAccess
from stampapp.config.schema_settings import SchemaSettings
from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.worker.startup import open_schemas
from tests.support.fake_registry import UNKNOWN, FakeRegistry, serving
from tests.support.ports import free_ports
from tests.unit.worker.test_runtime import configured


def with_registry(url: str) -> Settings:
    return replace(
        configured(), schemas=SchemaSettings(path=None, registry=RegistryAccess(url=url))
    )


async def test_a_registry_that_refuses_the_user_keeps_the_worker_from_starting() -> None:
    served = FakeRegistry(answer=lambda _: UNKNOWN, user="reader:word")
    with serving(served) as url, pytest.raises(ConfigError, match="check SCHEMA_REGISTRY_USERNAME"):
        await open_schemas(with_registry(url))


async def test_a_registry_that_is_away_does_not(caplog: pytest.LogCaptureFixture) -> None:
    schemas = await open_schemas(with_registry(f"http://127.0.0.1:{free_ports(1)[0]}"))
    assert schemas.registry is not None
    assert not schemas.registry.failing
    assert "it is asked again when a message names a schema" in caplog.text


async def test_a_registry_that_answers_needs_no_words(caplog: pytest.LogCaptureFixture) -> None:
    with serving(FakeRegistry(answer=lambda _: UNKNOWN)) as url:
        await open_schemas(with_registry(url))
    assert caplog.text == ""
