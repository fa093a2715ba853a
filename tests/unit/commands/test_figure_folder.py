from __future__ import annotations

import stat
from pathlib import Path

import pytest
from PIL import Image

from stampapp.alerts.alert import Alert
from stampapp.commands.figure_folder import FigureFolder
from stampapp.errors import BadAlert, ConfigError
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert
from tests.support.fake_classifier import classification


def outcome(one: Alert, class_name: str | None = "SN") -> Outcome:
    found = classification(one, class_name=class_name)
    return Outcome(kind=OutcomeKind.CLASSIFIED, alert=one, classification=found)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_each_class_has_a_folder_of_pictures(tmp_path: Path) -> None:
    figures = FigureFolder(tmp_path / "figures")
    figures.add(outcome(alert(candid="1"), "SN"))
    figures.add(outcome(alert(candid="2"), "AGN"))
    figures.add(outcome(alert(candid="3"), None))
    assert files(tmp_path / "figures") == ["AGN/2.png", "SN/1.png", "withdrawn/3.png"]
    assert figures.count == 3
    with Image.open(tmp_path / "figures" / "SN" / "1.png") as picture:
        assert picture.width > 3 * 300


def test_what_cannot_be_classified_is_drawn_as_far_as_it_goes(tmp_path: Path) -> None:
    error = BadAlert("stamp-damaged", "the stamp is damaged")
    figures = FigureFolder(tmp_path)
    figures.add(Outcome(kind=OutcomeKind.DEAD_LETTERED, error=error))
    figures.add(Outcome(kind=OutcomeKind.DEAD_LETTERED, alert=alert(candid="4"), error=error))
    assert files(tmp_path) == ["error/4.png"]


def test_an_alert_does_not_choose_where_it_is_drawn(tmp_path: Path) -> None:
    figures = FigureFolder(tmp_path / "figures")
    figures.add(outcome(alert(candid="../../" + "x" * 500)))
    (name,) = files(tmp_path)
    assert name.startswith("figures/SN/______xxx")


def test_a_folder_that_cannot_be_made_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder, problem in {
        tmp_path / "file": "is a file: name a folder",
        Path("/proc"): "cannot be written",
        Path("/proc/album"): "cannot be written",
    }.items():
        with pytest.raises(ConfigError, match=f"--pictures: {folder} {problem}"):
            FigureFolder(folder)
    assert stat.S_ISREG((tmp_path / "file").stat().st_mode)
