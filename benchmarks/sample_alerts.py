"""The alerts of a survey that the benchmarks classify, as messages of any number."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stampapp.alerts import packets, sorting_hat
from stampapp.alerts.surveys import Survey
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.avro.writer import RecordWriter
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.config.cpu_count import cores
from stampapp.feeds import simulated
from tests.support.topics import Record

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
SIMULATED = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Alerts as records of one Avro schema; `object_field` names the object of a record."""

    origin: str
    survey: Survey
    model: Path
    schema: Any
    alerts: tuple[dict[str, Any], ...]
    object_field: str = "aid"

    @property
    def settings(self) -> Mapping[str, str]:
        """Settings of a worker for them."""
        return {"CLASSIFIER_STRATEGY": self.survey, "MODEL_PATH": str(self.model)}

    @property
    def schemas(self) -> MessageSchemas:
        """Return none: every message contains its schema."""
        return NO_SCHEMAS

    def messages(self, count: int, run: str = "") -> Iterator[Record]:
        """Yield `count` messages, each of another object; `run` becomes a part of the keys."""
        # One writer encodes the schema once; a writer for each message would dominate the time.
        writer = RecordWriter(self.schema)
        for number, alert in enumerate(itertools.islice(itertools.cycle(self.alerts), count)):
            name = f"{alert[self.object_field]}-{run}{number}"
            yield Record(name.encode(), writer.write(alert | {self.object_field: name}))


def simulate_sample(survey: Survey, model: Path) -> Sample:
    """Return simulated alerts, as messages of the sorting hat."""
    with simulated.simulated_alerts([survey], 1, SIMULATED, cores()) as drawn:
        alerts = [sorting_hat.encode_record(one.alert) for one in drawn]
    kept = undecided(survey, sorting_hat.SCHEMA, alerts)
    return Sample(
        origin=f"{len(kept)} simulated alerts of {survey}",
        survey=survey,
        model=model,
        schema=sorting_hat.SCHEMA,
        alerts=kept,
    )


def undecided(
    survey: Survey, schema: Any, records: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Return the alerts that no rule decides without the network."""
    writer, decide = RecordWriter(schema), survey_rules(survey).decide
    return tuple(one for one in records if not decide(packets.decode_alert(writer.write(one))))
