"""Results as a worker publishes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.kafka.message import Headers
from stampapp.results.encoding import encode_prediction
from stampapp.results.message_format import MessageOptions, message_format
from stampapp.results.outcome import Classification, Prediction
from stampapp.results.scribe_commands import Command, encode_commands
from tests.support.alerts import alert
from tests.support.fake_classifier import classification


def options(survey: Survey = Survey.ZTF, **changes: Any) -> MessageOptions:
    """Return the options of a worker: the defaults of its survey, and two ids."""
    formats = message_format(survey)
    usual: dict[str, Any] = {
        "survey": survey,
        "output": formats.outputs[0],
        "commands": formats.commands[0],
        "classifier_id": 7,
        "taxonomy": {"SN": 0, "AGN": 1, "asteroid": 3},
    }
    return MessageOptions(**usual | changes)


def prediction(
    result: Classification | None = None, of: Alert | None = None, headers: Headers = ()
) -> Prediction:
    """Return a result that is to be published."""
    source = of or alert()
    return Prediction(
        alert=source, classification=result or classification(source), headers=headers
    )


def output_message(result: Classification, published: datetime) -> bytes:
    """Return an output message of ALeRCE's stamp classifier step."""
    return encode_prediction(prediction(result), options(), published)


def update_command(result: Classification) -> Command:
    """Return the command that updates all probabilities of an object."""
    (command,) = encode_commands(prediction(result), options())
    return command
