from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stampapp.classifiers.model_source import archive, cache, local_archive, local_folder
from stampapp.config.download_settings import DownloadSettings
from stampapp.config.model_address import ModelAddress
from stampapp.errors import ConfigError
from tests.support.https_server import HttpsServer

FILES = {"model.json": b"{}" * 1000, "network-1.keras": os.urandom(200_000), "card.md": b""}


def packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def served(server: HttpsServer, body: bytes) -> ModelAddress:
    server.answers["/model.zip"] = body
    return ModelAddress(url=f"{server.url}/model.zip", sha256=hashlib.sha256(body).hexdigest())


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def complaint(address: ModelAddress, settings: DownloadSettings) -> str:
    with pytest.raises(ConfigError) as error:
        local_folder(address, settings)
    return str(error.value)


def test_a_folder_stays_as_it_is(tmp_path: Path) -> None:
    none = DownloadSettings(cache=tmp_path / "cache")
    assert local_folder(Path("model/mine"), none) == Path("model/mine")
    assert local_archive(Path("model.zip"), none) == Path("model.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", ["", "mine/"])
def test_a_model_is_fetched_once(
    server: HttpsServer, settings: DownloadSettings, home: str
) -> None:
    others = {"__MACOSX/mine/model.json": b"", "mine/more/file": b"", "README": b""}
    files = {home + name: content for name, content in FILES.items()}
    address = served(server, packed({**(others if home else {}), **files}))
    folder = local_folder(address, settings)
    assert contents(folder) == FILES
    assert local_folder(address, settings) == folder
    assert server.asked == ["/model.zip"]
    kept = {one.name.split(".")[-1] for one in settings.cache.iterdir()}
    assert kept == {"zip", "lock", address.sha256}


def test_a_published_zip_is_kept_as_it_is(server: HttpsServer, settings: DownloadSettings) -> None:
    address = served(server, b"as it was published")
    assert local_archive(address, settings).read_bytes() == b"as it was published"


def test_a_cache_that_nobody_may_write_to_is_enough_where_it_has_the_model(
    server: HttpsServer, settings: DownloadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = served(server, packed(FILES))
    folder = local_folder(address, settings)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # As root, who runs the tests in a container, everything could be written.
    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    assert local_folder(address, settings) == folder
    assert contents(folder) == FILES


def test_a_cache_that_cannot_be_written_to_is_named(
    server: HttpsServer, settings: DownloadSettings
) -> None:
    settings.cache.write_bytes(b"no folder")
    found = complaint(served(server, packed(FILES)), settings)
    assert f"cannot be kept in {settings.cache} (" in found
    assert "set MODEL_CACHE to a folder that can be written to" in found
    assert server.asked == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.json").write_bytes(b"[]"),
        lambda folder: (folder / "model.json").write_bytes(FILES["model.json"] + b" "),
        lambda folder: (folder / "card.md").unlink(),
        lambda folder: (folder / "more").write_bytes(b""),
        lambda folder: (folder / "network-1.keras").write_bytes(FILES["network-1.keras"][:-1]),
        shutil.rmtree,
    ],
)
def test_a_damaged_folder_is_unpacked_again(
    server: HttpsServer, settings: DownloadSettings, damage: object
) -> None:
    address = served(server, packed(FILES))
    folder = local_folder(address, settings)
    assert callable(damage)
    damage(folder)
    assert local_folder(address, settings) == folder
    assert contents(folder) == FILES
    assert server.asked == ["/model.zip"]


def test_a_damaged_zip_is_fetched_again(
    server: HttpsServer, settings: DownloadSettings, caplog: pytest.LogCaptureFixture
) -> None:
    address = served(server, packed(FILES))
    path = local_archive(address, settings)
    path.write_bytes(path.read_bytes()[:-1])
    assert contents(local_folder(address, settings)) == FILES
    assert server.asked == ["/model.zip"] * 2
    assert "is damaged and is fetched again" in caplog.text


