"""Evaluate a network on real alerts against what the survey itself says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey, plugin
from stampapp.config.schema_settings import load_schemas
from stampapp.errors import BadAlert
from stampapp.feeds.alert_files import find_alert_files, read_alerts
from stampapp.results.class_names import shown_name
from stampapp.training import markdown
from stampapp.training.data.labelled import LabelledExamples
from stampapp.training.evaluation.predictions import Predictions

NO_OPINION = "-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """What a survey says of an alert, in words, and the classes that agree with it."""

    text: str
    classes: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyOpinions:
    """How a survey's alerts say what they are.

    `fields` are shown for every alert. `opinion` returns what an alert says, None if nothing.
    """

    fields: tuple[str, ...]
    opinion: Callable[[Alert], Opinion | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedAlert:
    """An alert: the values of the survey's fields, its opinion, and the network's probabilities."""

    candid: str
    values: tuple[str, ...]
    opinion: Opinion | None
    probabilities: dict[str, float]

    @property
    def found(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def agrees(self) -> bool:
        """Whether the most probable class is one of those that agree with the survey."""
        return self.opinion is not None and self.found in self.opinion.classes


def survey_opinions(survey: Survey) -> SurveyOpinions:
    """Return how a survey's alerts say what they are. Raises ConfigError where they do not."""
    return plugin("training.evaluation", survey, SurveyOpinions)


def compare_with_survey(
    path: Path, survey: Survey, alerts: LabelledExamples, predictions: Predictions
) -> list[ComparedAlert]:
    """Return the alerts of a file or folder with the predictions, in the order of the alerts."""
    rows = dict(zip(alerts.examples.candids.tolist(), predictions.probabilities, strict=True))
    opinions, compared = survey_opinions(survey), {}
    for alert in read_alerts(find_alert_files([path]), schemas=load_schemas()):
        if not isinstance(alert, BadAlert) and alert.candid in rows:
            row = rows[alert.candid].tolist()
            compared[alert.candid] = ComparedAlert(
                candid=alert.candid,
                values=tuple(_shown(alert.extra_fields.get(name)) for name in opinions.fields),
                opinion=opinions.opinion(alert),
                probabilities=dict(zip(predictions.classes, row, strict=True)),
            )
    return [compared[candid] for candid in rows]


def _shown(value: object) -> str:
    if value is None:
        return NO_OPINION
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def render_comparison(compared: list[ComparedAlert], survey: Survey, summary: str) -> str:
    """Return how often the network agrees with the survey, and a table of all alerts."""
    says, fields = f"{survey} says", survey_opinions(survey).fields
    counts = markdown.table((says, "alerts", "the network agrees"), [*_counts(compared)])
    classes = tuple(compared[0].probabilities)
    heading = ("candid", says, *fields, "network", *map(shown_name, classes))
    rows = [
        (
            one.candid,
            one.opinion.text if one.opinion else NO_OPINION,
            *one.values,
            shown_name(one.found),
            *(f"{one.probabilities[name]:.3f}" for name in classes),
        )
        for one in compared
    ]
    return "\n\n".join(
        (
            f"{summary}. The network classifies every alert, also those that a rule decides.",
            counts,
            markdown.table(heading, rows),
        )
    )


def _counts(compared: list[ComparedAlert]) -> Iterator[tuple[str, int, int]]:
    for text in dict.fromkeys(one.opinion.text for one in compared if one.opinion):
        of_text = [one for one in compared if one.opinion and one.opinion.text == text]
        yield text, len(of_text), sum(one.agrees for one in of_text)
