"""The hand-over to the package, proved by a stand-in that insists on it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stampapp import classifiers
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import atlas_package
from stampapp.classifiers.atlas_package import PackageClassifier
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import BadAlert, ConfigError
from stampapp.results.outcome import Classification
from tests.support.alerts import fits, sky
from tests.support.atlas import CLASSES, SHAPE, atlas_alert, cards, stamp
from tests.support.bad_alerts import cause

STANDIN = Path(__file__).parents[2] / "support" / "fake_atlas_package"
DEFAULT = ModelSettings(
    survey=Survey.ATLAS, path=Path("model/atlas"), name=None, version=None, path_is_set=False
)
ORDER = ["candid", "mjd", "red", "diff", "FILTER", "AIRMASS", "SEEING", "SUNELONG", "MANGLE"]


@pytest.fixture(autouse=True)
def _no_package() -> Iterator[None]:
    """Forget what a test has imported under the package's name."""
    yield
    for name in [name for name in sys.modules if name.startswith(atlas_package.PACKAGE)]:
        del sys.modules[name]


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(STANDIN))


class Recorder:
    """Records the tables that it gets, and answers with the function of a test."""

    def __init__(self, answer: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> None:
        self.tables: list[pd.DataFrame] = []
        self.answer = answer or even

    def predict_probs(self, alerts: pd.DataFrame) -> pd.DataFrame:
        self.tables.append(alerts)
        return self.answer(alerts)


def even(alerts: pd.DataFrame) -> pd.DataFrame:
    """Answer by the fraction of the day, so that results can be distinguished."""
    day = alerts["mjd"] % 1.0
    table = pd.DataFrame(dict.fromkeys(CLASSES, (1.0 - day) / 4.0), index=alerts.index)
    return table.assign(sn=day)


def package(model: Any) -> PackageClassifier:
    return PackageClassifier(model, name="n", version="v")


def results_of(model: Any, *alerts: Alert) -> list[Classification | BadAlert]:
    classifier = package(model)
    return classifier.classify([classifier.prepare_alert(one) for one in alerts])


def classifications_of(model: Any, *alerts: Alert) -> list[Classification]:
    results = [one for one in results_of(model, *alerts) if isinstance(one, Classification)]
    assert len(results) == len(alerts)
    return results


def test_the_table_has_the_columns_in_order_and_of_their_types() -> None:
    model = Recorder()
    results_of(model, atlas_alert(stamp(FILTER="'c'"), candid="9"))
    (table,) = model.tables
    assert list(table.columns) == [*ORDER, "ra", "dec"]
    numbers = ("mjd", "AIRMASS", "SEEING", "SUNELONG", "MANGLE", "ra", "dec")
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {
        name: "float64" if name in numbers else "object" for name in table.columns
    }
    assert table.index.to_list() == ["AL21atlas"]
    assert str(table.index.dtype) == "object"
    row = table.loc["AL21atlas"]
    assert [row[name] for name in ("candid", "mjd", "FILTER")] == ["9", 58270.25, "c"]
    assert [row[name] for name in ORDER[5:]] == [1.25, 3.75, 120.5, 75.25]
    assert (row["ra"], row["dec"]) == pytest.approx((150.0, 2.0))
    for seed, name in enumerate(("red", "diff")):
        assert (row[name].shape, row[name].dtype) == (SHAPE, np.float32)
        np.testing.assert_array_equal(row[name], sky(seed, SHAPE))


def test_the_rows_are_sorted_by_time_and_the_results_in_the_order_of_the_alerts() -> None:
    model = Recorder()
    days = {"c": 5.75, "a": 3.25, "b": 4.5}
    results = classifications_of(
        model, *(atlas_alert(aid=aid, mjd=mjd) for aid, mjd in days.items())
    )
    assert model.tables[0].index.to_list() == ["a", "b", "c"]
    found = [(one.aid, one.probabilities["sn"]) for one in results]
    assert found == [("c", 0.75), ("a", 0.25), ("b", 0.5)]


def test_an_object_is_in_a_table_once_and_each_of_its_alerts_has_its_own_result() -> None:
    model = Recorder()
    alerts = [
        atlas_alert(aid=aid, mjd=mjd, candid=str(mjd))
        for aid, mjd in [("a", 3.25), ("b", 1.5), ("a", 2.75), ("a", 3.25), ("c", 9.125)]
    ]
    results = classifications_of(model, *alerts)
    assert [table.index.to_list() for table in model.tables] == [["b", "a", "c"], ["a"], ["a"]]
    found = [(one.candid, one.probabilities["sn"]) for one in results]
    assert found == [(one.candid, one.mjd % 1.0) for one in alerts]


def test_answers_in_another_order_find_their_objects() -> None:
    def turned(alerts: pd.DataFrame) -> pd.DataFrame:
        return even(alerts).iloc[::-1, ::-1]

    alerts = [atlas_alert(aid=str(n), mjd=n + n / 8) for n in range(5)]
    results = classifications_of(Recorder(turned), *alerts)
    assert [one.probabilities["sn"] for one in results] == [n / 8 for n in range(5)]
    assert all(list(one.probabilities) == list(CLASSES) for one in results)


def test_missing_pixels_are_handed_over_as_they_are() -> None:
    pixels = sky(0, SHAPE)
    pixels[3, 4] = np.nan
    model = Recorder()
    results_of(model, atlas_alert(fits(pixels, **cards())))
    np.testing.assert_array_equal(model.tables[0]["red"].iloc[0], pixels)


def test_an_object_without_a_finite_answer_is_the_only_one_that_suffers() -> None:
    def partial(alerts: pd.DataFrame) -> pd.DataFrame:
        table = even(alerts).drop(index="a")
        table.loc["b", "vs"] = np.nan
        return table

    first, second, third = results_of(Recorder(partial), *(atlas_alert(aid=aid) for aid in "abc"))
    assert isinstance(first, BadAlert)
    assert isinstance(second, BadAlert)
    assert first.cause == second.cause == "feature-out-of-range"
    assert isinstance(third, Classification)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (lambda table: even(table).drop(columns="sn"), "columns"),
        (lambda table: even(table).assign(star=0.0), "columns"),
        (lambda table: even(table).reset_index(drop=True), "others"),
        (lambda table: pd.concat([even(table)] * 2), "others"),
    ],
)
def test_an_answer_that_does_not_fit_the_question_stops_the_worker(
    answer: Callable[[pd.DataFrame], pd.DataFrame], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        results_of(Recorder(answer), atlas_alert())


def test_what_the_package_raises_is_its_own_failure() -> None:
    def fail(_: pd.DataFrame) -> pd.DataFrame:
        raise MemoryError

    with pytest.raises(MemoryError):
        results_of(Recorder(fail), atlas_alert())


def test_nothing_is_asked_about_no_alerts() -> None:
    model = Recorder()
    assert package(model).classify([]) == []
    assert model.tables == []


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (atlas_alert(survey=Survey.ZTF), "survey"),
        (atlas_alert(stamp(FILTER=None)), "feature-missing"),
        (atlas_alert(stamp(FILTER=5)), "feature-ill-typed"),
        (atlas_alert(stamp(MANGLE=None)), "feature-missing"),
        (atlas_alert(stamp(CRVAL1=None)), "stamp-wcs"),
    ],
)
def test_what_the_package_cannot_use_has_a_cause(alert: Alert, expected: str) -> None:
    assert cause(package(Recorder()).prepare_alert, alert) == expected


