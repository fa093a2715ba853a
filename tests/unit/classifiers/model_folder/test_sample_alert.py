from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stampapp.alerts import packets
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder import sample_alert
from stampapp.config.shipped_models import shipped_model
from stampapp.errors import ConfigError


@pytest.mark.parametrize("survey", list(Survey))
def test_no_rule_decides_about_the_sample(survey: Survey) -> None:
    found = sample_alert.read_sample(shipped_model(survey), survey)
    alert = packets.decode_alert(found.message)
    assert alert.survey is survey
    assert alert.isdiffpos == 1 or survey is Survey.ATLAS
    assert alert.extra_fields.get("ssdistnr", -999.0) == -999.0
    assert found.label.upper() == "VS"


def test_a_folder_without_a_sample_has_that_of_the_package(tmp_path: Path) -> None:
    shipped = sample_alert.read_sample(shipped_model(Survey.ZTF), Survey.ZTF)
    assert sample_alert.read_sample(tmp_path, Survey.ZTF) == shipped


def test_the_sample_of_the_folder_goes_before_it(tmp_path: Path) -> None:
    for name in (sample_alert.ALERT_FILE, sample_alert.LABEL_FILE):
        shutil.copy(shipped_model(Survey.ATLAS) / name, tmp_path)
    found = sample_alert.read_sample(tmp_path, Survey.ZTF)
    assert packets.decode_alert(found.message).survey is Survey.ATLAS


@pytest.mark.parametrize("labels", [None, "", "candid,label\n", "candid\n1\n", "\ufeff"])
def test_a_sample_without_its_label_is_refused(tmp_path: Path, labels: str | None) -> None:
    (tmp_path / sample_alert.ALERT_FILE).write_bytes(b"anything")
    if labels is not None:
        (tmp_path / sample_alert.LABEL_FILE).write_text(labels)
    with pytest.raises(ConfigError, match=f"the sample alert in {tmp_path} cannot be read"):
        sample_alert.read_sample(tmp_path, Survey.ZTF)
