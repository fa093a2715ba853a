from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert, DeliveryError
from stampapp.kafka.message import Headers
from stampapp.monitoring.shadow_metrics import ShadowMetrics
from stampapp.results.outcome import Classification, Outcome, OutcomeKind, Prediction
from stampapp.worker import shadow as module
from stampapp.worker.shadow import TOGETHER, OffReason, Shadow
from tests.support.alerts import alert
from tests.support.fake_classifier import FakeClassifier, classification
from tests.support.pipeline_harness import holds_during, until

NAMES: Headers = (("source.offset", b"7"),)


def outcome(number: int, *, stamp: bytes | None = None) -> Outcome:
    one = replace(alert(aid=f"A{number}", candid=str(number)), stamps={"science": stamp})
    return Outcome(kind=OutcomeKind.CLASSIFIED, alert=one, classification=classification(one))


class Publisher:
    def __init__(self) -> None:
        self.published: list[Prediction] = []
        self.error: Exception | None = None
        self.closed = False

    async def publish(self, predictions: Sequence[Prediction]) -> None:
        if self.error:
            raise self.error
        self.published += predictions

    async def close(self) -> None:
        self.closed = True


class Harness:
    def __init__(
        self,
        answer: Callable[[Alert], Classification | BadAlert] = classification,
        *,
        share: float = 1.0,
        publisher: Publisher | None = None,
        time_limit: float = 60.0,
    ) -> None:
        self.registry = CollectorRegistry()
        self.classifier = FakeClassifier(answer)
        self.busy = False
        metrics = ShadowMetrics(
            Survey.ZTF, model={"name": "fake"}, reasons=OffReason, registry=self.registry
        )
        self.shadow = Shadow(
            self.classifier,
            share=share,
            metrics=metrics,
            publisher=publisher,
            time_limit=time_limit,
        )

    def add(self, *outcomes: Outcome) -> None:
        self.shadow.add([NAMES] * len(outcomes), outcomes)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(
            f"stampapp_shadow_{name}", {"survey": "ZTF", **labels}
        )


@asynccontextmanager
async def running(harness: Harness) -> AsyncIterator[Shadow]:
    harness.shadow.start(lambda: harness.busy)
    try:
        yield harness.shadow
    finally:
        await harness.shadow.close()


async def test_it_compares_what_the_live_model_has_classified() -> None:
    def answer(one: Alert) -> Classification:
        return classification(one, "bogus" if one.aid == "A2" else "SN")

    harness = Harness(answer)
    superseded = Outcome(kind=OutcomeKind.SUPERSEDED, alert=alert(aid="A9"))
    dead = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("empty", "no value"))
    async with running(harness) as shadow:
        harness.add(outcome(1), superseded, outcome(2), dead, outcome(3))
        await until(lambda: shadow.classified == 3)
    assert harness.classifier.batches == [["1", "2", "3"]]
    assert shadow.tally.pairs == {("SN", "SN"): 2, ("SN", "bogus"): 1}
    assert harness.value("compared_total", live_class="SN", shadow_class="bogus") == 1
    assert harness.value("probability_difference_count") == 3
    assert harness.value("duration_seconds_count") == 1
    assert harness.value("active") == 1
    assert harness.value("switched_off_total", reason="error") == 0
    assert shadow.seconds_each


async def test_a_large_batch_is_classified_in_parts() -> None:
    harness = Harness()
    async with running(harness) as shadow:
        harness.add(*map(outcome, range(TOGETHER + 5)))
        await until(lambda: shadow.classified == TOGETHER + 5)
    assert list(map(len, harness.classifier.batches)) == [TOGETHER, 5]


async def test_only_the_share_is_classified() -> None:
    harness = Harness(share=0.0)
    async with running(harness):
        harness.add(outcome(1))
        await holds_during(lambda: not harness.classifier.batches)


async def test_it_waits_while_the_stream_is_busy_and_then_goes_on() -> None:
    harness = Harness()
    harness.busy = True
    async with running(harness) as shadow:
        harness.add(outcome(1))
        await holds_during(lambda: not harness.classifier.batches, during=0.3)
        harness.busy = False
        await until(lambda: shadow.classified == 1)


async def test_what_it_cannot_keep_up_with_is_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    harness = Harness()
    harness.busy = True
    async with running(harness) as shadow:
        harness.add(outcome(1), outcome(2))
        harness.add(outcome(3), outcome(4))
        harness.add(outcome(5))
        assert shadow.dropped == 2
        harness.busy = False
        await until(lambda: shadow.classified == 3)
        harness.add(outcome(6))
        await until(lambda: shadow.classified == 4)
    assert harness.classifier.batches == [["1", "2", "3"], ["6"]]
    assert harness.value("dropped_total") == 2


