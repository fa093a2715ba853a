"""Evaluate a network on real alerts: against catalogue labels and a reference network."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stampapp.errors import ConfigError
from stampapp.results.class_names import shown_name
from stampapp.training import markdown
from stampapp.training.data.examples import Array, Doubles, Examples, Indices
from stampapp.training.data.labelled import LabelledExamples
from stampapp.training.data.reference_labels import Reference
from stampapp.training.evaluation import scores
from stampapp.training.evaluation.predictions import Predictions, confusion_table
from stampapp.training.evaluation.scores import Estimate

THIS_MODEL, REFERENCE = "this model", "reference"
# A score's name and its value for each network.
ScoreRow = tuple[str, list[Estimate | str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RealAlertEvaluation:
    """Predictions for real alerts; `truth` is an index among `classes`, -1 if unknown.

    `catalogue_classes` are those that catalogues can confirm. `probabilities_by_network`
    has network → probabilities (n, classes) for this model and, where there is one, the reference.
    """

    classes: tuple[str, ...]
    catalogue_classes: tuple[str, ...]
    alerts: LabelledExamples
    truth: Indices
    probabilities_by_network: dict[str, Array | Doubles]

    def predicted(self) -> dict[str, Indices]:
        """Return the most probable class of each alert, by network."""
        networks = self.probabilities_by_network.items()
        return {name: np.asarray(values.argmax(axis=1)) for name, values in networks}


def evaluate_real_alerts(
    predictions: Predictions,
    alerts: LabelledExamples,
    catalogue_classes: tuple[str, ...],
    reference: Reference | None,
) -> RealAlertEvaluation:
    """Combine predictions with a reference's. Raises ConfigError if it lacks an alert."""
    probabilities_by_network = {THIS_MODEL: predictions.probabilities}
    if reference:
        probabilities_by_network[REFERENCE] = _reference_probabilities(
            reference, alerts.examples, predictions.classes
        )
    return RealAlertEvaluation(
        classes=predictions.classes,
        catalogue_classes=catalogue_classes,
        alerts=alerts,
        truth=predictions.truth,
        probabilities_by_network=probabilities_by_network,
    )


def _reference_probabilities(
    reference: Reference, examples: Examples, classes: Sequence[str]
) -> Doubles:
    known = reference.probabilities
    if missing := [str(candid) for candid in examples.candids if candid not in known]:
        raise ConfigError(
            f"the reference lacks {len(missing)} of the alerts, the first is candid {missing[0]}"
        )
    return np.array([[known[candid][name] for name in classes] for candid in examples.candids])


def render_evaluation(evaluation: RealAlertEvaluation) -> str:
    """Return the scores by the labels, and the agreement with the reference, as text."""
    rows = [(what, *(str(value) for value in values)) for what, values in _score_rows(evaluation)]
    parts = [
        f"{evaluation.alerts.summary}. Intervals are 95 %. The network classifies "
        "every alert,\nalso those that a rule decides; rows that apply the rules say so.",
        markdown.table(("", *evaluation.probabilities_by_network), rows),
    ]
    return "\n\n".join([*parts, *_confusion_tables(evaluation)])


def _confusion_tables(evaluation: RealAlertEvaluation) -> Iterator[str]:
    n, by_network = len(evaluation.classes), evaluation.predicted()
    yield "Network without rules, against the labels:"
    rows = evaluation.truth >= 0
    for network, predicted in by_network.items():
        matrix = scores.confusion_matrix(evaluation.truth[rows], predicted[rows], n)
        yield confusion_table(matrix, evaluation.classes, f"label \\ {network}")
    if REFERENCE in by_network:
        yield "Network against reference, on all alerts:"
        matrix = scores.confusion_matrix(by_network[REFERENCE], by_network[THIS_MODEL], n)
        yield confusion_table(matrix, evaluation.classes, f"{REFERENCE} \\ {THIS_MODEL}")


def _score_rows(evaluation: RealAlertEvaluation) -> Iterator[ScoreRow]:
    names = ", ".join(map(shown_name, evaluation.catalogue_classes))
    before_rules = evaluation.predicted()
    after_rules = {
        network: _after_rules(evaluation, predicted) for network, predicted in before_rules.items()
    }
    for what, by_network in (
        (f"balanced accuracy over {names}", before_rules),
        ("the same, after the rules", after_rules),
    ):
        yield what, [_balanced_accuracy(evaluation, one) for one in by_network.values()]
    yield from _recall_rows(evaluation, before_rules.values())
    yield "calibration error (ECE) on the same", _calibration_errors(evaluation)
    if REFERENCE in before_rules:
        same = before_rules[THIS_MODEL] == before_rules[REFERENCE]
        undecided = same[evaluation.alerts.decided < 0]
        yield f"same class as the reference, all {len(same)}", [_agreement(same), "-"]
        yield (
            f"the same, without the {len(same) - len(undecided)} that a rule decides",
            [_agreement(undecided), "-"],
        )


def _recall_rows(
    evaluation: RealAlertEvaluation, predictions: Collection[Indices]
) -> Iterator[ScoreRow]:
    for name in evaluation.catalogue_classes:
        index = evaluation.classes.index(name)
        of_class = evaluation.truth == index
        if total := int(of_class.sum()):
            correct = [int((predicted[of_class] == index).sum()) for predicted in predictions]
            recalls = [scores.wilson_interval(count, total) for count in correct]
            yield f"{shown_name(name)} found, of {total}", [*recalls]


def _after_rules(evaluation: RealAlertEvaluation, predicted: Indices) -> Indices:
    """Return the class indices after the rules; a ruled-out result gets the index len(classes)."""
    vetoed = evaluation.alerts.vetoed[np.arange(len(predicted)), predicted]
    kept = np.where(vetoed, len(evaluation.classes), predicted)
    decided = evaluation.alerts.decided
    return np.where(decided >= 0, decided, kept)


def _calibration_errors(evaluation: RealAlertEvaluation) -> list[Estimate | str]:
    rows = _in_catalogue_classes(evaluation)
    if not rows.any():
        return ["-"] * len(evaluation.probabilities_by_network)
    truth = evaluation.truth[rows]
    bins = (
        scores.reliability_bins(probabilities[rows], truth)
        for probabilities in evaluation.probabilities_by_network.values()
    )
    return [f"{scores.calibration_error(some):.3f}" for some in bins]


def _in_catalogue_classes(evaluation: RealAlertEvaluation) -> npt.NDArray[np.bool_]:
    indices = [evaluation.classes.index(name) for name in evaluation.catalogue_classes]
    return np.isin(evaluation.truth, indices)


def _balanced_accuracy(evaluation: RealAlertEvaluation, predicted: Indices) -> Estimate | str:
    rows = _in_catalogue_classes(evaluation)
    if not rows.any():
        return "-"
    return scores.balanced_accuracy_estimate(
        evaluation.truth[rows], predicted[rows], len(evaluation.classes) + 1
    )


def _agreement(same: Indices) -> Estimate | str:
    return scores.wilson_interval(int(same.sum()), len(same)) if len(same) else "-"
