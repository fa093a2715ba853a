"""The jars of Apache Kafka: from Maven once, then from a cache, each against its pinned SHA-256.

To move to another version, change it in kafka/pom.xml and renew the pins from the project's root:
`python -m tests.support.kafka_jars > tests/support/kafka/jars.sha256`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from tests.support.shared import alone_in

HERE = Path(__file__).parent / "kafka"
POM = HERE / "pom.xml"
PINS = HERE / "jars.sha256"
FETCHED_WITHIN = 600.0


class PrerequisiteError(RuntimeError):
    """The tests cannot run on this machine; the message says what to do."""


def kafka_jars(cache: Path | None = None, pins: Path = PINS) -> Path:
    """The folder with the jars, all of them verified."""
    folder = _fetched((cache or cache_root()) / f"kafka-{kafka_version()}")
    verify(folder, pins)
    return folder


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stampapp"


def kafka_version() -> str:
    version = ElementTree.parse(POM).findtext("{*}properties/{*}kafka.version")
    assert version, f"no kafka.version in {POM}"
    return version


def program(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PrerequisiteError(f"Apache Kafka needs `{name}` on the PATH: {remedy}")
    return found


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 by file name."""
    return {
        jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in sorted(folder.iterdir())
    }


def verify(folder: Path, pins: Path = PINS) -> None:
    pinned = {name: digest for digest, name in map(str.split, pins.read_text().splitlines())}
    found = checksums(folder)
    wrong = sorted(
        name for name in pinned.keys() | found.keys() if pinned.get(name) != found.get(name)
    )
    if wrong:
        raise PrerequisiteError(
            f"jars in {folder} differ from {pins.name}: {', '.join(wrong)}. "
            "Remove the folder to fetch them again; if that does not help, do not run them."
        )


def _fetched(folder: Path) -> Path:
    """The folder, after Maven has filled it unless it is there."""
    with alone_in(folder.parent):
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    maven = program("mvn", "install Maven 3.8 or later (Debian: `apt-get install maven`)")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        jars = Path(scratch) / "jars"
        goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
        strict = ("--batch-mode", "--quiet", "--strict-checksums", "--file", str(POM))
        done = subprocess.run(
            [maven, *strict, goal, f"-DoutputDirectory={jars}"],
            capture_output=True,
            text=True,
            timeout=FETCHED_WITHIN,
            check=False,
        )
        if done.returncode:
            raise PrerequisiteError(f"Maven could not get Apache Kafka's jars:\n{done.stdout}")
        jars.rename(folder)


if __name__ == "__main__":
    destination = _fetched(cache_root() / f"kafka-{kafka_version()}")
    for name, digest in checksums(destination).items():
        print(f"{digest}  {name}")
