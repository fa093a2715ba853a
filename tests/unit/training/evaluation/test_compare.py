from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stampapp.training.data import examples
from stampapp.training.data.examples import Examples
from stampapp.training.data.reference_labels import Reference
from stampapp.training.data.ztf import PLUGIN as ZTF
from stampapp.training.evaluation import compare, sample_distance
from stampapp.training.evaluation.compare import Comparison, RealSample
from tests.support import learnable_alerts


def drawn(seed: int, count: int) -> Examples:
    alerts = [learnable_alerts.alert(seed, index) for index in range(count)]
    seen = [examples.extract_inputs(alert, ZTF) for alert in alerts]
    return examples.to_examples(seen, [learnable_alerts.CLASSES[n % 5] for n in range(count)], ZTF)


REAL, SIMULATED = drawn(1, 30), drawn(2, 60)
SAMPLE = RealSample(examples=REAL, patches=np.array(["one", "two", "three"] * 10))
# The reference knows every second alert, and calls none bogus.
NAMES = ("AGN", "SN", "VS", "asteroid", "asteroid")
PROBABILITIES = {
    str(candid): {name: float(name == NAMES[place % 5]) for name in ZTF.classes}
    for place, candid in enumerate(REAL.candids)
    if place % 2
}


@pytest.fixture(scope="module", autouse=True)
def _few_trees() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_distance, "TREES", 3)
        patch.setattr(sample_distance, "FOLDS", 2)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("comparison")


@pytest.fixture(scope="module")
def by_class(folder: Path) -> list[Comparison]:
    reference = Reference(probabilities=PROBABILITIES)
    return compare.compare_samples(SAMPLE, SIMULATED, reference, ZTF, folder)


def test_comparison_with_reference_matches_the_class_mix_then_each_class(
    by_class: list[Comparison],
) -> None:
    groups = [(one.group, one.n_real, one.n_simulated) for one in by_class]
    assert groups == [("all", 15, 30), ("asteroid", 6, 12)]


def test_comparison_writes_a_table_and_figures(folder: Path, by_class: list[Comparison]) -> None:
    with (folder / "comparison.csv").open() as file:
        rows = list(csv.DictReader(file))
    quantities = len(by_class[0].features) + len(by_class[0].pixels)
    assert len(rows) == 2 * quantities
    assert rows[0]["group"] == "all"
    assert float(rows[0]["ks"]) == pytest.approx(by_class[0].features[0].distance, abs=1e-4)
    figures = {path.name for path in folder.glob("*.png")}
    kinds = ("features", "pixels", "stamps")
    assert figures == {f"{group}_{kind}.png" for group in ("all", "asteroid") for kind in kinds}


def test_text_has_all_quantities_and_summary_the_most_different(
    by_class: list[Comparison],
) -> None:
    text = compare.render_comparison(by_class[0])
    assert all(f"| {feature.name} " in text for feature in ZTF.features)
    assert "all: 15 real, 30 simulated alerts. Separability (AUC) by features 0." in text
    outline = compare.render_summary(by_class)
    assert f"| {by_class[0].features[0].name} " in outline
    assert f"| {by_class[0].features[-1].name} " not in outline
    assert "| asteroid |    6 |" in outline


def test_comparison_without_reference_uses_all_alerts(tmp_path: Path) -> None:
    (one,) = compare.compare_samples(SAMPLE, SIMULATED, None, ZTF, tmp_path)
    assert (one.group, one.n_real, one.n_simulated) == ("all", 30, 60)
    assert set(one.separability) == {"features", "pixels", "both"}
    assert all(np.isfinite(row.distance) for row in (*one.features, *one.pixels))
    assert "class" not in compare.render_summary([one])
