from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.config.download_settings import DownloadSettings, read_download
from stampapp.config.environment import Reader
from stampapp.errors import ConfigError


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert DownloadSettings().cache == Path("/home/me/.cache/stampapp/models")
    monkeypatch.setenv("XDG_CACHE_HOME", "/scratch/me")
    assert DownloadSettings().cache == Path("/scratch/me/stampapp/models")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert DownloadSettings().cache == Path("/.cache/stampapp/models")


def test_the_keys() -> None:
    assert read_download(Reader({"MODEL_CACHE": "/models"}.get)).cache == Path("/models")


def test_a_file_that_has_no_certificate(tmp_path: Path) -> None:
    cafile = tmp_path / "ca.pem"
    reader = Reader({"MODEL_SSL_CAFILE": str(cafile)}.get)
    read_download(reader)
    with pytest.raises(ConfigError, match=r"MODEL_SSL_CAFILE: .*ca\.pem has no usable CA"):
        reader.finish()
