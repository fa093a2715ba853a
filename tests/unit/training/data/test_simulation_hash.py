from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.simulation import simulate
from stampapp.training.data import simulation_hash
from stampapp.training.data.simulation_hash import alerts_sha256, sources_sha256
from tests.support import learnable_alerts

COUNT = 2


@pytest.fixture(autouse=True)
def _few_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_hash, "HASHED_ALERTS", COUNT)


def changed(
    change: Callable[[Alert], Alert], index: int
) -> Callable[[Survey, int, int], LabelledAlert]:
    """Return a simulation that changes the alert of this index."""

    def simulate_alert(survey: Survey, seed: int, number: int) -> LabelledAlert:
        one = learnable_alerts.simulate_alert(survey, seed, number)
        return replace(one, alert=change(one.alert)) if number == index else one

    return simulate_alert


def with_stamp(alert: Alert, stamp: bytes) -> Alert:
    return replace(alert, stamps={**alert.stamps, "science": stamp})


def inflated(alert: Alert) -> bytes:
    return gzip.decompress(alert.stamps["science"] or b"")


@pytest.mark.parametrize(
    "change",
    [
        lambda alert: replace(alert, mjd=alert.mjd + 1e-9),
        lambda alert: replace(alert, extra_fields={**alert.extra_fields, "rb": 0.5}),
        lambda alert: with_stamp(alert, gzip.compress(inflated(alert)[:-1] + b"x")),
        lambda alert: replace(alert, stamps={**alert.stamps, "template": None}),
    ],
)
def test_hash_covers_values_and_stamp_bytes_of_the_first_alerts(
    change: Callable[[Alert], Alert],
) -> None:
    usual = alerts_sha256(learnable_alerts.simulate_alert, Survey.ZTF)
    assert alerts_sha256(changed(change, COUNT - 1), Survey.ZTF) != usual
    assert alerts_sha256(changed(change, COUNT), Survey.ZTF) == usual


def test_hash_ignores_compression_of_stamps() -> None:
    usual = alerts_sha256(learnable_alerts.simulate_alert, Survey.ZTF)
    plain = changed(lambda alert: with_stamp(alert, inflated(alert)), 0)
    assert alerts_sha256(plain, Survey.ZTF) == usual


def test_hash_covers_the_class() -> None:
    usual = alerts_sha256(learnable_alerts.simulate_alert, Survey.ZTF)
    assert alerts_sha256(learnable_alerts.simulate_unknown_class, Survey.ZTF) != usual


def test_each_survey_has_its_own_hash() -> None:
    hashes = [alerts_sha256(simulate.simulate_alert, survey) for survey in Survey]
    assert len(set(hashes)) == len(hashes)
    assert hashes == [alerts_sha256(simulate.simulate_alert, survey) for survey in Survey]


def test_sources_hash_covers_contents_not_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(simulation_hash, "files", lambda _: tmp_path)
    simulation, features = tmp_path / "simulation", tmp_path / "features"
    for folder in (simulation, features):
        folder.mkdir()
        (folder / "a.py").write_text(f"first of {folder.name}")
    usual = sources_sha256()
    (simulation / "a.py").rename(simulation / "b.py")
    assert sources_sha256() == usual
    (features / "a.py").write_text("changed")
    assert sources_sha256() != usual
