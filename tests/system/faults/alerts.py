"""The alerts of a round: real ones as objects of their own, some again, and some that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

from tests.support import alert_messages
from tests.support.worker import command

PARTITIONS = 12
# Of a hundred alerts, so many come again at once, and so many are damaged.
AGAIN, DAMAGED = 5, 2


class Sort(StrEnum):
    """What a message is, and so which outcomes it may have."""

    GOOD = "good"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What is remembered of an alert; `candid` is that of the real one behind it."""

    sort: Sort
    candid: str
    key: bytes
    digest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A message as it is sent."""

    sort: Sort
    candid: str
    key: bytes
    value: bytes
    partition: int

    @property
    def kept(self) -> Sent:
        """Without its bytes, which in a long run would fill the memory."""
        return Sent(sort=self.sort, candid=self.candid, key=self.key, digest=digest(self.value))


def digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=8).digest()


class Sky:
    """A file of alerts, and the model that judges them."""

    def __init__(self, file: Path, model: Path) -> None:
        self.file = file
        self.model = model
        self._schema, self._alerts = alert_messages.records(file)

    def stream(self, seed: int) -> Iterator[Alert]:
        """Yield alerts without end; those that come again follow at once on their partition."""
        chance = Random(seed)
        number = 0
        while True:
            for found in chance.sample(self._alerts, len(self._alerts)):
                number += 1
                alert = found | {"aid": f"{found['aid']}-{seed}-{number}"}
                partition, lot = chance.randrange(PARTITIONS), chance.randrange(100)
                if lot < DAMAGED:
                    yield self._damaged(alert, partition, chance)
                    continue
                yield self._good(alert, partition)
                if lot < DAMAGED + AGAIN:
                    yield self._good(alert | {"mjd": alert["mjd"] + 1.0}, partition)

    def _good(self, alert: dict[str, Any], partition: int) -> Alert:
        return Alert(
            sort=Sort.GOOD,
            candid=str(alert["candid"]),
            key=alert["aid"].encode(),
            value=alert_messages.message(self._schema, alert),
            partition=partition,
        )

    def _damaged(self, alert: dict[str, Any], partition: int, chance: Random) -> Alert:
        whole = alert_messages.message(self._schema, alert)
        value = chance.choice((b"", b"no alert", whole[: chance.randrange(100, len(whole) - 20)]))
        return Alert(
            sort=Sort.DAMAGED,
            candid=str(alert["candid"]),
            key=alert["aid"].encode(),
            value=value,
            partition=partition,
        )

    @cached_property
    def withdrawn(self) -> frozenset[str]:
        """The candids of those that a rule withdraws, as `classify` says."""
        arguments = ("--json", "--every-alert", "--survey", "ZTF", "--model", str(self.model))
        done = command("classify", *arguments, str(self.file))
        assert done.returncode == 0, done.stderr
        rows = map(json.loads, done.stdout.splitlines())
        return frozenset(row["candid"] for row in rows if row["class_name"] is None)
