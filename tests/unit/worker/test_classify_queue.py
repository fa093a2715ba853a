from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from stampapp.alerts.alert import Alert
from stampapp.classifiers.base import PreparedAlert
from stampapp.classifiers.batch import PreparedBatch
from stampapp.errors import BadAlert
from stampapp.results.outcome import Classification, Outcome, OutcomeKind
from stampapp.worker.classify_queue import ClassifyQueue
from tests.support.alerts import alert
from tests.support.fake_classifier import FakeClassifier, classification
from tests.support.pipeline_harness import until

DEAD = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("empty", "no value"))


def batch(*candids: str | None) -> PreparedBatch:
    """Return a batch; None is a message that has its outcome already."""
    alerts = [alert(candid=one, aid=f"A{one}") for one in candids if one]
    return PreparedBatch(
        outcomes=tuple(None if one else DEAD for one in candids),
        to_classify=tuple(PreparedAlert(alert=one) for one in alerts),
    )


def candids(outcomes: Sequence[Outcome]) -> list[str | None]:
    return [one.alert.candid if one.alert else None for one in outcomes]


class Queue:
    """A queue whose thread is busy with the batch "first" until `go` is set."""

    def __init__(self, most_together: int) -> None:
        self.go = threading.Event()
        self.classifier = FakeClassifier(self.answer)
        self.queue = ClassifyQueue(self.classifier, most_together=most_together)
        self.error: BaseException | None = None
        self.tasks: list[asyncio.Task[tuple[list[Outcome], float]]] = []

    def answer(self, one: Alert) -> Classification:
        assert self.go.wait(5)
        if self.error and one.candid != "first":
            raise self.error
        return classification(one)

    async def put(self, *waiting: PreparedBatch) -> None:
        self.tasks.append(asyncio.create_task(self.queue.classify(batch("first"))))
        await until(lambda: self.classifier.batches)
        self.tasks += [asyncio.create_task(self.queue.classify(one)) for one in waiting]
        await until(lambda: self.queue.waiting == len(waiting))

    async def outcomes(self) -> list[list[str | None]]:
        self.go.set()
        return [candids((await one)[0]) for one in self.tasks]


@pytest.fixture
async def busy() -> AsyncIterator[Queue]:
    made = Queue(most_together=4)
    yield made
    made.go.set()
    made.queue.close()


async def test_batches_that_wait_are_classified_in_one_call(busy: Queue) -> None:
    await busy.put(batch("a", "b"), batch(None, "c"), batch("d"))
    assert await busy.outcomes() == [["first"], ["a", "b"], [None, "c"], ["d"]]
    assert busy.classifier.batches == [["first"], ["a", "b", "c", "d"]]


async def test_no_call_has_more_alerts_than_allowed(busy: Queue) -> None:
    await busy.put(batch("a", "b", "c"), batch("d", "e"), batch("f", "g"), batch("h"))
    await busy.outcomes()
    assert busy.classifier.batches[1:] == [["a", "b", "c"], ["d", "e", "f", "g"], ["h"]]


async def test_a_larger_batch_is_classified_by_itself(busy: Queue) -> None:
    await busy.put(batch("a", "b", "c", "d", "e", "f"), batch("g"))
    await busy.outcomes()
    assert busy.classifier.batches[1:] == [["a", "b", "c", "d", "e", "f"], ["g"]]


async def test_batches_without_an_alert_need_no_call(busy: Queue) -> None:
    await busy.put(batch(None), batch())
    assert await busy.outcomes() == [["first"], [None], []]
    assert busy.classifier.batches == [["first"]]


async def test_each_batch_of_a_call_that_fails_has_failed(busy: Queue) -> None:
    busy.error = MemoryError("no room")
    await busy.put(batch("a", "b"), batch("c", "d"), batch(None))
    busy.go.set()
    await busy.tasks[0]
    found = await asyncio.gather(*busy.tasks[1:3], return_exceptions=True)
    assert found == [busy.error, busy.error]
    busy.error = None
    assert candids((await busy.queue.classify(batch("e")))[0]) == ["e"]


async def test_a_batch_that_is_cancelled_while_it_waits_is_not_classified(busy: Queue) -> None:
    await busy.put(batch("a"), batch("b"))
    busy.tasks[1].cancel()
    await asyncio.wait({busy.tasks[1]})
    del busy.tasks[1]
    assert await busy.outcomes() == [["first"], ["b"]]
    assert busy.classifier.batches == [["first"], ["b"]]


async def test_the_duration_is_that_of_the_call(busy: Queue) -> None:
    await busy.put(batch("a"), batch("b"))
    busy.go.set()
    (first, one, other) = await asyncio.gather(*busy.tasks)
    assert one[1] == other[1]
    assert first[1] > 0
