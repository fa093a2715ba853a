"""Load the shadow model of a worker, and connect it to its metrics and its topic."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stampapp.config.compute import Engine
from stampapp.config.cpu_count import cores
from stampapp.config.settings import Settings
from stampapp.config.shadow_settings import ShadowSettings
from stampapp.kafka.outgoing import OutgoingMessage
from stampapp.worker import named_threads, startup

if TYPE_CHECKING:
    # Not at run time: importing numpy and the alert readers would slow down every command.
    from stampapp.classifiers.base import Classifier
    from stampapp.monitoring.prometheus import WorkerMetrics
    from stampapp.results.outcome import Prediction
    from stampapp.worker.shadow import Shadow


async def open_shadow(
    settings: Settings, live: Classifier, live_metrics: WorkerMetrics
) -> Shadow | None:
    """Return the shadow model, warmed up; None if there is none. Raises ConfigError."""
    if settings.shadow is None:
        return None
    from stampapp.monitoring.shadow_metrics import ShadowMetrics
    from stampapp.worker.shadow import OffReason, Shadow

    executor = named_threads.thread_pool("shadow")
    try:
        classifier = await asyncio.get_running_loop().run_in_executor(
            executor, _load, settings, settings.shadow, live
        )
    finally:
        executor.shutdown(wait=False)
    metrics = ShadowMetrics(
        settings.model.survey,
        model=startup.model_labels(classifier),
        reasons=OffReason,
        registry=live_metrics.registry,
    )
    topic = settings.shadow.topic
    return Shadow(
        classifier,
        share=settings.shadow.share,
        metrics=metrics,
        publisher=ShadowPublisher(settings, topic) if topic else None,
    )


def _load(settings: Settings, shadow: ShadowSettings, live: Classifier) -> Classifier:
    from stampapp.classifiers.shadow import load_shadow

    # TensorFlow has one number of threads for all models of a process.
    share = max(1, cores() // settings.classify_threads)
    threads = share if live.engine.name is Engine.TENSORFLOW else 1
    compute = replace(shadow.model.compute, threads=threads)
    classifier = load_shadow(replace(shadow.model, compute=compute), live)
    classifier.warm_up()
    return classifier


class ShadowPublisher:
    """Publishes predictions of the shadow model, in the form of the live ones, to its topic.

    It has a producer of its own, so that its failures do not concern the results.
    """

    def __init__(self, settings: Settings, topic: str) -> None:
        self._messages, self._topic = settings.messages, topic
        self._started = False
        self._delivery = startup.new_delivery(settings, settings.producer)

    async def publish(self, predictions: Sequence[Prediction]) -> None:
        """Return when all are confirmed. Raises StampError where they will not be."""
        from stampapp.results import encoding

        if not self._started:
            await self._delivery.start()
            self._started = True
        await self._delivery.ensure_topic(self._topic)
        now = datetime.now(UTC)
        await self._delivery.deliver(
            [
                OutgoingMessage(
                    topic=self._topic,
                    key=encoding.message_key(one.classification),
                    value=encoding.encode_prediction(one, self._messages, now),
                    headers=one.headers,
                )
                for one in predictions
            ]
        )

    async def close(self) -> None:
        """Disconnect; what is not confirmed by now is lost."""
        if self._started:
            await self._delivery.stop()
