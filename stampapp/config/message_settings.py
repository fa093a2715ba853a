"""Read in which form a worker publishes its results."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TypeVar

from stampapp.alerts.surveys import Survey
from stampapp.config.casts import member, number
from stampapp.config.environment import Reader
from stampapp.results.message_format import (
    MessageFormat,
    MessageOptions,
    ScribeFormat,
    message_format,
)
from stampapp.results.output_format import OutputEncoding, OutputFormat

T = TypeVar("T", bound=str)
_MAX_ID = 2**31 - 1
_FOR_ARCHIVAL = f"for SCRIBE_FORMAT={ScribeFormat.PROBABILITY_ARCHIVAL}"


def read_messages(reader: Reader, survey: Survey | None) -> MessageOptions | None:
    """Read in which form a worker of this survey publishes; None where a problem was noted."""
    formats = (survey and reader.build(lambda: message_format(survey))) or MessageFormat()
    output = _output_format(reader, survey, formats)
    encoding = reader.read(
        "OUTPUT_ENCODING",
        partial(member, OutputEncoding),
        OutputEncoding.CONTAINER,
        "output as an Avro container with its schema, or as the bare datum: container or bare",
    )
    commands = _scribe_format(reader, survey, formats)
    per_class = commands is ScribeFormat.PROBABILITY_ARCHIVAL
    classifier_id = reader.read(
        "SCRIBE_CLASSIFIER_ID",
        number(0, _MAX_ID, int),
        None,
        f"the classifier's id in the database, {_FOR_ARCHIVAL}",
        required=per_class,
    )
    taxonomy = reader.read(
        "SCRIBE_TAXONOMY",
        parse_taxonomy,
        None,
        f"the id of each class in the database, as in SN:0,AGN:1, {_FOR_ARCHIVAL}",
        required=per_class,
    )
    if survey is None or output is None:
        return None
    return MessageOptions(
        survey=survey,
        output=output,
        encoding=encoding,
        commands=commands,
        classifier_id=classifier_id,
        taxonomy=taxonomy or {},
    )


def _output_format(
    reader: Reader, survey: Survey | None, formats: MessageFormat
) -> OutputFormat | None:
    by_name = {one.name: one for one in formats.outputs}
    name = reader.read(
        "OUTPUT_FORMAT",
        partial(_choose, survey, tuple(by_name)),
        formats.outputs[0].name,
        "the record of the output messages: alerce or rubin, as the survey has it",
    )
    return by_name.get(name)


def _scribe_format(reader: Reader, survey: Survey | None, formats: MessageFormat) -> ScribeFormat:
    return reader.read(
        "SCRIBE_FORMAT",
        partial(_choose, survey, formats.commands),
        formats.commands[0],
        f"the form of the scribe's commands: {' or '.join(ScribeFormat)}, as the survey has it",
    )


def _choose(survey: Survey | None, names: tuple[T, ...], text: str) -> T:
    """Return the name, written in any case, or raise ValueError if the survey does not have it."""
    if survey is None:
        # CLASSIFIER_STRATEGY is the problem to report.
        return names[0]
    for name in names:
        if name.casefold() == text.casefold():
            return name
    raise ValueError(f"{' or '.join(names)} is expected for {survey}")


def parse_taxonomy(text: str) -> Mapping[str, int]:
    """Cast `SN:0,AGN:1`, where classes and ids must differ."""
    pairs = [part.partition(":") for part in text.split(",") if part.strip()]
    try:
        found = {name.strip(): int(number) for name, _, number in pairs}
    except ValueError:
        found = {}
    if not found or "" in found or min(found.values()) < 0:
        raise ValueError("CLASS:ID,CLASS:ID is expected, each ID a whole number from 0 on")
    if len(found) < len(pairs) or len(set(found.values())) < len(found):
        raise ValueError("each class and each id may occur once")
    return found
