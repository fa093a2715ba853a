"""The commands that README, docs, help texts and messages show to readers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "model/*/*.md")
    for path in ROOT.glob(pattern)
)
# Strings of the program, and comments of files that users read, name commands in backticks.
SOURCES = sorted(
    path.relative_to(ROOT)
    for pattern in ("stampapp/**/*.py", "deploy/**/*.y*ml", "Makefile")
    for path in ROOT.glob(pattern)
)
PROGRAMS = ("make", "faust", "python -m", "docker", "kubectl", "honcho", "pip", "git", ".ci/run")
# What stands in an example for a value of the reader's.
PLACEHOLDERS = {
    "AID": "ZTF18aaxlzgi",
    "CAUSE": "field",
    "COMMAND": "check",
    "PATH": "model.zip",
    "PLACE": "0:17",
    "{folder}": "model/ztf",
    "{archive}": "model.zip",
    "FOLDER": "model/ztf",
}
# Files and folders that the reader has; tests/system/test_examples.py makes some of them.
USERS_FILES = (
    *("alerts/", "night/", "night.avro", "night.tar.gz", "ztf_public_20201010.tar.gz"),
    *("packets/", "more.avro", "labels.csv", "later/", "later.csv", "dist/*.whl", ".env"),
    *("model.zip", "ztf.zip", "model/published", "model/mine", "ztf.env", "atlas.env", "lsst.env"),
)
# Why an example is parsed, but not run. A key stands for all commands that begin with its words.
NOT_RUN = {
    ".ci/run": "runs every test",
    "docker": "there is no Docker where the tests run",
    "faust -A stampapp broker": "needs port 9092; tests/system/test_simulate.py runs it on another",
    "faust -A stampapp simulate --survey ATLAS --count": "test_simulate.py makes fewer",
    "faust -A stampapp compare-models": "tests/system/test_shadow.py runs it with two models",
    "git": "is about this repository's history",
    "honcho": "is not among the packages; tests/unit/test_deploy.py reads the Procfile",
    "kubectl": "there is no Kubernetes where the tests run",
    "make audit": "needs the advisories of another service",
    "make bench": "takes 20 minutes and the whole machine",
    "make clean": "removes the environment of the tests",
    "make demo": "tests/system/test_demo.py runs the program that it starts",
    "make fuzz": "runs for ten minutes",
    "make image": "tests/system/test_image.py runs the script that it runs, where it can",
    "make lint": "CI runs it",
    "make requirements": "changes the pins",
    "make setup": "makes the environment of the tests",
    "make soak": "tests/system/faults runs its rounds",
    "make test": "runs every test",
    "pip": "tests/system/test_install.py installs the wheel",
    "python -m stampapp.demo": "tests/system/test_demo.py runs it",
    "python -m stampapp.training": "tests/system/test_training.py runs it on fewer alerts",
}
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(rf"`((?:{'|'.join(map(re.escape, PROGRAMS))})(?: [^`]*)?|[A-Z]+=[^`\n]*)`")
_MAKE_VARIABLE = re.compile(r"\$[({](?:if \$\()?([A-Z]+)\)")
_HELP = re.compile(r"^([a-z]+):.*## (.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, order=True)
class Example:
    """A command as it is to be typed, and where it is shown."""

    place: str
    command: str

    @property
    def words(self) -> list[str]:
        """The words of the command, without the redirection of its output."""
        words = shlex.split(self.command, comments=True)
        return words[: words.index(">")] if ">" in words else words

    @property
    def selects_tests(self) -> bool:
        """Whether it runs a selection of the tests: collected in tests/system/test_examples.py."""
        return self.command.startswith("make test ARGS=")

    @property
    def why_not_run(self) -> str | None:
        """The reason why no test runs it."""
        found = [NOT_RUN[key] for key in NOT_RUN if f"{self.command} ".startswith(f"{key} ")]
        return found[0] if found and not self.selects_tests else None


def examples() -> list[Example]:
    """Return each distinct command of pages, help texts and messages, with its first place."""
    found: dict[str, str] = {}
    for place, command in [*_on_pages(), *_in_sources(), *_in_make_help()]:
        found.setdefault(_filled(command), place)
    return [Example(place=place, command=command) for command, place in found.items()]


def make_variables() -> set[str]:
    """Return the variables that the Makefile takes."""
    return set(_MAKE_VARIABLE.findall((ROOT / "Makefile").read_text()))


def _on_pages() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = (ROOT / page).read_text()
        for block in _CONSOLE.findall(text):
            for line in filter(None, block.splitlines()):
                yield (
                    str(page),
                    shlex.join(shlex.split(line, comments=True)) if "#" in line else line,
                )
        yield from ((str(page), one) for one in _inline(_CONSOLE.sub("", text)))


def _in_sources() -> Iterator[tuple[str, str]]:
    for path in SOURCES:
        # A long message is split into strings.
        text = re.sub(r'"\n\s+f?"', "", (ROOT / path).read_text())
        yield from ((str(path), one) for one in _inline(text))


def _in_make_help() -> Iterator[tuple[str, str]]:
    for target, text in _HELP.findall((ROOT / "Makefile").read_text()):
        for variables in re.split(r"; or | \(", text):
            given = re.findall(r"[A-Z]+=\w*", variables)
            yield "make help", " ".join(["make", target, *given])


def _inline(text: str) -> Iterator[str]:
    """Yield commands in backticks; `NAME=value` goes to the `make TARGET` before it."""
    target = ""
    for found in _INLINE.findall(text):
        command = " ".join(found.split())
        if command.startswith("make "):
            target = command.split()[1]
        if not re.match("[A-Z]+=", command):
            yield command
        elif command.split("=")[0] in make_variables():
            yield f"make {target} {command}"


def _filled(command: str) -> str:
    return " ".join(PLACEHOLDERS.get(word, word) for word in command.split(" "))
