"""The archive of classes is made once, and brokers use it."""

from __future__ import annotations

from pathlib import Path

from tests.support.apache_kafka import ApacheKafka
from tests.support.kafka_classes import class_archive


def test_a_broker_maps_the_archive(kafka: ApacheKafka) -> None:
    assert kafka.classes.is_file()
    assert kafka.process
    assert str(kafka.classes) in Path(f"/proc/{kafka.process.pid}/maps").read_text()


def test_each_java_has_its_archive_made_once(tmp_path: Path) -> None:
    made: list[str] = []

    def record(draft: Path) -> None:
        made.append(draft.name)
        draft.touch()

    jars = tmp_path / "kafka-9"
    javas = [tmp_path / name for name in ("old", "new", "old")]
    for java in javas:
        java.touch(exist_ok=True)
    archives = [class_archive(str(java), jars, record) for java in javas]
    assert archives[0] == archives[2] != archives[1]
    assert all(archive.is_file() for archive in archives)
    assert len(made) == 2


def test_a_java_that_writes_none_is_asked_again(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.touch()
    asked: list[Path] = []
    for _ in range(2):
        assert not class_archive(str(java), tmp_path / "kafka-9", asked.append).exists()
    assert len(asked) == 2
