"""The demo's plain rooms: what is replayed, and how results look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO, StringIO
from itertools import islice
from pathlib import Path

import fastavro
import pytest
from rich.console import Console

from stampapp import messages
from stampapp.demo.replay import Replayed, replay
from stampapp.demo.stage import DEADLETTER, METRICS, Classified, Dead, Figures, nights, read
from stampapp.demo.table import BAR_CELLS, Table, bar
from stampapp.errors import ConfigError
from stampapp.nights import NightlyTopic
from stampapp.records import Classification

SCHEMA = {
    "type": "record",
    "name": "alert",
    "fields": [
        {"name": "aid", "type": "string"},
        {"name": "extra", "type": {"type": "map", "values": ["null", "int", "double", "bytes"]}},
    ],
}


def write_alerts(path: Path, *names: str) -> Path:
    records = [
        {"aid": name, "extra": {"a": 1, "b": 0.5, "c": b"\x80", "d": None}} for name in names
    ]
    with path.open("wb") as file:
        fastavro.writer(file, SCHEMA, records)
    return path


def content(message: Replayed) -> list[object]:
    return list(fastavro.reader(BytesIO(message.value)))


def test_each_record_becomes_a_container_of_its_own_and_names_change_by_round(
    tmp_path: Path,
) -> None:
    file = write_alerts(tmp_path / "a.avro", "one", "two")
    found = list(islice(replay([file]), 5))
    assert [message.key for message in found] == [b"one", b"two", b"one-1", b"two-1", b"one-2"]
    extra = {"a": 1, "b": 0.5, "c": b"\x80", "d": None}
    assert [content(message) for message in found[1:3]] == [
        [{"aid": "two", "extra": extra}],
        [{"aid": "one-1", "extra": extra}],
    ]


def test_what_is_no_alert_is_published_byte_for_byte(tmp_path: Path) -> None:
    junk = tmp_path / "junk.avro"
    junk.write_bytes(b"no Avro")
    good = write_alerts(tmp_path / "good.avro", "one")
    found = list(islice(replay([junk, good]), 3))
    assert found[0] == found[2] == Replayed(key=b"junk", value=b"no Avro")
    assert found[1].key == b"one"


def test_files_without_an_alert_do_not_make_it_search_for_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no alert in"):
        next(replay([write_alerts(tmp_path / "empty.avro")]))


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.avro cannot be read"):
        next(replay([tmp_path / "gone.avro"]))


@dataclass(frozen=True)
class Raw:
    topic: str
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def test_results_of_every_topic_are_read() -> None:
    classification = Classification(
        aid="one",
        oid="o",
        candid="1",
        mjd=1.0,
        probabilities={"SN": 0.75, "VS": 0.25},
        class_name="SN",
        rule=None,
        classifier_name="n",
        classifier_version="v",
    )
    output = messages.output(classification, datetime.now(UTC))
    assert list(read(Raw(nights()[0], output))) == [
        Classified(aid="one", probabilities={"SN": 0.75, "VS": 0.25})
    ]
    headers = (("error.type", b"schema"), ("error.message", b"why"), ("mine", b"\x80"))
    assert list(read(Raw(DEADLETTER, b"", None, headers))) == [
        Dead(key="?", cause="schema", message="why")
    ]
    figures = {"classified": 3, "dead_lettered": 1, "n_messages": 4}
    assert list(read(Raw(METRICS, json.dumps(figures).encode()))) == [
        Figures(counts={"classified": 3, "dead_lettered": 1})
    ]


def test_the_night_after_is_another_topic() -> None:
    assert len({*nights(), NightlyTopic(topic_format="fixed").topic_format}) == 3


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0.0, "    "), (1.0, "████"), (0.5, "██  "), (0.03, "▏   "), (0.99, "████"), (2.0, "████")],
)
def test_bars(probability: float, shown: str) -> None:
    assert bar(probability) == shown
    assert len(shown) == BAR_CELLS


def test_the_table_has_one_head_a_line_per_result_and_totals() -> None:
    out = StringIO()
    with Table(Console(file=out, width=40)) as table:
        table.published = 4
        table.add(Classified(aid="one", probabilities={"SN": 0.75, "VS": 0.25}))
        table.add(Figures(counts={"classified": 2, "dead_lettered": 1}))
        table.add(Dead(key="two", cause="schema", message="[no] markup"))
        table.add(Classified(aid="three", probabilities={"SN": 0.0, "VS": 1.0}))
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["UTC", "object", "class", "SN", "VS"]
    assert lines[1].split()[1:] == ["one", "SN", "███", "75", "█", "25"]
    assert lines[2].split(maxsplit=1)[1] == "two             dead letter: schema: [no] markup"
    assert lines[3].split()[1:] == ["three", "VS", "0", "████", "100"]
    assert " ".join(lines[4:]).startswith("4 published · 2 classified")
    assert table.shown == 3
