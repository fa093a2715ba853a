from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.description import ModelDescription
from stampapp.classifiers.model_folder.self_test import (
    SELF_TEST_FILE,
    SelfTest,
    example_inputs,
    read_self_test,
    write_self_test,
)
from stampapp.errors import ConfigError
from tests.support.atlas import description

DESCRIPTION = replace(description("airmass", "ra", survey=Survey.ATLAS), network_sha256="ab" * 32)
IMAGES, FEATURES = example_inputs(DESCRIPTION)
PROBABILITIES = np.full((8, len(DESCRIPTION.classes)), 0.2, np.float32)
TEST = SelfTest(images=IMAGES, features=FEATURES, probabilities=PROBABILITIES)


def written(folder: Path, **changes: npt.NDArray[Any]) -> Path:
    """Write a self-test with some arrays replaced; return the file."""
    path = folder / SELF_TEST_FILE
    write_self_test(path, DESCRIPTION.network_sha256, TEST)
    with np.load(path) as arrays:
        np.savez(path, **{**dict(arrays), **changes})
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_self_test(tmp_path / SELF_TEST_FILE, DESCRIPTION.network_sha256, TEST)
    found = read_self_test(tmp_path, DESCRIPTION)
    assert found is not None
    np.testing.assert_array_equal(found.images, IMAGES)
    np.testing.assert_array_equal(found.features, FEATURES)
    np.testing.assert_array_equal(found.probabilities, PROBABILITIES)


def test_the_same_is_written_as_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_self_test(tmp_path / name, DESCRIPTION.network_sha256, TEST)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_inputs_are_normalised_and_differ() -> None:
    side, channels = DESCRIPTION.crop, len(DESCRIPTION.stamps)
    assert IMAGES.shape == (8, side, side, channels)
    assert FEATURES.shape == (8, 2)
    assert IMAGES.dtype == FEATURES.dtype == np.float32
    assert IMAGES.min() == 0.0
    assert 0.9 < IMAGES.max() <= 1.0
    assert len(np.unique(IMAGES.reshape(8, -1), axis=0)) == 8
    assert np.ptp(FEATURES, axis=0).min() > 1.0


def test_a_folder_without_the_file_has_none(tmp_path: Path) -> None:
    assert read_self_test(tmp_path, DESCRIPTION) is None


def test_the_answers_of_another_network_are_none(tmp_path: Path) -> None:
    written(tmp_path)
    assert read_self_test(tmp_path, replace(DESCRIPTION, network_sha256="cd" * 32)) is None


def header(shape: tuple[int, ...], descr: str) -> bytes:
    file = io.BytesIO()
    entries = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, entries)
    return file.getvalue()


@pytest.mark.parametrize(
    "changes",
    [
        {"images": IMAGES[:7]},
        {"images": IMAGES.astype(np.float64)},
        {"features": FEATURES[:, :1]},
        {"probabilities": PROBABILITIES.T},
        {"probabilities": np.asfortranarray(PROBABILITIES)},
        {"network_sha256": np.zeros(8, np.float32)},
        {"features": np.array([["x", None]] * 8, dtype=object)},
    ],
)
def test_an_array_of_another_shape_or_type_is_damage(
    changes: dict[str, npt.NDArray[Any]], tmp_path: Path
) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(ConfigError, match=f"{path} is damaged .*write it again by `faust"):
        read_self_test(tmp_path, DESCRIPTION)


@pytest.mark.parametrize(
    "content",
    [
        header((10**12, 21, 21, 2), "<f4"),
        header(IMAGES.shape, "|O"),
        header(IMAGES.shape, "<f4"),
        b"\x93NUMPY",
        b"",
        b"x" * 10**6,
    ],
)
def test_no_more_is_read_or_allocated_than_the_shape_allows(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / SELF_TEST_FILE
    sha256 = io.BytesIO()
    np.save(sha256, np.frombuffer(bytes.fromhex(DESCRIPTION.network_sha256), np.uint8))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("network_sha256.npy", sha256.getvalue())
        archive.writestr("images.npy", content)
    with pytest.raises(ConfigError, match="is damaged"):
        read_self_test(tmp_path, DESCRIPTION)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_packed_array_is_refused(method: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / SELF_TEST_FILE, "w", method) as archive:
        archive.writestr("network_sha256.npy", header((32,), "|u1") + b"\0" * 32)
    with pytest.raises(ConfigError, match="network_sha256 is not an array of 32 bytes"):
        read_self_test(tmp_path, DESCRIPTION)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_what_is_no_archive_is_damage(content: bytes, tmp_path: Path) -> None:
    (tmp_path / SELF_TEST_FILE).write_bytes(content)
    with pytest.raises(ConfigError, match="is damaged"):
        read_self_test(tmp_path, DESCRIPTION)


def test_a_cut_or_altered_file_is_damage(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = path.read_bytes()
    altered = bytearray(content)
    altered[len(content) // 2] ^= 1
    for wrong in (content[:-9], bytes(altered)):
        path.write_bytes(wrong)
        with pytest.raises(ConfigError, match="is damaged"):
            read_self_test(tmp_path, DESCRIPTION)


def test_a_description_is_enough_for_the_inputs() -> None:
    lsst: ModelDescription = replace(DESCRIPTION, crop=30, stamps=("a", "b", "c"))
    assert example_inputs(lsst)[0].shape == (8, 30, 30, 3)
