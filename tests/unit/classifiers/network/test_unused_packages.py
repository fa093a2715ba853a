from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from stampapp.classifiers.network.unused_packages import hidden_packages


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "seldom_used.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "seldom_used", raising=False)
    return "seldom_used"


def test_a_package_cannot_be_imported_within_the_block_and_can_after_it(package: str) -> None:
    with pytest.raises(ModuleNotFoundError), hidden_packages([package]):
        importlib.import_module(package)
    assert importlib.import_module(package).__name__ == package


def test_a_package_that_is_imported_already_stays(package: str) -> None:
    module = importlib.import_module(package)
    with hidden_packages([package]):
        assert importlib.import_module(package) is module
    assert sys.modules[package] is module
