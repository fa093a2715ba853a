"""Storage is formatted once for each node, and brokers have copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kafka_storage import formatted_storage


def test_each_node_has_its_storage_made_once(tmp_path: Path) -> None:
    made: list[str] = []

    def make(draft: Path) -> None:
        made.append(draft.name)
        draft.mkdir()

    found = [formatted_storage(tmp_path / "kafka-9", node, make) for node in ("1", "2", "1")]
    assert found[0] == found[2] != found[1]
    assert all(storage.is_dir() for storage in found)
    assert made == ["1.draft", "2.draft"]


def test_what_was_not_finished_is_made_again(tmp_path: Path) -> None:
    def fail(draft: Path) -> None:
        draft.mkdir()
        (draft / "half").touch()
        raise RuntimeError("no space is left")

    with pytest.raises(RuntimeError, match="no space"):
        formatted_storage(tmp_path / "kafka-9", "1", fail)
    assert list(formatted_storage(tmp_path / "kafka-9", "1", Path.mkdir).iterdir()) == []
