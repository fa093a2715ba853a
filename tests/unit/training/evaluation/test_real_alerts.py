from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stampapp.errors import ConfigError
from stampapp.training.data import examples
from stampapp.training.data.examples import Doubles
from stampapp.training.data.labelled import LabelledExamples
from stampapp.training.data.reference_labels import Reference
from stampapp.training.data.ztf import PLUGIN as ZTF
from stampapp.training.evaluation import real_alerts
from stampapp.training.evaluation.predictions import Predictions
from stampapp.training.evaluation.real_alerts import RealAlertEvaluation
from tests.support import learnable_alerts

CLASSES = ZTF.classes


def certain(*names: str) -> Doubles:
    return np.eye(5)[[CLASSES.index(name) for name in names]]


def labelled_alerts(
    n: int, asteroids: tuple[int, ...] = (), vetoed: tuple[int, ...] = ()
) -> LabelledExamples:
    seen = [examples.extract_inputs(learnable_alerts.alert(1, index), ZTF) for index in range(n)]
    return LabelledExamples(
        examples=examples.to_examples(seen, [""] * n, ZTF),
        decided=np.where(np.isin(np.arange(n), asteroids), CLASSES.index("asteroid"), -1),
        vetoed=np.outer(np.isin(np.arange(n), vetoed), np.array(CLASSES) == "SN"),
        patches=np.array(["somewhere"] * n),
        summary=f"{n} alerts",
    )


LABELS = ["AGN", "AGN", "SN", "SN", "VS", "", "asteroid"]
OWN = certain("AGN", "VS", "SN", "SN", "VS", "bogus", "bogus")
THEIRS = certain("AGN", "AGN", "VS", "SN", "VS", "SN", "asteroid")
TRUTH = np.array([CLASSES.index(name) if name else -1 for name in LABELS])
ALERTS = labelled_alerts(7, asteroids=(6,), vetoed=(3, 5))
PROBABILITIES = {
    candid: dict(zip(CLASSES, row, strict=True))
    for candid, row in zip(ALERTS.examples.candids.tolist(), THEIRS, strict=True)
}
PREDICTIONS = Predictions(classes=CLASSES, truth=TRUTH, probabilities=OWN)


def lines(evaluation: RealAlertEvaluation) -> dict[str, list[str]]:
    """The lines of the first table: what → the numbers without their intervals."""
    table = real_alerts.render_evaluation(evaluation).split("\n\n")[1].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {cell[0]: [value.split(" ")[0] for value in cell[1:]] for cell in cells}


def test_scores_against_labels_and_reference() -> None:
    evaluation = real_alerts.evaluate_real_alerts(
        PREDICTIONS, ALERTS, ZTF.catalogue_classes, Reference(probabilities=PROBABILITIES)
    )
    assert lines(evaluation) == {
        "balanced accuracy over AGN, SN, VS": ["0.833", "0.833"],
        "the same, after the rules": ["0.667", "0.667"],
        "AGN found, of 2": ["0.500", "1.000"],
        "SN found, of 2": ["1.000", "0.500"],
        "VS found, of 1": ["1.000", "1.000"],
        # All are certain, and four of five are right.
        "calibration error (ECE) on the same": ["0.200", "0.200"],
        "same class as the reference, all 7": ["0.429", "-"],
        "the same, without the 1 that a rule decides": ["0.500", "-"],
    }


def test_confusion_tables_name_rows_and_columns() -> None:
    evaluation = real_alerts.evaluate_real_alerts(
        PREDICTIONS, ALERTS, ZTF.catalogue_classes, Reference(probabilities=PROBABILITIES)
    )
    text = real_alerts.render_evaluation(evaluation)
    assert text.count("| label \\ this model |") == 1
    assert text.count("| label \\ reference |") == 1
    assert text.count("| reference \\ this model |") == 1
    labelled = text.split("| label \\ this model |")[1].splitlines()[2:6]
    assert [line.split("|")[1].strip() for line in labelled] == ["AGN", "SN", "VS", "asteroid"]
    assert [cell.strip() for cell in labelled[0].split("|")[2:7]] == ["1", "0", "1", "0", "0"]


def test_scores_without_reference() -> None:
    evaluation = real_alerts.evaluate_real_alerts(PREDICTIONS, ALERTS, ZTF.catalogue_classes, None)
    assert list(lines(evaluation)) == [
        "balanced accuracy over AGN, SN, VS",
        "the same, after the rules",
        "AGN found, of 2",
        "SN found, of 2",
        "VS found, of 1",
        "calibration error (ECE) on the same",
    ]
    assert "reference" not in real_alerts.render_evaluation(evaluation)


def test_scores_without_labels() -> None:
    predictions = replace(PREDICTIONS, truth=np.full(7, -1))
    evaluation = real_alerts.evaluate_real_alerts(
        predictions, ALERTS, ZTF.catalogue_classes, Reference(probabilities=PROBABILITIES)
    )
    assert lines(evaluation)["balanced accuracy over AGN, SN, VS"] == ["-", "-"]
    assert lines(evaluation)["same class as the reference, all 7"] == ["0.429", "-"]


def test_reference_that_lacks_an_alert_raises() -> None:
    reference = Reference(probabilities={"7": PROBABILITIES["1000000"]})
    with pytest.raises(ConfigError, match="lacks 7 of the alerts, the first is candid 1000000"):
        real_alerts.evaluate_real_alerts(PREDICTIONS, ALERTS, ZTF.catalogue_classes, reference)
