"""Makes alerts to try things with: what `faust -A stampapp simulate` does and says."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stampapp import errands, logs
from stampapp.connections import ask
from stampapp.deliveries import Delivery
from stampapp.errands import Errand, Need
from stampapp.errors import ConfigError, DeliveryError
from stampapp.feeds import files, streams
from stampapp.feeds.publishing import Publisher
from stampapp.questions import Operation, who_and_what
from stampapp.records import Labelled, Survey
from stampapp.refusals import place
from stampapp.settings import InputSettings

log = logging.getLogger(__name__)
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
    _say(f"Writing {order} to {alerts}, their classes to {labels}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _bar("simulating", order.count) as advance, _drawing(order) as drawn:
            files.write(_told(drawn, advance), alerts, labels)
    except KeyboardInterrupt:
        _say("Stopped: nothing was written.")
        return 1
    return 0


def to_topic(order: Order, target: InputSettings) -> int:
    """Publish the alerts to the first of the topics; returns the exit code. Raises ConfigError."""
    topic, failure = target.topics[0], None
    among = f", the first of {len(target.topics)} CONSUMER_TOPICS" if target.topics[1:] else ""
    _say(f"Publishing {order} to {topic}{among}, on {target.cluster.bootstrap}")
    with _bar("publishing", order.count) as advance, _drawing(order) as drawn:
        publisher = Publisher(topic, advance)
        try:
            asyncio.run(_published(publisher, drawn, order.rate, target))
        except DeliveryError as error:
            failure = error
        except (KeyboardInterrupt, asyncio.CancelledError):
            pass  # Somebody has asked for the end: it is no failure, and the summary tells.
    _say(_summary(publisher))
    if failure:
        _say(f"error: {failure}")
    return 1 if failure else 0


async def _published(
    publisher: Publisher, drawn: Iterator[Labelled], rate: float | None, target: InputSettings
) -> None:
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await _admitted(target)
    delivery = Delivery(
        target.cluster, idempotence=target.idempotence, timeout=target.delivery_timeout
    )
    await delivery.start()
    try:
        await publisher.run(drawn, delivery.deliver, rate=rate)
    finally:
        await delivery.stop()


async def _admitted(target: InputSettings) -> None:
    """Raise ConfigError where the cluster does not let us publish; warn of a missing topic."""
    cluster, topic = target.cluster, target.topics[0]
    need = Need(role=cluster.role, operation=Operation.WRITE, topic=topic, key="CONSUMER_TOPICS")
    errand = Errand(cluster=cluster, needs=(need,), group=None)
    answer = await ask(cluster, partial(who_and_what, topics=errand.topics))
    if any(problems := errands.denied(errand, answer)):
        raise ConfigError("; ".join(chain(*problems)))
    if errands.absent(errand, answer):
        log.warning(
            "Topic %s does not exist on %s: where topics do not come to be by themselves, create"
            " it, or see CONSUMER_TOPICS",
            *(topic, place(cluster)),
        )


def _summary(publisher: Publisher) -> str:
    count, seconds = publisher.confirmed, publisher.seconds
    rate = count / seconds if seconds else 0.0
    told = f"Published {count} alerts in {seconds:.1f} s ({rate:.1f} per second)."
    if publisher.unconfirmed:
        told += f" {publisher.unconfirmed} more have been sent, but not confirmed."
    return told


def _drawing(order: Order) -> AbstractContextManager[Iterator[Labelled]]:
    workers = streams.processes_for(order.rate)
    return streams.drawing([order.survey], order.seed, order.count, workers)


def _told(drawn: Iterator[Labelled], advance: Advance) -> Iterator[Labelled]:
    for one in drawn:
        yield one
        advance(1)


@contextmanager
def _bar(what: str, count: int | None) -> Iterator[Advance]:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        # Now, when stderr is the one that the bar stays clear of.
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
        logs.tidy(logging.getLogger())
        yield partial(progress.advance, progress.add_task(what, total=count))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
