from __future__ import annotations

import os
import subprocess
import sys

import pytest
from aiokafka import codec

from stampapp.errors import ConfigError
from stampapp.kafka import client_parts


def test_the_installed_client_has_every_native_part() -> None:
    client_parts.require_codecs()
    assert client_parts.slow_client_warning() is None


def test_missing_codecs_are_named_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "cramjam", None)
    with pytest.raises(ConfigError, match=r"codecs snappy, lz4, zstd: .* package cramjam"):
        client_parts.require_codecs()


def test_a_client_without_its_compiled_part_is_reported() -> None:
    code = "from stampapp.kafka import client_parts; print(client_parts.slow_client_warning())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"AIOKAFKA_NO_EXTENSIONS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "unset AIOKAFKA_NO_EXTENSIONS" in done.stdout
