"""Whether the pages agree with what they are about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.unit.test_layers import LAYERS

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next."""
    return re.split(r"^#", text.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_every_alert_rule_has_its_section_and_every_section_its_rule() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "stampapp.rules.yml").read_text())
    named = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    page = (ROOT / "docs" / "operations.md").read_text()
    assert re.findall(r"^### (Stampapp\w+)$", page, re.MULTILINE) == named
    for name in named:
        assert len(section(page, f"### {name}").split()) > 15, f"{name}: what to do?"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in {_anchor(one) for one in HEADING.findall(target.read_text())}, link


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_page_is_linked_from_the_first() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text()))
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= linked


def architecture() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text()


def test_every_module_that_the_architecture_names_exists() -> None:
    named = set(re.findall(r"`((?:[\w*]+/)*[\w*]+\.py)`", architecture()))
    assert len(named) > 20
    assert [path for path in sorted(named) if not any((ROOT / "stampapp").glob(path))] == []


def test_the_diagram_of_the_packages_has_the_layers_that_are_held() -> None:
    diagram = re.findall(r'\["<b>(.+?)</b>', architecture())
    drawn = [set(names.split(" · ")) for names in diagram]
    assert drawn == [set(layer) for layer in reversed(LAYERS)]
