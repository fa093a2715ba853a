"""The type of a survey's file in this package: the forms in which its results are published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey, plugin
from stampapp.errors import BadAlert
from stampapp.results.output_format import OutputEncoding, OutputFormat
from stampapp.results.stamp_classification import STAMP_CLASSIFICATION

# The id of a class that the database does not know.
UNKNOWN_CLASS = -1


class ScribeFormat(StrEnum):
    """The forms of the database commands: one for all classes, or one for each class."""

    UPDATE_PROBABILITIES = "update_probabilities"
    PROBABILITY_ARCHIVAL = "probability-archival"


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchivedObject:
    """How the multi-survey database names the object of an alert.

    `sid` is the kind of object, `last_mjd` the time of the alert as its survey gives it (days).
    """

    oid: int
    sid: int
    last_mjd: float


def no_archive(alert: Alert) -> ArchivedObject:
    """Raise BadAlert: the survey has no place in the database."""
    raise BadAlert("survey", f"the database has no ids for objects of {alert.survey}")


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFormat:
    """The forms in which the results of a survey can be published, each time the default first.

    `archived_object` returns the ids of an alert's object in the database, or raises BadAlert;
    `object_name` returns the name of the object that the database knows by a number.
    """

    outputs: tuple[OutputFormat, ...] = (STAMP_CLASSIFICATION,)
    commands: tuple[ScribeFormat, ...] = (ScribeFormat.UPDATE_PROBABILITIES,)
    archived_object: Callable[[Alert], ArchivedObject] = no_archive
    object_name: Callable[[int], str] = str


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageOptions:
    """The forms in which a worker publishes its results.

    `classifier_id` and `taxonomy` (class name → id in the database) are for commands per class.
    """

    survey: Survey
    output: OutputFormat
    encoding: OutputEncoding = OutputEncoding.CONTAINER
    commands: ScribeFormat
    classifier_id: int | None = None
    taxonomy: Mapping[str, int] = field(default_factory=dict)

    def check_alert(self, alert: Alert) -> None:
        """Raise BadAlert where a result of this alert could not be published."""
        self.output.check(alert)
        if self.commands is ScribeFormat.PROBABILITY_ARCHIVAL:
            message_format(self.survey).archived_object(alert)

    def class_id(self, class_name: str) -> int:
        """Return the id of a class in the database, -1 where it is unknown there."""
        return self.taxonomy.get(class_name, UNKNOWN_CLASS)

    def class_id_warning(self, classes: Sequence[str]) -> str | None:
        """Describe which classes of a model are published without an id, None if all have one."""
        if self.commands is not ScribeFormat.PROBABILITY_ARCHIVAL:
            return None
        unknown = [name for name in classes if name not in self.taxonomy]
        if not unknown:
            return None
        names = ", ".join(unknown)
        return f"SCRIBE_TAXONOMY has no id for {names}: commands have class_id {UNKNOWN_CLASS}"


def message_format(survey: Survey) -> MessageFormat:
    """Return the message formats of a survey."""
    return plugin("results", survey, MessageFormat)


def output_formats() -> tuple[OutputFormat, ...]:
    """Return the output formats of all surveys."""
    return tuple(dict.fromkeys(one for survey in Survey for one in message_format(survey).outputs))