def test_what_a_killed_process_left_is_removed(
    server: HttpsServer, settings: DownloadSettings
) -> None:
    address = served(server, packed(FILES))
    left = settings.cache / f".{address.sha256}-killed"
    left.mkdir(parents=True)
    (left / "zip").write_bytes(b"half")
    local_folder(address, settings)
    assert not left.exists()


def test_several_that_start_at_once_fetch_once(
    server: HttpsServer, settings: DownloadSettings
) -> None:
    address = served(server, packed(FILES))
    with ThreadPoolExecutor(8) as threads:
        folders = set(threads.map(lambda _: local_folder(address, settings), range(8)))
    assert contents(folders.pop()) == FILES
    assert not folders
    assert server.asked == ["/model.zip"]


def test_a_lock_that_is_held_for_too_long_is_named(
    server: HttpsServer, settings: DownloadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = served(server, packed(FILES))
    monkeypatch.setattr(cache, "LOCK_TIMEOUT", 0.3)
    with cache._scratch(address, settings.cache):
        found = complaint(address, settings)
    assert f"another process has held {settings.cache / address.sha256}.lock" in found


def test_another_file_than_the_checksum_is_for(
    server: HttpsServer, settings: DownloadSettings
) -> None:
    body = packed(FILES)
    address = served(server, body)
    server.answers["/model.zip"] = body[:-1] + b"x"
    found = complaint(address, settings)
    assert f"{address.url} is not the file that its checksum is for" in found
    assert f"{len(body)} bytes" in found
    assert f"not {address.sha256}" in found
    assert [one.name for one in settings.cache.iterdir()] == [f"{address.sha256}.lock"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>sign in</html>", "is neither a folder nor a readable zip"),
        (packed({"weights": b""}), "the zip has no model.json"),
        (packed({"a/b/model.json": b"{}"}), "the zip has no model.json"),
        (packed({"a/model.json": b"", "b/model.json": b""}), "the zip has 2 model.json"),
        (packed({"model.json": b"", "../x": b""}), "'../x', which is not in a folder of its own"),
        (packed({"model.json": b"", "/x": b""}), "'/x', which is not in a folder of its own"),
        (packed({"model.json": b"", "..\\x": b""}), "which is not in a folder of its own"),
        (packed({"model.json": b"", "a" * 300: b""}), "cannot be written"),
    ],
    ids=[
        *("no zip", "no model", "too deep", "two models", "outside", "absolute", "backslash"),
        "long name",
    ],
)
def test_a_zip_without_a_model_folder(
    server: HttpsServer, settings: DownloadSettings, tmp_path: Path, body: bytes, words: str
) -> None:
    address = served(server, body)
    found = complaint(address, settings)
    assert f"the model {address} cannot be used: " in found
    assert words in found
    kept = {one.name for one in settings.cache.iterdir()}
    assert kept == {f"{address.sha256}.zip", f"{address.sha256}.lock"}
    assert [one.name for one in tmp_path.iterdir()] == ["cache"]


def test_a_member_that_is_there_twice(server: HttpsServer, settings: DownloadSettings) -> None:
    body = packed({"model.json": b"", "model.jsox": b""}).replace(b"model.jsox", b"model.json")
    assert "has 'model.json' twice" in complaint(served(server, body), settings)


def test_a_decompression_bomb(
    server: HttpsServer, settings: DownloadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST_EXTRACT", 1 << 20)
    body = packed({"model.json": b"{}", "network": bytes(20 << 20)})
    assert len(body) < 1 << 16
    address = served(server, body)
    assert "unpacks to more than 1 MiB" in complaint(address, settings)
    assert not (settings.cache / address.sha256).exists()


def test_a_zip_of_very_many_files(server: HttpsServer, settings: DownloadSettings) -> None:
    count = archive.MOST_FILES + 1
    body = packed({"model.json": b"{}"} | {f"{number}": b"" for number in range(count)})
    assert f"has {count + 1} files" in complaint(served(server, body), settings)


def test_a_list_of_members_that_would_fill_the_memory(
    server: HttpsServer, settings: DownloadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_LARGEST_DIRECTORY", 1 << 16)
    body = packed({f"{number}": b"" for number in range(2000)})
    assert "its list of files is too long" in complaint(served(server, body), settings)
