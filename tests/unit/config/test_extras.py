from __future__ import annotations

import sys

import pytest

from stampapp.config import extras
from stampapp.errors import ConfigError


def test_modules_that_are_installed_are_enough() -> None:
    extras.require("simulation", "json", "csv")


def test_missing_modules_are_named_with_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"^nowhere is not .* 'stampapp\[a\]'$"):
        extras.require("a", "json", "nowhere")
    monkeypatch.setitem(sys.modules, "csv", None)
    with pytest.raises(ConfigError, match=r"^nowhere and csv are not installed: "):
        extras.require("a", "nowhere", "csv")
