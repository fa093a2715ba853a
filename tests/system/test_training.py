"""`python -m stampapp.training` as its users run it, on what `simulate` gives them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.worker import clean_environment, command

FIGURES = {"confusion.png", "learning.png", "reliability.png", "stamps.png"}
MOST_BYTES = 5_000_000


def training(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stampapp.training", *map(str, arguments)],
        env=clean_environment(),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 160 alerts and their labels."""
    folder = tmp_path_factory.mktemp("training")
    done = command(
        *("simulate", "--survey", "ZTF", "--count", "160", "--seed", "4"),
        *("--to", "alerts.avro", "--labels", "labels.csv"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def trained(place: Path) -> Path:
    """The model that a user trains on them."""
    done = training(
        *("train", "--survey", "ZTF", "--alerts", "alerts.avro", "--labels", "labels.csv"),
        *("--into", "mine", "--name", "my_model", "--version", "7", "--epochs", "1"),
        *("--leave-out", "rb,classtar"),
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    assert "epoch 1: loss" in done.stderr
    assert "Written: mine" in done.stdout
    return place / "mine"


def test_model_folder_is_complete(trained: Path) -> None:
    document = json.loads((trained / "model.json").read_text())
    names = {path.name for path in trained.iterdir()}
    assert names == FIGURES | {
        *("MODEL_CARD.md", "model.json", "self_test.npz"),
        document["network_file"],
    }
    assert sum(path.stat().st_size for path in trained.iterdir()) < MOST_BYTES
    assert (document["name"], document["version"]) == ("my_model", "7")
    assert document["origin"] == "trained on labelled alerts"
    assert document["source"] == "labels.csv with 160 labels"
    assert len(document["features"]) == 20
    card = (trained / "MODEL_CARD.md").read_text()
    assert all(f"]({name})" in card for name in FIGURES)
    assert "--labels labels.csv --into mine --name my_model" in card


def test_classify_uses_the_trained_model(place: Path, trained: Path) -> None:
    done = command(
        *("classify", "--json", "--survey", "ZTF", "--model", "mine", "alerts.avro"), cwd=place
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 160
    assert {row["classifier_name"] for row in rows} == {"my_model"}
    assert all(abs(sum(row["probabilities"].values()) - 1) < 1e-5 for row in rows)


def test_evaluation_on_labels_and_reference(place: Path, trained: Path) -> None:
    classes = ("AGN", "SN", "VS", "asteroid", "bogus")
    with (place / "labels.csv").open() as file:
        labels = {row["candid"]: row["label"] for row in csv.DictReader(file)}
    with (place / "reference.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["candid", *classes])
        for candid, label in labels.items():
            writer.writerow([candid, *(float(name == label) for name in classes)])
    done = training(
        *("evaluate", "mine", "--alerts", "alerts.avro", "--labels", "labels.csv"),
        *("--reference", "reference.csv", "--card"),
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    total = sum(label in classes[:3] for label in labels.values())
    assert 0 < total < 160
    line = next(row for row in done.stdout.splitlines() if row.startswith("| balanced accuracy"))
    assert line.split("|")[3].strip() == "1.000 (1.000 to 1.000)"
    assert done.stdout.strip() in (trained / "MODEL_CARD.md").read_text().replace("## ", "")


def test_evaluation_on_simulated_alerts(place: Path, trained: Path) -> None:
    done = training("evaluate", "mine", "--count", 15, "--seed", 5, "--card", cwd=place)
    assert done.returncode == 0, done.stderr
    card = (trained / "MODEL_CARD.md").read_text()
    assert card.count("\n## Evaluation on 15 simulated alerts of seed 5\n") == 1


def test_invalid_label_is_reported_and_nothing_is_written(place: Path) -> None:
    text = (place / "labels.csv").read_text().splitlines()
    candid = text[1].split(",")[0]
    (place / "wrong.csv").write_text("\n".join([text[0], f"{candid},comet", *text[2:]]))
    done = training(
        *("train", "--survey", "ZTF", "--alerts", "alerts.avro", "--labels", "wrong.csv"),
        *("--into", "never"),
        cwd=place,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: wrong.csv, line 2: 'comet' is not one of the classes")
    assert not (place / "never").exists()


def test_an_atlas_model_is_trained_on_simulated_alerts(place: Path) -> None:
    done = training(
        *("train", "--survey", "ATLAS", "--count", 90, "--seed", 1, "--epochs", 1), cwd=place
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((place / "model" / "atlas" / "model.json").read_text())
    assert document["name"] == "stampapp_atlas_simulated"
    assert document["origin"] == "trained on simulated alerts"
    again = training("evaluate", "model/atlas", "--count", 20, "--seed", 1, cwd=place)
    assert again.returncode == 2
    assert "was trained on 90 simulated alerts of seed 1: take another seed" in again.stderr
