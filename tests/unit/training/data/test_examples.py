from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.errors import BadAlert
from stampapp.features import images, metadata
from stampapp.training.data import examples
from stampapp.training.data.ztf import PLUGIN as ZTF
from tests.support import alerts, learnable_alerts

ALERTS = [learnable_alerts.alert(1, index) for index in range(4)]
SEEN = [examples.extract_inputs(alert, ZTF) for alert in ALERTS]
SOME = examples.to_examples(SEEN, ["SN", "VS", "", "SN"], ZTF)


def test_examples_are_those_of_the_worker() -> None:
    worker = [survey_rules(Survey.ZTF).extract_inputs(alert, ZTF) for alert in ALERTS]
    assert np.array_equal(SOME.images(), images.normalise_stamps([one.crops for one in worker]))
    assert np.array_equal(SOME.features, metadata.feature_matrix(ALERTS, ZTF.features))
    assert SOME.candids.tolist() == [alert.candid for alert in ALERTS]
    assert SOME.objects.tolist() == [alert.aid for alert in ALERTS]
    assert SOME.crops.shape == (4, 3, 21, 21)


def test_bad_alert_raises() -> None:
    with pytest.raises(BadAlert, match="missing in extra_fields"):
        examples.extract_inputs(alerts.alert(), ZTF)


def test_rows_are_taken_by_index_and_by_mask() -> None:
    assert SOME.take(np.array([2, 0])).candids.tolist() == [ALERTS[2].candid, ALERTS[0].candid]
    assert len(SOME.take(SOME.labels == "SN")) == 2


def test_groups_are_concatenated_in_order() -> None:
    parts = [SOME.take(np.array([0])), SOME.take(np.array([1, 2, 3]))]
    joined = examples.concatenate(parts)
    assert np.array_equal(joined.crops, SOME.crops)
    assert joined.labels.tolist() == SOME.labels.tolist()


def test_examples_of_no_alerts() -> None:
    none = examples.to_examples([], [], ZTF)
    assert none.crops.shape == (0, 3, 21, 21)
    assert none.features.shape == (0, len(ZTF.features))
    assert len(examples.concatenate([none, SOME])) == 4


def test_saved_examples_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "new" / "some.npz"
    examples.save_examples(SOME, path)
    found = examples.load_examples(path)
    for name in examples.Examples.__slots__:
        assert np.array_equal(getattr(found, name), getattr(SOME, name))
    assert [one.name for one in path.parent.iterdir()] == ["some.npz"]
