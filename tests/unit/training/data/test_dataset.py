from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.description import Origin
from stampapp.errors import ConfigError
from stampapp.training.data import dataset
from stampapp.training.data.simulated import SampleSpec, Simulator
from stampapp.training.data.simulation_hash import alerts_sha256
from stampapp.training.data.ztf import PLUGIN as ZTF
from tests.support import alerts, learnable_alerts
from tests.unit.training.report.test_model_card import DESCRIPTION


def test_simulated_dataset_names_its_source() -> None:
    simulator = Simulator(
        simulate_alert=learnable_alerts.simulate_alert, code_sha256="a" * 64, workers=1
    )
    dataset_ = dataset.simulate_dataset(ZTF, SampleSpec(seed=3, count=7), simulator)
    assert dataset_.origin is Origin.SIMULATED
    assert dataset_.source == "7 simulated alerts of seed 3"
    assert dataset_.source_sha256 == alerts_sha256(learnable_alerts.simulate_alert, Survey.ZTF)
    assert len(dataset_.examples) == 7
    assert dataset_.seconds > 0


def test_dataset_from_the_cache_has_a_note(tmp_path: Path) -> None:
    simulator = Simulator(
        simulate_alert=learnable_alerts.simulate_alert,
        code_sha256="a" * 64,
        workers=1,
        cache=tmp_path,
    )
    first, second = (
        dataset.simulate_dataset(ZTF, SampleSpec(seed=3, count=5), simulator).notes
        for _ in range(2)
    )
    assert second == (*first, "The alerts were read from the cache of an earlier simulation.")


def test_labelled_dataset_has_the_labelled_alerts_only(tmp_path: Path) -> None:
    known = [learnable_alerts.alert(1, index) for index in range(3)]
    records = [
        alerts.record(candid=one.candid, aid=one.aid, extra_fields=dict(one.extra_fields))
        for one in known
    ]
    (tmp_path / "alerts.avro").write_bytes(alerts.container(*records))
    labels = tmp_path / "labels.csv"
    labels.write_text(f"candid,label\n{known[0].candid},SN\n{known[2].candid},\n")
    dataset_ = dataset.read_dataset(ZTF, tmp_path / "alerts.avro", labels)
    assert dataset_.origin is Origin.LABELLED
    assert dataset_.examples.candids.tolist() == [known[0].candid]
    assert dataset_.source == "labels.csv with 1 labels"
    assert dataset_.source_sha256 == hashlib.sha256(labels.read_bytes()).hexdigest()
    assert "2 skipped: they have no label" in dataset_.notes[0]


def test_seed_of_the_training_raises() -> None:
    with pytest.raises(ConfigError, match="600 simulated alerts of seed 3: take another seed"):
        dataset.require_unseen_seed(DESCRIPTION, 3)
    for description, seed in (
        (DESCRIPTION, 13),
        (replace(DESCRIPTION, source="600 simulated alerts of seed 13"), 3),
        (replace(DESCRIPTION, origin=Origin.LABELLED), 3),
    ):
        dataset.require_unseen_seed(description, seed)
