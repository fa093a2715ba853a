"""Faust's Kafka transport with stampapp's consumer."""

from __future__ import annotations

from typing import ClassVar

from faust.transport.drivers import aiokafka as faust_aiokafka


class StampConsumerThread(faust_aiokafka.AIOKafkaConsumerThread):
    """The thread that owns the Kafka client of the consumed topics."""


class StampConsumer(faust_aiokafka.Consumer):
    """Faust's consumer, reading through a StampConsumerThread."""

    def _new_consumer_thread(self) -> StampConsumerThread:
        return StampConsumerThread(self, loop=self.loop, beacon=self.beacon)


class StampTransport(faust_aiokafka.Transport):
    """The transport of the app."""

    Consumer: ClassVar[type[StampConsumer]] = StampConsumer
