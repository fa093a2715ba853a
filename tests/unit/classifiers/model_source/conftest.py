from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stampapp.config.download_settings import DownloadSettings
from tests.support.https_server import HttpsServer, made_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    yield from made_server(tmp_path_factory)


@pytest.fixture
def settings(server: HttpsServer, tmp_path: Path) -> DownloadSettings:
    server.answers.clear()
    server.asked.clear()
    return DownloadSettings(cache=tmp_path / "cache", cafile=server.cafile)
