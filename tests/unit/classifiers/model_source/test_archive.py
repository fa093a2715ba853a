from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.classifiers.model_source import archive as model_archive
from stampapp.errors import ConfigError


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def test_a_zip_and_its_folder_are_the_same(tmp_path: Path) -> None:
    packed = write_zip(tmp_path / "model.zip", {"a/": b"", "a/b.txt": b"one", "c": b"two"})
    folder = tmp_path / "folder"
    zipfile.ZipFile(packed).extractall(folder)
    for path in (packed, folder):
        with model_archive.open_archive(path) as archive:
            assert archive.names() == ["a/b.txt", "c"]
            target = tmp_path / f"{path.name}.copy"
            archive.copy("a/b.txt", target)
            assert target.read_bytes() == b"one"


def test_names_in_an_archive_do_not_decide_where_a_copy_is_written(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    packed = write_zip(inner / "model.zip", {"../../evil": b"x", "/evil": b"y"})
    with model_archive.open_archive(packed) as archive:
        for number, name in enumerate(archive.names()):
            archive.copy(name, inner / f"copy{number}")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["copy0", "copy1", "inner", "model.zip"]


def test_more_than_the_largest_extract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_archive, "LARGEST_EXTRACT", 1 << 20)
    packed = write_zip(tmp_path / "model.zip", {"a": bytes(700_000), "b": bytes(700_000)})
    with model_archive.open_archive(packed) as archive:
        archive.copy("a", tmp_path / "a")
        with pytest.raises(ConfigError, match="unpacks to more than 1 MiB"):
            archive.copy("b", tmp_path / "b")


def test_a_declared_size_is_not_believed(tmp_path: Path) -> None:
    packed = write_zip(tmp_path / "model.zip", {"a": bytes(700_000)})
    lying = packed.read_bytes().replace(struct.pack("<I", 700_000), struct.pack("<I", 7))
    packed.write_bytes(lying)
    with (
        model_archive.open_archive(packed) as archive,
        pytest.raises(ConfigError, match=r"a in .*model\.zip"),
    ):
        archive.copy("a", tmp_path / "a")
    assert (tmp_path / "a").stat().st_size <= 7


def test_damage_is_found(tmp_path: Path) -> None:
    packed = tmp_path / "model.zip"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a", b"content")
    packed.write_bytes(buffer.getvalue().replace(b"content", b"CONTENT", 1))
    with (
        model_archive.open_archive(packed) as archive,
        pytest.raises(ConfigError, match="cannot be read"),
    ):
        archive.copy("a", tmp_path / "a")


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_what_packs_harder_than_any_model_is_refused(tmp_path: Path, packing: int) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w", packing) as file:
        file.writestr("a", bytes(1000))
    with (
        model_archive.open_archive(path) as archive,
        pytest.raises(ConfigError, match="packed in a way that"),
    ):
        archive.copy("a", tmp_path / "a")


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=4), st.integers(0))
def test_a_damaged_zip_gives_its_files_or_a_config_error(
    damage: list[tuple[int, int]], cut: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {"a/model.index": b"index" * 50, "a/feature_norm_stats.pkl": b"pickle"}
        whole = bytearray(write_zip(folder / "model.zip", files).read_bytes())
        for place, value in damage:
            whole[place % len(whole)] = value
        (folder / "model.zip").write_bytes(whole[: len(whole) - cut % 40])
        with suppress(ConfigError), model_archive.open_archive(folder / "model.zip") as archive:
            for number, found in enumerate(archive.names()):
                archive.copy(found, folder / str(number))


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_archive, "MOST_FILES", 2)
    packed = write_zip(tmp_path / "model.zip", dict.fromkeys("abc", b""))
    with pytest.raises(ConfigError, match="has 3 files"), model_archive.open_archive(packed):
        pass


def test_neither_zip_nor_folder(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no zip")
    with pytest.raises(ConfigError, match="neither a folder nor a readable zip"):
        model_archive.open_archive(tmp_path / "text").__enter__()
    with pytest.raises(ConfigError, match=r"there is no .*missing: give the published model\.zip"):
        model_archive.open_archive(tmp_path / "missing").__enter__()
