"""Publishes alerts from files to the topic that a worker consumes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from stampapp.commands import publishing
from stampapp.config.settings import InputSettings
from stampapp.feeds.alert_files import find_alert_files, total_size
from stampapp.feeds.publisher import Publisher
from stampapp.feeds.record_splitter import ArchiveAlerts, SingleRecord
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.monitoring import log_filters


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Which files, at most so many alerts of them, and at most so many per second."""

    paths: Sequence[Path]
    limit: int | None
    rate: float | None
    as_sorting_hat: bool


def replay(order: Order, target: InputSettings) -> int:
    """Publish the alerts of the files; returns the exit code. Raises ConfigError."""
    files = find_alert_files(order.paths)
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    console.print(f"Publishing alerts of {len(files)} files to {publishing.where(target)}")
    with _progress(console) as progress:
        # Now, when stderr is the one that the bar stays clear of.
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
        log_filters.install_filters(logging.getLogger())
        bar = _Bar(progress, total_size(files), order.limit)
        archive = ArchiveAlerts(files, console.print, bar.moved)
        publisher = Publisher(_letter(target.topics[0]), bar.published)
        drawn = islice(archive.records(_change(order)), order.limit)
        end = publishing.publish(publisher, drawn, order.rate, target)
    console.print(publishing.summary(publisher))
    if archive.damaged:
        console.print(f"{archive.damaged} files or members are damaged, or no alerts.")
    if end.stopped:
        console.print("Stopped before the end of the files.")
    if end.failure:
        console.print(f"error: {end.failure}")
    return int(bool(archive.damaged or end.stopped or end.failure or not publisher.confirmed))


def _change(order: Order) -> Callable[[SingleRecord], SingleRecord]:
    if not order.as_sorting_hat:
        return lambda single: single
    from stampapp.feeds.to_sorting_hat import SortingHat

    return SortingHat()


def _letter(topic: str) -> Callable[[SingleRecord], OutgoingMessage]:
    return lambda single: OutgoingMessage(topic=topic, key=single.key, value=single.value)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("publishing"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[alerts]} alerts"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class _Bar:
    """Shows how much is done: of the limit where there is one, else of the bytes of the files."""

    def __init__(self, progress: Progress, size: int, limit: int | None) -> None:
        self._progress = progress
        self._limit = limit
        self._alerts = 0
        self._task: TaskID = progress.add_task("", total=limit or size, alerts=0)

    def moved(self, size: int) -> None:
        """Show that so many bytes have been read."""
        if not self._limit:
            self._progress.update(self._task, completed=size)

    def published(self, more: int) -> None:
        """Show that so many alerts more have arrived."""
        self._alerts += more
        self._progress.update(self._task, alerts=self._alerts)
        if self._limit:
            self._progress.update(self._task, completed=self._alerts)
