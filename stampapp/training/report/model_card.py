"""The MODEL_CARD.md of a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from stampapp.classifiers.model_folder.description import Feature, ModelDescription, Origin
from stampapp.classifiers.model_folder.store import CARD_FILES
from stampapp.errors import ConfigError
from stampapp.training import markdown
from stampapp.training.evaluation import predictions
from stampapp.training.evaluation.predictions import Predictions
from stampapp.training.fitting import epochs
from stampapp.training.fitting.epochs import Epoch

CARD, CONFUSION, RELIABILITY, LEARNING, STAMPS = CARD_FILES
_WARNING = {
    Origin.SIMULATED: """\
**It has never seen the sky: it was trained on simulated alerts only.** It is there so that the
program runs and can be tried out as it comes. It is not ALeRCE's model and not meant for
production: operators import the published weights with `faust -A stampapp import-model`. How it
fares on real alerts stands below, where somebody has measured it.""",
    Origin.LABELLED: """\
It was trained on alerts and labels of a user. It knows what those alerts show, and repeats what
is wrong in their labels.""",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What there is to say of a training.

    `counts` has part → class → alerts; `settings` name → value; `seconds` step → time it took.
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
    """Return the card."""
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
    stamps = " and ".join((", ".join(of.stamps[:-1]), of.stamps[-1]))
    return f"""\
A Deep-HiTS network (Carrasco-Davis et al. 2021) that says of a {of.survey} alert, from its first
detection, whether it is {", ".join(of.classes[:-1])} or {of.classes[-1]}. It sees the central
{of.crop} x {of.crop} pixels of the {stamps} stamps and {len(of.features)} features.
Its weights are `{of.network_file}`.

{_WARNING[of.origin]}"""


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
            markdown.table(("part", *classes, "all"), rows),
            "Alerts of one object are all in the same part.",
            markdown.figure(STAMPS, "Stamps of each class, as the network sees them"),
        )
    )


def _training(report: Report) -> str:
    best = epochs.best_epoch(report.epochs)
    times = [(name, f"{seconds:.0f}") for name, seconds in report.seconds.items()]
    return "\n\n".join(
        (
            f"It ended after {len(report.epochs)} epochs and kept the weights of epoch {best + 1}: "
            f"{report.epochs[best]}. Then its temperature was set on the validation part: its\n"
            f"logits, and with them the last layer's weights, are divided by "
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
            "The network alone, without the survey's rules, on the test part, which nothing was\n"
            "chosen by.",
            predictions.summary_table(report.calibrated),
            f"The calibration error was {before:.3f} before the temperature, {after:.3f} after it.",
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
    return "A value is clipped, loses the mean and is divided by the deviation.\n\n" + (
        markdown.table(("feature", "lowest", "highest", "mean", "deviation"), rows)
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def flat_settings(dataclass: object) -> dict[str, object]:
    """Return the fields of a plan, and of what it holds, as name → value."""
    flat: dict[str, object] = {}
    for name, value in asdict(dataclass).items():  # type: ignore[call-overload]  # a dataclass
        flat |= value if isinstance(value, dict) else {name: value}
    return flat


def write_card(folder: Path, text: str) -> None:
    """Replace the card of a model folder, at once."""
    draft = folder / f".{CARD}.draft"
    draft.write_text(text, encoding="utf-8")
    draft.replace(folder / CARD)


def replace_section(folder: Path, heading: str, body: str) -> None:
    """Replace or add a section of a folder's card. Raises ConfigError where there is no card."""
    try:
        text = (folder / CARD).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder / CARD} cannot be read: {error.strerror}") from error
    write_card(folder, markdown.replace_section(text, heading, body))
