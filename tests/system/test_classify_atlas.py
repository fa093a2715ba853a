"""`classify` on real ATLAS alerts, by a network of ours and by a package that is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from tests.support import alert_messages
from tests.support.atlas import CLASSES, messages, packets, to_sorting_hat
from tests.support.worker import command
from tests.system.survey_setups import FAKE_ATLAS_PACKAGE, write

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def forms(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The six packets: raw, and as sorting-hat messages with plain and gzipped stamps."""
    home, raw = tmp_path_factory.mktemp("atlas"), packets(shared_data)
    assert len(raw) == 6
    plain, gzipped = (
        messages([to_sorting_hat(one, compressed=compressed) for one in raw.values()])
        for compressed in (False, True)
    )
    return {
        "raw": write(home / "raw", list(raw.values())),
        "sorting_hat": write(home / "sorting_hat", [one.value for one in plain]),
        "gzipped": write(home / "gzipped", [one.value for one in gzipped]),
    }


def classify(path: Path, *options: str, **environment: str) -> Rows:
    arguments = ("classify", "--json", "--survey", "ATLAS", *options, str(path))
    done = command(*arguments, cwd=None, **environment)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_people_see_one_spelling_of_the_classes_and_programs_that_of_the_survey(
    forms: dict[str, Path], atlas_model: Path, tmp_path: Path
) -> None:
    path, album = str(forms["raw"]), tmp_path / "album"
    options = ("--survey", "atlas", "--model", str(atlas_model), "--pictures", str(album))
    done = command("classify", *options, path)
    assert done.returncode == 0, done.stderr
    head, *rows = [line.split() for line in done.stdout.splitlines()]
    shown = ["AGN", "asteroid", "bogus", "SN", "VS"]
    assert head == ["candid", "object", "class", *shown]
    assert {row[2] for row in rows} <= set(shown)
    assert {folder.name for folder in album.iterdir()} == {row[2] for row in rows}
    model = str(atlas_model)
    done = command("classify", "--json", path, CLASSIFIER_STRATEGY="atlas", MODEL_PATH=model)
    assert list(json.loads(done.stdout.splitlines()[0])["probabilities"]) == list(CLASSES)


def test_every_form_of_an_alert_gets_the_same_probabilities(
    forms: dict[str, Path], atlas_model: Path
) -> None:
    found = {form: classify(path, "--model", str(atlas_model)) for form, path in forms.items()}
    for rows in found.values():
        assert [row["error"] for row in rows] == [None] * 6
        assert all(list(row["probabilities"]) == list(CLASSES) for row in rows)
        assert {row["classifier_name"] for row in rows} == {"tried_on_atlas"}
    by_form = [
        {row["candid"]: [*row["probabilities"].values()] for row in rows} for rows in found.values()
    ]
    assert len({tuple(one) for one in by_form[0].values()}) == 6
    for candid, expected in by_form[0].items():
        # A magnitude is of 32 bits in one form and comes from 64 in another.
        np.testing.assert_allclose([one[candid] for one in by_form[1:]], [expected] * 2, atol=1e-6)


def scores(packet: bytes) -> dict[str, float]:
    """Return the scores of the fake package for a packet, read by astropy."""
    (record,) = alert_messages.decoded([packet])
    images = {}
    for name in ("Science", "Difference"):
        with fits.HDUList.fromstring(record[f"cutout{name}"]["stampData"]) as file:
            images[name], header = file[0].data, file[0].header
    candidate = record["candidate"]
    raw = {
        "agn": header["AIRMASS"] + header["SEEING"],
        "asteroid": abs(candidate["Dec"]) + candidate["mjd"] % 1.0,
        "bogus": np.ptp(images["Difference"]) / np.ptp(images["Science"]),
        "sn": candidate["RA"] / 36.0 if header["FILTER"] == "o" else 0.0,
        "vs": (header["SUNELONG"] + 2.0 * header["MANGLE"]) / 60.0,
    }
    total = sum(raw.values())
    return {name: float(score / total) for name, score in raw.items()}


