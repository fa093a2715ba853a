"""A stream is determined by its seed, and has good, repeated and damaged alerts."""

from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import pytest

from tests.support import alert_messages
from tests.support.alerts import container, record
from tests.system.faults.alerts import PARTITIONS, Alert, AlertFile, Quality

COUNT = 1000


@pytest.fixture
def alert_file(tmp_path: Path) -> AlertFile:
    file = tmp_path / "alert_file.avro"
    file.write_bytes(
        container(*(record(candid=str(n), aid=f"A{n}", mjd=float(n)) for n in range(9)))
    )
    return AlertFile(file, tmp_path)


def stream(alert_file: AlertFile, seed: int) -> list[Alert]:
    return list(islice(alert_file.stream(seed), COUNT))


def test_the_stream_depends_on_the_seed_alone(alert_file: AlertFile) -> None:
    # But for the random marker of each container.
    first, again = (
        [(one.quality, one.key, one.partition, len(one.value)) for one in stream(alert_file, 1)]
        for _ in range(2)
    )
    assert first == again
    assert not {one.key for one in stream(alert_file, 1)} & {
        one.key for one in stream(alert_file, 2)
    }


def test_every_partition_has_some_and_some_are_damaged(alert_file: AlertFile) -> None:
    alerts = stream(alert_file, 1)
    assert {one.partition for one in alerts} == set(range(PARTITIONS))
    damaged = [one for one in alerts if one.quality is Quality.DAMAGED]
    assert COUNT * 0.005 < len(damaged) < COUNT * 0.05
    good = next(one for one in alerts if one.quality is Quality.GOOD)
    assert all(len(one.value) < len(good.value) for one in damaged)


def test_with_max_detections_nine_in_ten_are_over_it_by_their_own_word(
    alert_file: AlertFile,
) -> None:
    limited = AlertFile(alert_file.file, alert_file.model, 3)
    assert limited.settings == alert_file.settings | {"MAX_DETECTIONS": "3"}
    good = [one for one in stream(limited, 1) if one.quality is not Quality.DAMAGED]
    known = [one.quality is Quality.KNOWN for one in good]
    assert 0.87 * len(good) < sum(known) < 0.93 * len(good)
    records = alert_messages.decoded([one.value for one in good])
    assert [one["extra_fields"]["ndethist"] > 3 for one in records] == known


def test_a_repeated_object_is_a_later_alert_right_after_the_first(alert_file: AlertFile) -> None:
    alerts = stream(alert_file, 1)
    pairs = [(a, b) for a, b in pairwise(alerts) if a.key == b.key]
    assert len(pairs) == COUNT - len({one.key for one in alerts})
    assert COUNT * 0.02 < len(pairs) < COUNT * 0.1
    for first, again in pairs:
        assert first.partition == again.partition
        earlier, later = alert_messages.decoded([first.value, again.value])
        assert later["mjd"] == earlier["mjd"] + 1.0
        assert later["aid"] == earlier["aid"] == first.key.decode()
