"""Simulate alerts and publish them, or write them to a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.commands import publishing
from stampapp.commands.publishing import log_above_progress
from stampapp.config.settings import InputSettings
from stampapp.display.lines import counted
from stampapp.display.progress import progress_bar, report
from stampapp.errors import ConfigError
from stampapp.feeds import avro_writer, simulated
from stampapp.feeds.alert_encoding import message_encoder, published_schema
from stampapp.feeds.publisher import AsJustObserved, Publisher
from stampapp.feeds.stopping import StopSignal
from stampapp.feeds.unfinished_alerts import (
    SimulationSource,
    UnfinishedAlerts,
    find_unfinished,
)
from stampapp.output_path import check_file

Advance = Callable[[int], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulateRequest:
    """The first `count` alerts of a seed (None: endless), at most `rate` per second.

    `schema_id` is that of the schema by which packets are published; None: the survey's default.
    """

    survey: Survey
    seed: int
    count: int | None
    rate: float | None
    schema_id: int | None = None

    def __str__(self) -> str:
        what = f"{self.survey} alert"
        alerts = counted(self.count, what) if self.count else f"endless {what}s"
        return f"{alerts} of seed {self.seed}"


def parse_version(text: str | None) -> int | None:
    """Return the id of a version of a survey's schemas, 1000 for 10.0. Raises ConfigError."""
    if text is None:
        return None
    if not (found := re.fullmatch(r"(\d{1,4})\.(\d\d?)", text)):
        raise ConfigError(f"--schema is {text!r}: give a version such as 10.0")
    return 100 * int(found[1]) + int(found[2])


def output_files(
    request: SimulateRequest, to: Path | None, labels: Path | None
) -> tuple[Path, Path] | None:
    """Return the files for alerts and labels, None to publish. Raises ConfigError."""
    if to is None:
        if labels:
            raise ConfigError("--labels needs --to: labels are not published")
        return None
    if request.count is None:
        raise ConfigError("--to needs --count: a file cannot be endless")
    if request.rate is not None:
        raise ConfigError("--rate is for publishing: omit it with --to")
    if request.schema_id is not None:
        raise ConfigError("--schema is for publishing: omit it with --to, a file has its own")
    labels_path = labels or Path(f"{to}.labels.csv")
    if labels_path == to:
        raise ConfigError(f"--labels and --to are both {to}: choose different files")
    check_file(to)
    check_file(labels_path)
    return to, labels_path


def write_files(
    request: SimulateRequest, alerts: Path, labels: Path, before: UnfinishedAlerts | None = None
) -> int:
    """Write the alerts and their classes; return the exit code. Raises ConfigError.

    They begin with those of an interrupted run (`before`), if there are some.
    """
    resumed = f", after the {before.count} that it has" if before else ""
    report(f"Writing {request} to {alerts}{resumed}, their classes to {labels}")
    source = SimulationSource(survey=request.survey, seed=request.seed)
    start = before.count if before else 0
    with (
        StopSignal() as stop,
        progress_bar("simulating", request.count, start) as advance,
        _simulated_alerts(request, start) as drawn,
    ):
        log_above_progress()
        finished = stop.until_stopped(_count(drawn, advance))
        written = avro_writer.write_alerts(finished, alerts, labels, source, before)
    if not stop.received:
        return 0
    report(
        f"Stopped: {alerts} has the {written} of {request.count} alerts that were finished;"
        " --resume goes on with the others."
        if written
        else "Stopped: nothing was written."
    )
    return 1


def resume_files(request: SimulateRequest, seed: int | None, alerts: Path, labels: Path) -> int:
    """Go on with files that an interrupted run has left; without them, begin. As `write_files`.

    The seed is that of the files; a `seed` that was asked for must be the same.
    """
    before = find_unfinished(alerts, labels)
    if before is None:
        return write_files(request, alerts, labels)
    same = replace(request, seed=before.source.seed if seed is None else seed)
    wanted = SimulationSource(survey=same.survey, seed=same.seed)
    if before.source != wanted:
        raise ConfigError(
            f"{alerts} cannot be resumed: it has {before.source}, not {wanted}. Omit --resume to"
            " replace it"
        )
    if same.count is not None and before.count > same.count:
        raise ConfigError(f"{alerts} has {before.count} alerts already: increase --count")
    if same.count == before.count and before.alerts == alerts:
        report(f"{alerts} is finished: it has {same}, and {labels} their classes")
        return 0
    return write_files(same, alerts, labels, before)


def publish_simulated(request: SimulateRequest, target: InputSettings) -> int:
    """Publish the alerts to the first of the topics; return the exit code. Raises ConfigError."""
    wire = published_schema(request.survey, request.schema_id, target.schemas.open())
    report(f"Publishing {request} to {publishing.describe_target(target)}")
    publisher, end = None, publishing.PublishResult(stopped=True)
    # Ctrl-C may also come while the processes that simulate start or end.
    with (
        suppress(KeyboardInterrupt),
        progress_bar("publishing", request.count) as advance,
        _simulated_alerts(request) as drawn,
    ):
        log_above_progress()
        encode = message_encoder(request.survey, wire)
        publisher = Publisher(AsJustObserved(publishing.target_topic(target), encode), advance)
        end = publishing.publish(publisher, drawn, request.rate, target)
    report(publishing.summary(publisher) if publisher else "Stopped: nothing was published.")
    if end.failure:
        report(f"error: {end.failure}")
    return 1 if end.failure else 0


def _simulated_alerts(
    request: SimulateRequest, start: int = 0
) -> AbstractContextManager[Iterator[LabelledAlert]]:
    workers = simulated.processes_for(request.rate)
    surveys = [request.survey]
    return simulated.simulated_alerts(surveys, request.seed, request.count, workers, start)


def _count(drawn: Iterator[LabelledAlert], advance: Advance) -> Iterator[LabelledAlert]:
    for one in drawn:
        yield one
        advance(1)
