"""Every cause of dead letters is explained and documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from stampapp.deadletters.causes import CAUSES

ROOT = Path(__file__).parents[3]
# `classify` says this of a file; no message has it.
OF_FILES = {"unreadable"}


def raised() -> Iterator[str]:
    """The first argument of every BadAlert in the package, where it is written out."""
    for path in (ROOT / "stampapp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BadAlert":
                cause = node.args[0]
                if isinstance(cause, ast.Constant):
                    yield str(cause.value)


def test_every_cause_that_is_raised_is_explained_and_no_other() -> None:
    assert set(raised()) - OF_FILES == CAUSES.keys()


def test_explanations_are_sentences() -> None:
    for cause in CAUSES.values():
        for text in cause:
            assert re.fullmatch(r"[A-Z].+\.", text)


def test_the_documentation_lists_every_cause() -> None:
    listed = re.search(r"The causes: ([^.]+)\.", (ROOT / "docs" / "operations.md").read_text())
    assert listed
    assert set(re.findall(r"`([a-z-]+)`", listed[1])) == CAUSES.keys()
