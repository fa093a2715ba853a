"""Show the messages of a topic, and draw the stamps of an alert."""

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
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.commands.text.messages import message_heading, message_json, message_lines
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

_PIPE_WIDTH = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class InspectRequest:
    """The last `count` messages of a role or topic `name`, all or only those about `aid`."""

    name: str
    count: int
    follow: bool
    aid: str | None
    stamps: Path | None
    schemas: MessageSchemas = NO_SCHEMAS

    def __post_init__(self) -> None:
        if self.stamps and self.follow:
            raise ConfigError("--stamps draws one alert: omit --follow")

    def is_wanted(self, message: Message) -> bool:
        """Return whether to show a message."""
        return self.aid is None or message_content.is_about(message, self.aid, self.schemas)


class MessageWriter:
    """Writes messages to `out`, as text or as a line of JSON each."""

    def __init__(self, out: TextIO, *, as_json: bool, schemas: MessageSchemas = NO_SCHEMAS) -> None:
        self._schemas = schemas
        self.latest: tuple[Message, MessageContent] | None = None
        self.shown = 0
        self._out, self._as_json = out, as_json

    def write(self, messages: Sequence[Message]) -> None:
        """Write messages, one after the other."""
        for message in messages:
            content = message_content.read_content(message, self._schemas)
            self.shown += 1
            self.latest = (message, content)
            for line in self._lines(message, content):
                click.echo(line, file=self._out)

    def _lines(self, message: Message, content: MessageContent) -> list[str]:
        if self._as_json:
            return [json.dumps(message_json(message, content), ensure_ascii=False)]
        width = terminal_width(self._out)
        head = fold(message_heading(message, content), width, "  ")
        rest = message_lines(content, width or _PIPE_WIDTH)
        folded = (part for line in rest for part in fold(line, width, "    "))
        return [*(click.style(line, bold=True) for line in head), *folded, ""]


def inspect_topics(settings: Settings, request: InspectRequest, writer: MessageWriter) -> int:
    """Show the requested messages; return the exit code. Raises ConfigError."""
    try:
        alert = asyncio.run(_show(settings, request, writer))
    except KeyboardInterrupt:
        if request.follow:
            # The normal way to end it.
            return 0
        raise
    if request.stamps and alert:
        _draw(alert, request.stamps)
    if not writer.shown:
        what = f" about {request.aid}" if request.aid else ""
        click.echo(f"There is no message{what} in {request.name}.", err=True)
    return 0 if writer.shown else 1


async def _show(settings: Settings, request: InspectRequest, writer: MessageWriter) -> Alert | None:
    found = await select_topics(settings, request.name, datetime.now(UTC))
    async with TopicReader(found.cluster, settings.isolation_level) as reader:
        tail = TopicTail(reader, request.is_wanted)
        partitions = await found.partitions(reader, datetime.now(UTC))
        with ProgressBars() as bars:
            latest = await tail.read_latest(partitions, request.count, bars)
        writer.write(latest)
        if request.follow:
            await _follow(found, tail, reader, writer)
    return await _alert(settings, writer) if request.stamps else None


async def _follow(
    found: TopicSelection, tail: TopicTail, reader: TopicReader, writer: MessageWriter
) -> None:
    async def partitions() -> Sequence[tuple[str, int]]:
        return await found.partitions(reader, datetime.now(UTC))

    async for messages in tail.follow(partitions):
        writer.write(messages)


async def _alert(settings: Settings, writer: MessageWriter) -> Alert | None:
    """Return the alert of the last message: itself, or the one from which it was made."""
    if writer.latest is None:
        return None
    message, content = writer.latest
    if content.alert:
        return content.alert
    origin = provenance.read_provenance(message.headers)
    if origin is None or content.content.get("cause"):
        raise ConfigError(f"--stamps: {message.location} is not a readable alert")
    async with TopicReader(settings.consumer, settings.isolation_level) as reader:
        async for one in reader.read_offsets(offsets_by_partition([origin.source])):
            if alert := message_content.read_content(one, settings.schemas.open()).alert:
                return alert
    raise ConfigError(f"--stamps: the alert {origin.source} no longer exists")


def _draw(alert: Alert, path: Path) -> None:
    # A slow import, for the commands that draw nothing.
    from stampapp.stamps import alert_figure

    alert_figure.save_figure(alert, path)
    click.echo(f"The stamps of {alert.oid} ({alert.candid}) are in {path}.", err=True)
