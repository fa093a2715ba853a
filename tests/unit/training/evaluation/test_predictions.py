from __future__ import annotations

import numpy as np

from stampapp.training.evaluation import predictions
from stampapp.training.evaluation.predictions import Predictions

CLASSES = ("AGN", "SN", "VS")
PREDICTIONS = Predictions(
    classes=CLASSES,
    truth=np.array([0, 0, 1, 1]),
    probabilities=np.array([[0.8, 0.1, 0.1], [0.2, 0.8, 0.0], [0.1, 0.9, 0.0], [0.4, 0.6, 0.0]]),
)


def test_predicted_class_is_the_most_probable() -> None:
    assert PREDICTIONS.predicted.tolist() == [0, 1, 1, 1]
    assert PREDICTIONS.confusion_matrix.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]


def test_summary_table() -> None:
    text = predictions.summary_table(PREDICTIONS)
    assert "| alerts                  |" in text
    assert "0.750 (0.500 to 1.000)" in text
    assert "0.750 (0.301 to 0.954)" in text


def test_classes_without_alerts_have_no_row() -> None:
    lines = predictions.class_table(PREDICTIONS).splitlines()
    assert [line.split()[1] for line in lines[2:]] == ["AGN", "SN"]
    assert "0.500 (0.095 to 0.905) | 1.000 (0.207 to 1.000)" in lines[2]


def test_class_that_is_never_predicted_has_no_precision() -> None:
    predictions_ = Predictions(classes=CLASSES, truth=np.array([2]), probabilities=np.eye(3)[:1])
    assert predictions.class_table(predictions_).splitlines()[-1].split()[-2] == "-"


def test_confusion_table_leaves_out_empty_rows() -> None:
    lines = predictions.confusion_table(PREDICTIONS.confusion_matrix, CLASSES).splitlines()
    assert [line.split()[1] for line in lines[2:]] == ["AGN", "SN"]
    assert lines[2].split("|")[2:5] == ["   1 ", "   1 ", "   0 "]