def test_a_filter_that_our_network_does_not_know_is_left_to_the_package() -> None:
    model = Recorder()
    results_of(model, atlas_alert(stamp(FILTER="'w'")))
    assert model.tables[0]["FILTER"].to_list() == ["w"]


def test_to_warm_up_shows_a_package_that_cannot_classify() -> None:
    model = Recorder()
    package(model).warm_up()
    assert len(model.tables) == 1

    def fail(_: pd.DataFrame) -> pd.DataFrame:
        raise ValueError("no weights")

    with pytest.raises(ConfigError, match="no weights"):
        package(Recorder(fail)).warm_up()


@pytest.mark.usefixtures("_installed")
def test_the_installed_package_is_used_under_its_names() -> None:
    found = classifiers.load(DEFAULT)
    found.warm_up()
    assert (found.name, found.version) == ("atlas_stamp_classifier", "1.0.0")
    assert found.classes == CLASSES
    assert "installed package" in found.provenance
    results = found.classify([found.prepare_alert(atlas_alert(aid=aid)) for aid in "aba"])
    assert all(isinstance(one, Classification) for one in results)
    assert len(results) == 3
    assert not found.parallel
    renamed = classifiers.load(replace(DEFAULT, name="x", version="2"))
    assert (renamed.name, renamed.version) == ("x", "2")


@pytest.mark.usefixtures("_installed")
def test_a_model_folder_that_somebody_names_goes_before_the_package(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no model in"):
        classifiers.load(replace(DEFAULT, path=tmp_path, path_is_set=True))


def test_without_the_package_the_model_folder_is_used(tmp_path: Path) -> None:
    assert not atlas_package.is_installed()
    with pytest.raises(ConfigError, match="there is no model in"):
        classifiers.load(replace(DEFAULT, path=tmp_path))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import tensorflow_of_old", "ModuleNotFoundError: No module named 'tensorflow_of_old'"),
        ("raise RuntimeError('cudart')", "RuntimeError: cudart"),
        ("class AtlasStampClassifier:\n def __init__(self): raise OSError('no weights')", "no we"),
        ("", "AtlasStampClassifier"),
    ],
)
def test_a_package_that_cannot_be_loaded_says_what_to_do(
    source: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "atlas_stamp_classifier"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "inference.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError) as error:
        classifiers.load(DEFAULT)
    assert reason in str(error.value)
    assert "TensorFlow" in str(error.value)
    assert "MODEL_PATH" in str(error.value)
