"""Shows the messages of a topic, whatever they are, and draws the stamps of an alert."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click

from stampapp.alerts.alert import Alert
from stampapp.commands.text import messages as captions
from stampapp.config.settings import Settings
from stampapp.display.lines import fold, terminal_width
from stampapp.display.progress import ProgressBars
from stampapp.errors import ConfigError
from stampapp.inspection import message_content
from stampapp.inspection.message_content import MessageContent
from stampapp.inspection.topic_lookup import TopicSelection, select_topics
from stampapp.kafka.message import Message
from stampapp.kafka.offset_ranges import offsets_by_partition
from stampapp.kafka.tail import TopicTail
from stampapp.kafka.topic_reader import TopicReader
from stampapp.results import provenance

_WIDTH_OF_A_PIPE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What somebody wants to see: of a role or topic the last `count` messages, about `aid`."""

    name: str
    count: int
    follow: bool
    aid: str | None
    stamps: Path | None

    def __post_init__(self) -> None:
        if self.stamps and self.follow:
            raise ConfigError("--stamps draws one alert: leave out --follow")

    def takes(self, message: Message) -> bool:
        """Tell whether a message is wanted."""
        return self.aid is None or message_content.is_about(message, self.aid)


class Display:
    """Writes messages to `out`, for a person or as a line of JSON each."""

    def __init__(self, out: TextIO, *, as_json: bool) -> None:
        self.latest: tuple[Message, MessageContent] | None = None
        self.shown = 0
        self._out, self._as_json = out, as_json

    def show(self, messages: Sequence[Message]) -> None:
        """Write them, each as soon as it is told."""
        for message in messages:
            exhibit = message_content.read_content(message)
            self.shown += 1
            self.latest = (message, exhibit)
            for line in self._lines(message, exhibit):
                click.echo(line, file=self._out)

    def _lines(self, message: Message, exhibit: MessageContent) -> list[str]:
        if self._as_json:
            return [json.dumps(captions.described(message, exhibit), ensure_ascii=False)]
        width = terminal_width(self._out)
        head = fold(captions.heading(message, exhibit), width, "  ")
        rest = captions.lines(exhibit, width or _WIDTH_OF_A_PIPE)
        folded = (part for line in rest for part in fold(line, width, "    "))
        return [*(click.style(line, bold=True) for line in head), *folded, ""]


def inspect(settings: Settings, request: Request, display: Display) -> int:
    """Show what is wanted; returns the exit code. Raises ConfigError."""
    try:
        alert = asyncio.run(_shown(settings, request, display))
    except KeyboardInterrupt:
        if request.follow:
            # How one ends it.
            return 0
        raise
    if request.stamps and alert:
        _draw(alert, request.stamps)
    if not display.shown:
        what = f" about {request.aid}" if request.aid else ""
        click.echo(f"There is no message{what} in {request.name}.", err=True)
    return 0 if display.shown else 1


async def _shown(settings: Settings, request: Request, display: Display) -> Alert | None:
    found = await select_topics(settings, request.name, datetime.now(UTC))
    async with TopicReader(found.cluster) as reader:
        tail = TopicTail(reader, request.takes)
        partitions = await found.partitions(reader, datetime.now(UTC))
        with ProgressBars() as bars:
            latest = await tail.read_latest(partitions, request.count, bars)
        display.show(latest)
        if request.follow:
            await _follow(found, tail, reader, display)
    return await _alert(settings, display) if request.stamps else None


async def _follow(
    found: TopicSelection, tail: TopicTail, reader: TopicReader, display: Display
) -> None:
    async def partitions() -> Sequence[tuple[str, int]]:
        return await found.partitions(reader, datetime.now(UTC))

    async for messages in tail.follow(partitions):
        display.show(messages)


async def _alert(settings: Settings, display: Display) -> Alert | None:
    """Return the alert of the message that was shown last: it, or the one that it comes from."""
    if display.latest is None:
        return None
    message, exhibit = display.latest
    if exhibit.alert:
        return exhibit.alert
    testimony = provenance.read_provenance(message.headers)
    if testimony is None or exhibit.content.get("cause"):
        raise ConfigError(f"--stamps: {message.location} is no alert that can be read")
    async with TopicReader(settings.consumer) as reader:
        async for one in reader.read_offsets(offsets_by_partition([testimony.source])):
            if alert := message_content.read_content(one).alert:
                return alert
    raise ConfigError(f"--stamps: the alert {testimony.source} is not there any more")


def _draw(alert: Alert, path: Path) -> None:
    # It would slow down what draws nothing.
    from stampapp.stamps import alert_figure

    alert_figure.save_figure(alert, path)
    click.echo(f"The stamps of {alert.oid} ({alert.candid}) are in {path}.", err=True)
