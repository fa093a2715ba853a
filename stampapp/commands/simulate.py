"""Makes alerts to try things with: what `faust -A stampapp simulate` does and says."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.commands import publishing
from stampapp.commands.publishing import log_above_progress
from stampapp.config.settings import InputSettings
from stampapp.display.progress import progress_bar, report
from stampapp.errors import ConfigError
from stampapp.feeds import avro_writer, simulated
from stampapp.feeds.publisher import AsJustObserved, Publisher

Advance = Callable[[int], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Which alerts: the first `count` of a seed (None: without end), at most `rate` per second."""

    survey: Survey
    seed: int
    count: int | None
    rate: float | None

    def __str__(self) -> str:
        return f"{self.count or 'endless'} {self.survey} alerts of seed {self.seed}"


def files_of(order: Order, to: Path | None, labels: Path | None) -> tuple[Path, Path] | None:
    """Return where alerts and labels are to be written, None for a topic. Raises ConfigError."""
    if to is None:
        if labels:
            raise ConfigError("--labels goes with --to: a topic gets no labels")
        return None
    if order.count is None:
        raise ConfigError("--to needs --count: a file must have an end")
    if order.rate is not None:
        raise ConfigError("--rate is for a topic: leave it out with --to")
    beside = labels or Path(f"{to}.labels.csv")
    if beside == to:
        raise ConfigError(f"--labels and --to are both {to}: name two files")
    return to, beside


def to_files(order: Order, alerts: Path, labels: Path) -> int:
    """Write the alerts and their classes; returns the exit code. Raises ConfigError."""
    report(f"Writing {order} to {alerts}, their classes to {labels}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with progress_bar("simulating", order.count) as advance, _drawing(order) as drawn:
            log_above_progress()
            avro_writer.write_alerts(_told(drawn, advance), alerts, labels)
    except KeyboardInterrupt:
        report("Stopped: nothing was written.")
        return 1
    return 0


def to_topic(order: Order, target: InputSettings) -> int:
    """Publish the alerts to the first of the topics; returns the exit code. Raises ConfigError."""
    report(f"Publishing {order} to {publishing.describe_target(target)}")
    with progress_bar("publishing", order.count) as advance, _drawing(order) as drawn:
        log_above_progress()
        publisher = Publisher(AsJustObserved(target.topics[0]), advance)
        end = publishing.publish(publisher, drawn, order.rate, target)
    report(publishing.summary(publisher))
    if end.failure:
        report(f"error: {end.failure}")
    return 1 if end.failure else 0


def _drawing(order: Order) -> AbstractContextManager[Iterator[LabelledAlert]]:
    workers = simulated.processes_for(order.rate)
    return simulated.simulated_alerts([order.survey], order.seed, order.count, workers)


def _told(drawn: Iterator[LabelledAlert], advance: Advance) -> Iterator[LabelledAlert]:
    for one in drawn:
        yield one
        advance(1)
