"""Only jars with the pinned checksums are used, and missing ones are reported."""

from __future__ import annotations

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.apache_kafka import ApacheKafka
from tests.support.maven_jars import (
    KAFKA,
    STIL,
    PrerequisiteError,
    Program,
    checksums,
    jars,
    verify,
)


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    (tmp_path / "pins").write_text("0" * 64 + "  one.jar\n")
    folder = tmp_path / f"kafka-{KAFKA.version}"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(("program", "jar"), [(KAFKA, "kafka_2.13"), (STIL, "stil")])
def test_cache_is_used_without_maven(
    program: Program, jar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = jars(program)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert jars(program) == folder
    assert f"{jar}-{program.version}.jar" in checksums(folder)
    assert len(program.pins.read_text().splitlines()) == len(checksums(folder)) > 4


@pytest.mark.parametrize(("name", "content"), [("one.jar", b"changed"), ("two.jar", b"added")])
def test_jar_with_another_checksum_is_rejected(cached: Path, name: str, content: bytes) -> None:
    (cached / name).write_bytes(content)
    with pytest.raises(PrerequisiteError, match=rf"differ from pins: .*{name}.*Remove the folder"):
        jars(KAFKA, cached.parent, cached.parent / "pins")


def test_missing_jar_is_detected(cached: Path) -> None:
    with pytest.raises(PrerequisiteError, match=r"one\.jar"):
        verify(cached, cached.parent / "pins")


def test_missing_maven_is_reported_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError, match=r"`mvn` on the PATH: install Maven"):
        jars(KAFKA, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_missing_java_is_reported_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jars(KAFKA)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError, match=r"`java` on the PATH: install Java 17"):
        ApacheKafka()


def test_maven_error_is_shown_and_leaves_no_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text("#!/bin/sh\necho Checksum validation failed; exit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(maven.parent))
    with pytest.raises(PrerequisiteError, match="Checksum validation failed"):
        jars(KAFKA, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_second_process_waits_for_the_first_download(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls, jar = tmp_path / "calls", tmp_path / "one.jar"
    jar.write_bytes(b"fetched")
    pins = tmp_path / "pins"
    pins.write_text(f"{checksum(jar)}  one.jar\n")
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text(
        "#!/bin/sh\n"
        f"echo called >> {calls}\n"
        'for last; do :; done; to="${last#-DoutputDirectory=}"\n'
        f'mkdir -p "$to"; sleep 0.3; cp {jar} "$to"\n'
    )
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(maven.parent), prepend=os.pathsep)
    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(jars, KAFKA, tmp_path / "cache", pins) for _ in range(2))
    assert first.result() == second.result()
    assert calls.read_text() == "called\n"


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_kafka_that_fails_to_start_reports_why() -> None:
    refused = ApacheKafka(properties={"process.roles": "spectator"})
    with pytest.raises(RuntimeError, match="spectator"), refused:
        pass
    assert not refused.folder.exists()
