from __future__ import annotations

from pathlib import Path

import click
import pytest

from stampapp.commands.given_path import GivenPath


def test_a_path_is_taken_as_it_is_given() -> None:
    assert GivenPath().convert("night.avro", None, None) == Path("night.avro")
    assert GivenPath().convert(".", None, None) == Path()


def test_an_empty_path_is_not_the_working_directory() -> None:
    with pytest.raises(click.BadParameter, match="it is empty: name a file or a folder"):
        GivenPath().convert("", None, None)
