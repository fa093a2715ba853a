"""What differs by survey stands in files of its name; nothing else names a survey."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey, plugin
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.dashboard.links import object_pages
from stampapp.errors import ConfigError
from stampapp.results.message_format import message_format
from stampapp.simulation.simulated_survey import simulated_survey
from stampapp.stamps.stamp_format import StampFormat, stamp_format
from stampapp.training.data.recipes import survey_recipe

PACKAGE = Path(__file__).parents[2] / "stampapp"
FILES = sorted(
    path.relative_to(PACKAGE)
    for kind in ("py", "html", "js", "css", "svg")
    for path in PACKAGE.rglob(f"*.{kind}")
)
# The registry, and the importer of ALeRCE's published model.
ALLOWED = {"alerts/surveys.py", "classifiers/tf1_import/importer.py"}


def lines_with_a_survey(text: str, path: Path) -> list[str]:
    """Return the lines that name a survey of which the file does not have the name.

    An example in a docstring may: a reader calls functions with the name of a survey.
    """
    others = [survey for survey in Survey if survey.lower() not in path.name]
    name = re.compile("|".join(others), re.IGNORECASE)
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if name.search(line) and not line.startswith(">>> ")]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_only_the_registry_and_files_of_its_name_name_a_survey(path: Path) -> None:
    if path.as_posix() not in ALLOWED:
        assert lines_with_a_survey((PACKAGE / path).read_text(), path) == []


@pytest.mark.parametrize("path", sorted(ALLOWED))
def test_what_is_allowed_to_name_a_survey_does(path: str) -> None:
    assert lines_with_a_survey((PACKAGE / path).read_text(), Path(path))


@pytest.mark.parametrize("line", ["if survey is Survey.ZTF:", "_ATLAS_SIDE = 61", "# as ztf does"])
def test_a_name_in_the_wrong_place_is_found(line: str) -> None:
    text = f"import math\n{line}\n"
    assert lines_with_a_survey(text, Path("alerts/packets.py")) == [line]
    own = "ztf" if "ztf" in line.lower() else "atlas"
    assert lines_with_a_survey(text, Path(f"alerts/{own}.py")) == []


@pytest.mark.parametrize("survey", Survey)
def test_every_survey_has_a_file_in_every_package(survey: Survey) -> None:
    assert packet_format(survey).fields
    assert stamp_format(survey).names
    assert message_format(survey).outputs
    assert object_pages(survey).urls
    assert survey_rules(survey).survey is survey
    assert simulated_survey(survey).camera.survey is survey
    assert survey_recipe(survey).survey is survey
    assert survey_recipe(survey).classes == survey_rules(survey).classes


def test_the_numbers_of_simulated_surveys_differ() -> None:
    assert len({simulated_survey(survey).number for survey in Survey}) == len(Survey)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"the survey ZTF has no stampapp\.worker\.ztf"):
        plugin("worker", Survey.ZTF, StampFormat)


def test_a_file_that_offers_something_else_is_no_plugin() -> None:
    with pytest.raises(TypeError, match=r"PLUGIN in stampapp\.alerts\.ztf is no StampFormat"):
        plugin("alerts", Survey.ZTF, StampFormat)


def test_the_registry_imports_no_survey() -> None:
    code = "import sys, stampapp.alerts.surveys; print([n for n in sys.modules if 'ztf' in n])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "[]"
