"""`.env.example` names every setting once, with its default."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from stampapp.config import settings
from stampapp.config.environment import Reader

FILE = Path(__file__).parents[2] / ".env.example"
ASSIGNMENT = re.compile(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)
REQUIRED = {
    "CLASSIFIER_STRATEGY": "ZTF",
    "CONSUMER_TOPICS": "alerts",
    "CONSUMER_SERVER": "one:9092",
    "CONSUMER_GROUP_ID": "group",
    "PRODUCER_TOPIC_FORMAT": "out_%s",
    "SCRIBE_TOPIC": "scribe",
    "METRICS_TOPIC": "metrics",
}


def keys() -> list[str]:
    """Every key that a worker reads, without the older names."""
    reader = Reader({**REQUIRED, "CONSUMER_SERVER": "one:9092"}.get)
    return [one.key for one in settings.load_settings(reader).readings]


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    """The assignments of .env.example, those that are commented out too."""
    return dict(ASSIGNMENT.findall(FILE.read_text()))


def test_the_example_has_every_key_that_is_read_and_no_other(example: dict[str, str]) -> None:
    assert sorted(example) == sorted(keys())


def test_the_example_leaves_open_what_it_does_not_comment_out(example: dict[str, str]) -> None:
    text = FILE.read_text()
    active = {key for key in example if re.search(rf"^{key}=", text, re.MULTILINE)}
    assert active >= REQUIRED.keys()


def test_what_the_example_comments_out_is_the_default(example: dict[str, str]) -> None:
    def without_origins(found: settings.Settings) -> settings.Settings:
        return replace(found, readings=(), model=replace(found.model, path_is_set=True))

    plain = settings.load_settings(Reader(REQUIRED.get))
    values = {key: value for key, value in example.items() if value and key not in REQUIRED}
    explicit = settings.load_settings(Reader({**values, **REQUIRED}.get))
    assert without_origins(explicit) == without_origins(plain)
