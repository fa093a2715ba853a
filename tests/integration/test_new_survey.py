"""A survey is added by a line in the registry and a file in each package, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOY = ROOT / "tests" / "support" / "toy_survey"
PACKAGES = ("alerts", "stamps", "results", "classifiers", "dashboard")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The results for alerts of a survey that was added to a copy of stampapp."""
    folder = tmp_path_factory.mktemp("toy")
    package = folder / "stampapp"
    ignored = shutil.ignore_patterns("__pycache__", "model")
    shutil.copytree(ROOT / "stampapp", package, ignore=ignored)
    registry = package / "alerts" / "surveys.py"
    last = '    ATLAS = "ATLAS"\n'
    registry.write_text(registry.read_text().replace(last, f'{last}    TOY = "TOY"\n'))
    for name in PACKAGES:
        shutil.copy(TOY / f"{name}.py", package / name / "toy.py")
    # Python finds the copy first, in the folder of the program.
    program = shutil.copy(TOY / "run.py", folder / "run.py")
    done = subprocess.run(
        [sys.executable, str(program), str(folder / "model")],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=folder,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_its_alerts_are_classified_by_its_rules_and_its_network(shown: Any) -> None:
    assert shown["kinds"] == ["classified", "classified", "ruled_out", "dead_lettered"]
    assert shown["causes"] == [None, None, None, "feature-ill-typed"]
    rules = {one["candid"]: one["rule"] for one in shown["alerts"]}
    assert rules == {"0": None, "1": "perfectly round", "2": "too bright"}


def test_the_page_shows_its_stamps_and_leads_to_its_objects(shown: Any) -> None:
    (one,) = [one for one in shown["alerts"] if one["candid"] == "0"]
    assert (one["survey"], one["fid"], one["mag"]) == ("TOY", "violet", 18.5)
    (stamp,) = one["stamps"]
    assert (stamp["name"], stamp["size"]) == ("picture", [17, 17])
    assert one["links"][0] == {"name": "Toys", "url": "https://toys.example/toy%2F0/0"}
    assert [one["aid"] for one in shown["dead"]] == ["toy/3"]


def test_its_metrics_and_messages_name_it(shown: Any) -> None:
    assert (
        'stampapp_alerts_total{cause="",outcome="classified",survey="TOY"} 2.0' in shown["metrics"]
    )
    assert shown["batch"]["oid"] == ["toy/0", "toy/1", "toy/2", "toy/3"]
    assert [one["class_name"] for one in shown["output"]["classifications"]] == ["Coin", "Dust"]


def test_replay_and_dead_letters_find_its_names(shown: Any) -> None:
    assert shown["key"] == "toy/0"
    assert shown["partial"] == ["toy/0", "0"]
    assert shown["sorting_hat"] == ["toy/0"]


def test_a_part_that_it_lacks_is_named(shown: Any) -> None:
    assert "TOY has no stampapp.simulation.toy" in shown["simulation"]
