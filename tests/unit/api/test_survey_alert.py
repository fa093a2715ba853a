from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from stampapp.api.survey_alert import SurveyAlert
from stampapp.stamps.alert_figure import draw_figure
from tests.support.alerts import alert, stamps
from tests.support.atlas import atlas_alert
from tests.support.lsst_alerts import lsst_alert

ALERTS = [alert(), atlas_alert(), lsst_alert()]


@pytest.mark.parametrize("decoded", ALERTS, ids=lambda one: str(one.survey))
def test_it_is_the_alert_that_was_decoded(decoded: object) -> None:
    found = SurveyAlert.of(decoded)  # type: ignore[arg-type]
    assert found.decoded() == decoded


def test_it_says_what_it_is_without_its_hundred_other_fields() -> None:
    shown = repr(SurveyAlert.of(alert(mag=19.5)))
    assert "candid='516171791415015025'" in shown
    assert "mag=19.5" in shown
    assert "stamps=<FitsStamps: science, template, difference>" in shown
    assert "extra_fields" not in shown


def test_a_changed_copy_can_be_made() -> None:
    found = replace(SurveyAlert.of(alert()), isdiffpos=-1)
    assert found.decoded() == replace(alert(), isdiffpos=-1)


def test_its_picture_is_that_of_the_command_and_jupyter_shows_it() -> None:
    found = SurveyAlert.of(alert())
    expected = np.asarray(draw_figure(alert()))
    assert np.array_equal(np.asarray(found.plot()), expected)
    with Image.open(io.BytesIO(found._repr_png_())) as shown:
        assert np.array_equal(np.asarray(shown), expected)


def test_a_damaged_stamp_does_not_hide_the_others() -> None:
    damaged = SurveyAlert.of(alert(stamps=stamps() | {"science": b"words"}))
    assert damaged.plot().size == SurveyAlert.of(alert()).plot().size
