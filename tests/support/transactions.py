"""Publish messages in transactions, committed or aborted, with an independent client."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from confluent_kafka import Producer

from tests.support.producer import Record
from tests.support.stopwatch import AMPLE


class Transactions:
    """A transactional producer of one topic."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._topic = topic
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "transactional.id": f"tests-{secrets.token_hex(4)}",
                "linger.ms": 0,
            }
        )
        self._producer.init_transactions(AMPLE)

    def commit(self, records: Iterable[Record]) -> None:
        with self.open(records):
            pass

    def abort(self, records: Iterable[Record]) -> None:
        self._begin(records)
        self._producer.abort_transaction(AMPLE)

    @contextmanager
    def open(self, records: Iterable[Record]) -> Iterator[None]:
        """Write the records in a transaction that is committed at the end of the block."""
        self._begin(records)
        yield
        self._producer.commit_transaction(AMPLE)

    def _begin(self, records: Iterable[Record]) -> None:
        self._producer.begin_transaction()
        for one in records:
            self._producer.produce(self._topic, one.value, one.key, one.partition or 0)
        # An aborted message that has not been sent yet would never be.
        self._producer.flush(AMPLE)
