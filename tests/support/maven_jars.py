"""The jars of Java programs: from Maven once, then from a cache, each against its pinned SHA-256.

To move one to another version, change it in its pom.xml and renew the pins from the project's root:
`python -m tests.support.maven_jars kafka > tests/support/kafka/jars.sha256`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.support.shared import alone_in

HERE = Path(__file__).parent
FETCHED_WITHIN = 600.0


class PrerequisiteError(RuntimeError):
    """The tests cannot run on this machine; the message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program in Java, whose folder beside this module is named like it."""

    name: str

    @property
    def pom(self) -> Path:
        """What Maven fetches."""
        return HERE / self.name / "pom.xml"

    @property
    def pins(self) -> Path:
        """The SHA-256 of each jar."""
        return HERE / self.name / "jars.sha256"

    @property
    def version(self) -> str:
        found = ElementTree.parse(self.pom).findtext(f"{{*}}properties/{{*}}{self.name}.version")
        assert found, f"no {self.name}.version in {self.pom}"
        return found


KAFKA = Program(name="kafka")
# The library by which TOPCAT reads tables.
STIL = Program(name="stil")


def jars(program: Program, cache: Path | None = None, pins: Path | None = None) -> Path:
    """The folder with the jars of a program, all of them verified."""
    folder = _fetched(program, cache or cache_root())
    verify(folder, pins or program.pins)
    return folder


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stampapp"


def executable(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PrerequisiteError(f"the tests need `{name}` on the PATH: {remedy}")
    return found


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 by file name."""
    return {
        jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in sorted(folder.iterdir())
    }


def verify(folder: Path, pins: Path) -> None:
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


def _fetched(program: Program, cache: Path) -> Path:
    """The folder, after Maven has filled it unless it is there."""
    folder = cache / f"{program.name}-{program.version}"
    with alone_in(cache):
        if not folder.is_dir():
            _fetch(program.pom, folder)
    return folder


def _fetch(pom: Path, folder: Path) -> None:
    maven = executable("mvn", "install Maven 3.8 or later (Debian: `apt-get install maven`)")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        fetched = Path(scratch) / "jars"
        goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
        strict = ("--batch-mode", "--quiet", "--strict-checksums", "--file", str(pom))
        done = subprocess.run(
            [maven, *strict, goal, f"-DoutputDirectory={fetched}"],
            capture_output=True,
            text=True,
            timeout=FETCHED_WITHIN,
            check=False,
        )
        if done.returncode:
            raise PrerequisiteError(f"Maven could not get the jars of {pom}:\n{done.stdout}")
        fetched.rename(folder)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for jar, digest in checksums(_fetched(Program(name=argument), cache_root())).items():
            print(f"{digest}  {jar}")
