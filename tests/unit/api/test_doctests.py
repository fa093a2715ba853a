"""The examples in docstrings and docs/python.md do what they show, in any working directory."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = sorted(path.stem for path in (ROOT / "stampapp" / "api").glob("[!_]*.py"))
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def failures(example: doctest.DocTest) -> list[str]:
    """Return a report for every line that prints something else."""
    reports: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=reports.append)
    return reports


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = import_module(f"stampapp.api.{name}")
    for example in doctest.DocTestFinder(exclude_empty=True).find(module):
        assert failures(example) == []


def test_what_users_call_has_examples() -> None:
    for name in ("load_classifier", "read_alerts", "SurveyAlert", "StampClassifier.classify"):
        found = import_module("stampapp")
        for part in name.split("."):
            found = getattr(found, part)
        assert ">>> " in (found.__doc__ or ""), name


def test_the_page_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "python.md"
    parser = doctest.DocTestParser()
    # In Markdown a closing fence would be taken for output.
    text = page.read_text().replace("```\n", "\n")
    example = parser.get_doctest(text, {}, page.name, str(page), 0)
    assert len(example.examples) > 10
    assert failures(example) == []
