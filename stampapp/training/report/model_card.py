"""Write the MODEL_CARD.md of a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from stampapp.classifiers.model_folder.description import Feature, ModelDescription, Origin
from stampapp.classifiers.model_folder.store import CARD_FILES
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.errors import ConfigError
from stampapp.results.class_names import shown_name
from stampapp.training import markdown
from stampapp.training.evaluation import predictions
from stampapp.training.evaluation.predictions import Predictions
from stampapp.training.fitting import epochs
from stampapp.training.fitting.epochs import Epoch

CARD, CONFUSION, RELIABILITY, LEARNING, STAMPS, REAL_ALERTS = CARD_FILES
_WARNING = {
    Origin.SIMULATED: """\
**This model was trained on simulated alerts only, not on real ones.** It is for trying
the program out. It is not ALeRCE's model and not meant for production; {advice}.
Results on real alerts, if measured, are below.""",
    Origin.LABELLED: """\
This model was trained on a user's alerts and labels. It repeats the errors of those labels.""",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The contents of a model card.

    `counts` is part → class → alerts, `settings` name → value, `seconds` step → duration.
    `uncalibrated` and `calibrated` are predictions for the test part, before and after the
    temperature is applied.
    """

    description: ModelDescription
    counts: Mapping[str, Mapping[str, int]]
    notes: Sequence[str]
    settings: Mapping[str, object]
    epochs: Sequence[Epoch]
    temperature: float
    uncalibrated: Predictions
    calibrated: Predictions
    seconds: Mapping[str, float]
    command: str


def render_card(report: Report) -> str:
    """Return the text of the card."""
    sections = {
        "What it is": _identity(report),
        "The data it saw": _data(report),
        "The training": _training(report),
        "How good it is on alerts held out": _quality(report),
        "Features": _features(report.description.features),
        "Retrain it": f"```console\n{report.command}\n```",
    }
    heading = f"# {report.description.name} {report.description.version}"
    return (
        "\n\n".join([heading, *(f"## {name}\n\n{text}" for name, text in sections.items())]) + "\n"
    )


def _identity(report: Report) -> str:
    of = report.description
    classes = [*map(shown_name, of.classes)]
    advice = survey_rules(of.survey).production_advice
    warning = _WARNING[of.origin].format(advice=advice)
    stamps = " and ".join((", ".join(of.stamps[:-1]), of.stamps[-1]))
    return f"""\
A Deep-HiTS network (Carrasco-Davis et al. 2021) that classifies {of.survey} alerts by their first
detection as {", ".join(classes[:-1])} or {classes[-1]}. Its inputs are the central
{of.crop} x {of.crop} pixels of the {stamps} stamps and {len(of.features)} features.
Its weights are `{of.network_file}`.

{warning}"""


def _data(report: Report) -> str:
    classes = report.description.classes
    rows = [
        (part, *(counts[name] for name in classes), sum(counts.values()))
        for part, counts in report.counts.items()
    ]
    notes = "\n".join([f"Source: {report.description.source}.", *report.notes])
    return "\n\n".join(
        (
            f"{notes}\nSHA-256 of the source: `{report.description.source_sha256}`.",
            markdown.table(("part", *map(shown_name, classes), "all"), rows),
            "All alerts of an object are in the same part.",
            markdown.figure(STAMPS, "Stamps of each class, as the network sees them"),
        )
    )


def _training(report: Report) -> str:
    best = epochs.best_epoch(report.epochs)
    times = [(name, f"{seconds:.0f}") for name, seconds in report.seconds.items()]
    return "\n\n".join(
        (
            f"Training stopped after {len(report.epochs)} epochs and kept the weights of epoch "
            f"{best + 1}: {report.epochs[best]}. It was calibrated on the validation part:\nthe "
            "weights of the last layer, and with them the logits, are divided by "
            f"{report.temperature:.3f}.",
            markdown.table(("setting", "value"), list(report.settings.items())),
            markdown.table(("step", "seconds"), times),
            markdown.figure(LEARNING, "Losses and balanced accuracy over the epochs"),
        )
    )


def _quality(report: Report) -> str:
    before, after = report.uncalibrated.calibration_error, report.calibrated.calibration_error
    classes = report.description.classes
    return "\n\n".join(
        (
            "Scores of the network without the survey's rules, on the test part.",
            predictions.summary_table(report.calibrated),
            f"The calibration error is {before:.3f} before and {after:.3f} after calibration.",
            predictions.class_table(report.calibrated),
            predictions.confusion_table(report.calibrated.confusion_matrix, classes),
            markdown.figure(CONFUSION, "Confusion matrix"),
            markdown.figure(RELIABILITY, "Reliability before and after calibration"),
        )
    )


def _features(features: Sequence[Feature]) -> str:
    rows = [
        (one.name, _number(one.lower), _number(one.upper), _number(one.mean), _number(one.std))
        for one in features
    ]
    scored = ", replaced by its Gaussian score" if any(one.knots for one in features) else ""
    return f"A value is clipped{scored}, then normalised: (value - mean) / deviation.\n\n" + (
        markdown.table(("feature", "lowest", "highest", "mean", "deviation"), rows)
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def flat_settings(dataclass: object) -> dict[str, object]:
    """Return the fields of a dataclass, those of nested ones included, as name → value."""
    flat: dict[str, object] = {}
    for name, value in asdict(dataclass).items():  # type: ignore[call-overload]  # a dataclass
        flat |= value if isinstance(value, dict) else {name: value}
    return flat


def write_card(folder: Path, text: str) -> None:
    """Replace the card of a model folder atomically."""
    draft = folder / f".{CARD}.draft"
    draft.write_text(text, encoding="utf-8")
    draft.replace(folder / CARD)


def replace_section(folder: Path, heading: str, body: str) -> None:
    """Replace or add a section of a folder's card. Raises ConfigError if there is no card."""
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder / CARD} cannot be read: {error.strerror}") from error
    write_card(folder, markdown.replace_section(text, heading, body))
