from __future__ import annotations

import asyncio
import signal
import ssl
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stampapp.classifiers.model_source import download
from stampapp.config.download_settings import DownloadSettings
from stampapp.errors import ConfigError
from tests.support.https_server import HttpsServer, dripping, endless, redirect, truncated
from tests.support.ports import free_ports
from tests.support.stopwatch import AMPLE

BODY = b"a zip, perhaps" * 10_000


@pytest.fixture
def context(settings: DownloadSettings) -> ssl.SSLContext:
    return settings.ssl_context()


def complaint(url: str, target: Path, context: ssl.SSLContext) -> str:
    with pytest.raises(ConfigError) as error:
        download.fetch(url, target, context)
    assert url in str(error.value)
    return str(error.value)


def test_a_file_is_fetched(server: HttpsServer, context: ssl.SSLContext, tmp_path: Path) -> None:
    # What is signed must arrive as it was written.
    path = "/models/a%2Fb.zip?name=x+y&signature=%2b/="
    server.answers[path] = BODY
    download.fetch(server.url + path, tmp_path / "file", context)
    assert (tmp_path / "file").read_bytes() == BODY
    assert server.asked == [path]


async def test_it_is_fetched_beside_a_running_event_loop(
    server: HttpsServer, context: ssl.SSLContext, tmp_path: Path
) -> None:
    server.answers["/model.zip"] = BODY
    assert asyncio.get_running_loop().is_running()
    download.fetch(f"{server.url}/model.zip", tmp_path / "file", context)
    assert (tmp_path / "file").read_bytes() == BODY


def test_redirects_are_followed(
    server: HttpsServer, context: ssl.SSLContext, tmp_path: Path
) -> None:
    server.answers |= {"/a": redirect("b"), "/b": redirect(f"{server.url}/c"), "/c": BODY}
    download.fetch(f"{server.url}/a", tmp_path / "file", context)
    assert (tmp_path / "file").read_bytes() == BODY
    assert server.asked == ["/a", "/b", "/c"]


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://127.0.0.1:1/model.zip", "no other protocol than https"),
        ("file:///etc/passwd", "no other protocol than https"),
        ("/a", "redirects more than 5 times"),
    ],
)
def test_not_every_redirect_is_followed(
    server: HttpsServer, context: ssl.SSLContext, tmp_path: Path, location: str, words: str
) -> None:
    server.answers["/a"] = redirect(location)
    assert words in complaint(f"{server.url}/a", tmp_path / "file", context)
    assert not (tmp_path / "file").exists()


def test_a_file_that_ends_early(
    server: HttpsServer, context: ssl.SSLContext, tmp_path: Path
) -> None:
    server.answers["/a"] = truncated(BODY)
    found = complaint(f"{server.url}/a", tmp_path / "file", context)
    assert found.endswith("the connection ended before the file did")


@pytest.mark.parametrize("answer", [endless, BODY])
def test_a_file_that_is_too_large(
    server: HttpsServer,
    context: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: bytes,
) -> None:
    monkeypatch.setattr(download, "LARGEST_FILE", 1 << 16)
    server.answers["/a"] = answer
    assert "larger than" in complaint(f"{server.url}/a", tmp_path / "file", context)
    assert (tmp_path / "file").stat().st_size <= 1 << 16


@pytest.mark.parametrize("seconds", [AMPLE, 0.05], ids=["silent", "dripping"])
def test_a_slow_server(
    server: HttpsServer,
    context: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    monkeypatch.setattr(download, "IDLE_TIMEOUT", 0.5)
    monkeypatch.setattr(download, "TOTAL_TIMEOUT", 1.0)
    server.answers["/a"] = dripping(seconds)
    assert "or not all of it in 1 s" in complaint(f"{server.url}/a", tmp_path / "file", context)


def test_a_server_that_is_not_there(context: ssl.SSLContext, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    found = complaint(f"https://127.0.0.1:{port}/a", tmp_path / "file", context)
    assert "Cannot connect to host" in found


def test_an_answer_without_the_file(
    server: HttpsServer, context: ssl.SSLContext, tmp_path: Path
) -> None:
    found = complaint(f"{server.url}/none", tmp_path / "file", context)
    assert found.endswith("the server answers 404 Not Found")


def test_a_certificate_of_an_unknown_authority(
    server: HttpsServer, settings: DownloadSettings, tmp_path: Path
) -> None:
    context = replace(settings, cafile=None).ssl_context()
    found = complaint(f"{server.url}/a", tmp_path / "file", context)
    assert "; if its CA is not one of the system's, set MODEL_SSL_CAFILE" in found
    assert server.asked == []


def test_a_proxy_of_the_environment_is_asked(
    server: HttpsServer, context: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    for name in ("no_proxy", "NO_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    found = complaint(f"{server.url}/a", tmp_path / "file", context)
    assert f"Cannot connect to host 127.0.0.1:{port}" in found
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server.answers["/a"] = BODY
    download.fetch(f"{server.url}/a", tmp_path / "file", context)


def test_ctrl_c_ends_a_slow_download(
    server: HttpsServer, tmp_path: Path, settings: DownloadSettings
) -> None:
    server.answers["/a"] = dripping(0.1)
    script = (
        "from pathlib import Path\n"
        "from stampapp.classifiers.model_source import download\n"
        "from stampapp.config.download_settings import DownloadSettings\n"
        f"context = DownloadSettings(cafile=Path({str(settings.cafile)!r})).ssl_context()\n"
        f"download.fetch('{server.url}/a', Path({str(tmp_path / 'file')!r}), context)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + AMPLE
    while not (tmp_path / "file").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=download.IDLE_TIMEOUT / 2)
    assert errors.strip().endswith("KeyboardInterrupt")