async def test_of_a_batch_larger_than_its_queue_it_classifies_as_many_as_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    harness = Harness()
    async with running(harness) as shadow:
        harness.add(*map(outcome, range(5)))
        await until(lambda: shadow.classified == 3)
        assert shadow.dropped == 2
    assert harness.classifier.batches == [["0", "1", "2"]]


async def test_the_bytes_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    harness = Harness()
    harness.busy = True
    async with running(harness) as shadow:
        harness.add(outcome(1, stamp=bytes(60)))
        harness.add(outcome(2, stamp=bytes(60)))
        assert shadow.dropped == 1
        harness.busy = False
        await until(lambda: shadow.classified == 1)
        harness.add(outcome(3, stamp=bytes(100)))
        await until(lambda: shadow.classified == 2)


async def off(harness: Harness, reason: OffReason, log: pytest.LogCaptureFixture) -> None:
    """Wait until it is switched off, and check that it takes nothing more."""
    shadow = harness.shadow
    await until(lambda: shadow.switched_off)
    assert shadow.switched_off is reason
    (warning,) = [one for one in log.records if one.levelno >= logging.WARNING]
    assert "The shadow model fake 1.2.3 is switched off" in warning.getMessage()
    assert harness.value("active") == 0
    assert harness.value("switched_off_total", reason=reason.value) == 1
    calls = len(harness.classifier.batches)
    harness.add(outcome(99))
    await holds_during(lambda: len(harness.classifier.batches) == calls)
    assert shadow.dropped == 0


async def test_an_error_switches_it_off(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Alert) -> Classification:
        raise MemoryError("no room")

    harness = Harness(fail)
    async with running(harness):
        harness.add(outcome(1))
        await off(harness, OffReason.ERROR, caplog)
    assert "no room" in caplog.text


async def test_a_model_without_finite_results_is_switched_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    harness = Harness(lambda _: BadAlert("feature-out-of-range", "not finite"))
    async with running(harness) as shadow:
        harness.add(*map(outcome, range(9)))
        await until(lambda: shadow.classified == 9)
        assert not shadow.switched_off
        harness.add(outcome(9))
        await off(harness, OffReason.NOT_FINITE, caplog)


async def test_single_results_that_are_not_finite_are_counted() -> None:
    def answer(one: Alert) -> Classification | BadAlert:
        odd = int(one.candid) % 2
        return BadAlert("feature-out-of-range", "not finite") if odd else classification(one)

    harness = Harness(answer)
    async with running(harness) as shadow:
        harness.add(*map(outcome, range(40)))
        await until(lambda: shadow.classified == 40)
        assert not shadow.switched_off
    assert shadow.tally.pairs == {("SN", "SN"): 20, ("SN", "dead_lettered"): 20}


async def test_a_call_that_takes_too_long_switches_it_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go = threading.Event()

    def wait(one: Alert) -> Classification:
        assert go.wait(30)
        return classification(one)

    harness = Harness(wait, time_limit=0.05)
    try:
        async with running(harness):
            harness.add(outcome(1))
            await off(harness, OffReason.TIMEOUT, caplog)
    finally:
        go.set()
    assert "longer than 0.05 s" in caplog.text


async def test_predictions_are_published_with_the_name_of_their_message() -> None:
    def answer(one: Alert) -> Classification:
        return classification(one, None if one.aid == "A2" else "SN")

    publisher = Publisher()
    harness = Harness(answer, publisher=publisher)
    async with running(harness) as shadow:
        harness.add(outcome(1), outcome(2))
        await until(lambda: shadow.classified == 2)
        await until(lambda: publisher.published)
    (one,) = publisher.published
    assert (one.alert.aid, one.headers) == ("A1", NAMES)
    assert publisher.closed


async def test_a_topic_that_fails_switches_it_off(caplog: pytest.LogCaptureFixture) -> None:
    publisher = Publisher()
    publisher.error = DeliveryError("refused")
    harness = Harness(publisher=publisher)
    async with running(harness):
        harness.add(outcome(1))
        await off(harness, OffReason.TOPIC, caplog)
        await until(lambda: publisher.closed)


async def test_it_can_be_closed_before_and_during_a_call() -> None:
    await Harness().shadow.close()
    go = threading.Event()

    def wait(one: Alert) -> Classification:
        assert go.wait(30)
        return classification(one)

    harness = Harness(wait)
    async with running(harness):
        harness.add(outcome(1))
        await until(lambda: harness.classifier.batches)
        async with asyncio.timeout(5):
            await harness.shadow.close()
        go.set()
    assert harness.shadow.switched_off is None
