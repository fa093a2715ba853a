from __future__ import annotations

from stampapp.training import markdown

CARD = "# Model\n\nIntroduction.\n\n## One\n\nfirst\n\n## Two\n\nsecond\n"


def test_table_is_padded_and_aligned() -> None:
    assert markdown.table(("class", "n"), [("SN", 7), ("asteroid", 12)]).splitlines() == [
        "| class    |   n |",
        "| -------- | --: |",
        "| SN       |   7 |",
        "| asteroid |  12 |",
    ]


def test_new_section_is_added_at_the_end() -> None:
    found = markdown.replace_section(CARD, "Three", "third")
    assert found == CARD + "\n## Three\n\nthird\n"


def test_existing_section_is_replaced_in_place() -> None:
    found = markdown.replace_section(CARD, "One", "anew\n\n### below\n\nmore\n")
    assert found == CARD.replace("first", "anew\n\n### below\n\nmore")
    assert markdown.replace_section(found, "One", "first") == CARD


def test_heading_must_match_fully() -> None:
    found = markdown.replace_section(CARD, "On", "x")
    assert found.endswith("## On\n\nx\n")
    assert "first" in found