@pytest.fixture(scope="module")
def by_package(forms: dict[str, Path]) -> dict[str, Rows]:
    """What the package says of each form, in one run: each imports TensorFlow."""
    *before, last = forms.values()
    options = ("--every-alert", *map(str, before))
    rows = classify(last, *options, PYTHONPATH=str(FAKE_ATLAS_PACKAGE))
    assert len(rows) == 6 * len(forms)
    return {form: rows[6 * number :][:6] for number, form in enumerate(forms)}


@pytest.mark.parametrize("form", ["raw", "sorting_hat", "gzipped"])
def test_an_installed_package_gets_the_values_of_the_packets(
    form: str, by_package: dict[str, Rows], shared_data: Path
) -> None:
    expected = {candid: scores(packet) for candid, packet in packets(shared_data).items()}
    rows = by_package[form]
    assert {row["candid"] for row in rows} == set(expected)
    for row in rows:
        assert (row["classifier_name"], row["classifier_version"]) == (
            "atlas_stamp_classifier",
            "1.0.0",
        )
        # The position is the stamp's centre, within a pixel of the packet's: 5e-4 degrees.
        assert row["probabilities"] == pytest.approx(expected[row["candid"]], abs=1e-4)


def test_all_alerts_of_an_object_get_their_own_results_from_the_package(
    shared_data: Path, tmp_path: Path
) -> None:
    raw = packets(shared_data)
    expected = {candid: scores(packet) for candid, packet in raw.items()}
    same = messages([to_sorting_hat(packet, aid="AL21same") for packet in raw.values()])
    path = write(tmp_path / "same", [one.value for one in same])
    rows = classify(path, "--every-alert", PYTHONPATH=str(FAKE_ATLAS_PACKAGE))
    assert [row["aid"] for row in rows] == ["AL21same"] * 6
    for row in rows:
        assert row["probabilities"] == pytest.approx(expected[row["candid"]], abs=1e-4)
    (first,) = classify(path, PYTHONPATH=str(FAKE_ATLAS_PACKAGE))
    earliest = min(
        raw, key=lambda candid: alert_messages.decoded([raw[candid]])[0]["candidate"]["mjd"]
    )
    assert first["candid"] == earliest


def test_model_path_takes_precedence_over_the_package(
    forms: dict[str, Path], atlas_model: Path
) -> None:
    rows = classify(forms["raw"], PYTHONPATH=str(FAKE_ATLAS_PACKAGE), MODEL_PATH=str(atlas_model))
    assert {row["classifier_name"] for row in rows} == {"tried_on_atlas"}


def test_a_package_that_cannot_be_imported_says_why_and_what_to_do(
    forms: dict[str, Path], tmp_path: Path
) -> None:
    package = tmp_path / "atlas_stamp_classifier"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "inference.py").write_text("import tensorflow.contrib\n")
    path = str(forms["raw"])
    done = command("classify", "--survey", "ATLAS", path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "atlas_stamp_classifier is installed but cannot be loaded" in done.stderr
    assert "tensorflow.contrib" in done.stderr
    assert "set MODEL_PATH" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("survey", ["ZTF", "ATLAS"])
def test_alerts_of_the_other_survey_are_errors(
    survey: str, forms: dict[str, Path], shared_data: Path, model: Path, atlas_model: Path
) -> None:
    path = forms["raw"] if survey == "ZTF" else shared_data / "ztf_raw"
    folder = model if survey == "ZTF" else atlas_model
    options = ("--json", "--every-alert", "--survey", survey, "--model", str(folder))
    done = command("classify", *options, str(path))
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows
    for row in rows:
        assert f"the {survey} classifier cannot classify an alert of " in row["error"]
        assert row["probabilities"] is None


def test_a_model_for_the_other_survey_is_refused(forms: dict[str, Path], model: Path) -> None:
    done = command("classify", "--survey", "ATLAS", "--model", str(model), str(forms["raw"]))
    assert done.returncode == 2
    assert "is for ZTF, CLASSIFIER_STRATEGY is ATLAS" in done.stderr
