"""Publish alerts from files to the topic that a worker consumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from stampapp.avro.message_schemas import MessageSchemas
from stampapp.commands import publishing
from stampapp.commands.publishing import log_above_progress
from stampapp.config.settings import InputSettings
from stampapp.display.progress import ProgressBars, report
from stampapp.feeds.alert_files import find_alert_files, total_size
from stampapp.feeds.publisher import Publisher
from stampapp.feeds.record_splitter import ArchiveAlerts, SingleRecord
from stampapp.kafka.outgoing import OutgoingMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayRequest:
    """The files to publish: at most `limit` alerts, at most `rate` per second."""

    paths: Sequence[Path]
    limit: int | None
    rate: float | None
    as_sorting_hat: bool


def replay_files(request: ReplayRequest, target: InputSettings) -> int:
    """Publish the alerts of the files; return the exit code. Raises ConfigError."""
    files = find_alert_files(request.paths)
    schemas = target.schemas.open()
    publisher, archive, end = None, None, publishing.PublishResult(stopped=True)
    # Ctrl-C may also come before the first connection.
    with suppress(KeyboardInterrupt), ProgressBars() as bars:
        report(f"Publishing alerts of {len(files)} files to {publishing.describe_target(target)}")
        log_above_progress()
        progress = _Progress(bars, total_size(files), request.limit)
        archive = ArchiveAlerts(files, report, progress.read, schemas)
        publisher = Publisher(_message(publishing.target_topic(target)), progress.published)
        records = islice(archive.records(_converter(request, schemas)), request.limit)
        end = publishing.publish(publisher, records, request.rate, target)
    report(publishing.summary(publisher) if publisher else "Nothing was published.")
    damaged = archive.damaged if archive else 0
    if damaged:
        report(f"{damaged} files or members are damaged or are not alerts.")
    if end.stopped:
        report("Stopped before the end of the files.")
    if end.failure:
        report(f"error: {end.failure}")
    published = publisher.confirmed if publisher else 0
    return int(bool(damaged or end.stopped or end.failure or not published))


def _converter(
    request: ReplayRequest, schemas: MessageSchemas
) -> Callable[[SingleRecord], SingleRecord]:
    if not request.as_sorting_hat:
        return lambda record: record
    from stampapp.feeds.to_sorting_hat import ToSortingHat

    return ToSortingHat(schemas)


def _message(topic: str) -> Callable[[SingleRecord], OutgoingMessage]:
    return lambda record: OutgoingMessage(topic=topic, key=record.key, value=record.value)


class _Progress:
    """Shows the progress: the share of `limit` if there is one, else of the bytes of the files."""

    def __init__(self, bars: ProgressBars, size: int, limit: int | None) -> None:
        self._bars = bars
        self._total = limit or size
        self._limited = limit is not None
        self._bytes = 0
        self._alerts = 0

    def read(self, size: int) -> None:
        """Show how many bytes have been read so far."""
        self._bytes = size
        self._show()

    def published(self, more: int) -> None:
        """Show that `more` alerts have been confirmed."""
        self._alerts += more
        self._show()

    def _show(self) -> None:
        done = self._alerts if self._limited else self._bytes
        self._bars.percent("publishing", done, self._total, f"{self._alerts} alerts")
