"""The mix of alerts of known and of new objects that the benchmark sends."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import known_objects, lsst_sample, ztf_sample
from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.detection_limit import count_detections

COUNT = 400


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_one_alert_in_ten_is_of_a_new_object(
    survey: str, shared_data: Path, tmp_path: Path
) -> None:
    assert shared_data.is_dir()
    sample = ztf_sample.shipped_sample() if survey == "ztf" else lsst_sample.load_sample(tmp_path)
    mixed = [one.value for one in known_objects.known_objects(sample, COUNT)]
    found = [packets.decode_alert(one, sample.schemas) for one in mixed]
    share = Counter(map(count_detections, found))
    assert share.keys() == {1, known_objects.DETECTIONS}
    assert share[1] == pytest.approx(COUNT / 10, abs=COUNT / 100)
    assert len({one.aid for one in found}) == COUNT
    assert _all_but_detections(found[0]) == _all_but_detections(
        packets.decode_alert(next(sample.messages(1)).value, sample.schemas)
    )


def _all_but_detections(alert: Alert) -> dict[str, object]:
    fields = {k: v for k, v in alert.extra_fields.items() if k not in {"ndethist", "nDiaSources"}}
    return {"candid": alert.candid, "stamps": alert.stamps, **fields}
