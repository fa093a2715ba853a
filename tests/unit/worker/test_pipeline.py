from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest

from stampapp.alerts.alert import Alert
from stampapp.results.outcome import Classification, Outcome
from tests.support.alerts import container, message, record
from tests.support.fake_classifier import FakeClassifier, classification
from tests.support.pipeline_harness import (
    PLACE,
    Surroundings,
    alert_message,
    feed,
    running,
    stays,
    until,
)


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


async def test_a_batch_is_full_by_count(around: Surroundings) -> None:
    async with running(around, size=3) as pipeline:
        await feed(pipeline, 0, 1, 2, 3)
        await until(lambda: around.commits)
        assert around.offsets == [[0, 1, 2]]
        assert around.commits == [{PLACE: 3}]
        assert pipeline.offset_tracker.unfinished == 1


async def test_a_batch_is_full_by_time(around: Surroundings) -> None:
    async with running(around, size=100, patience=0.05) as pipeline:
        await feed(pipeline, 0, 1)
        assert around.offsets == []
        await until(lambda: around.commits)
        assert around.offsets == [[0, 1]]
        await feed(pipeline, 2)
        await until(lambda: len(around.delivered) == 2)
        assert around.offsets == [[0, 1], [2]]


async def test_the_clock_of_a_batch_starts_with_its_first_message(around: Surroundings) -> None:
    async with running(around, size=2, patience=0.1) as pipeline:
        await feed(pipeline, 0)
        await asyncio.sleep(0.06)
        await feed(pipeline, 1, 2)
        await stays(lambda: around.offsets in ([], [[0, 1]]), 0.06)
        await until(lambda: len(around.delivered) == 2)
        assert around.offsets == [[0, 1], [2]]


async def test_each_message_has_its_outcome(around: Surroundings) -> None:
    async with running(around, size=3) as pipeline:
        await pipeline.take(alert_message(0))
        await pipeline.take(message(1, b"no avro"))
        await pipeline.take(message(2, None))
        await until(lambda: around.delivered)
    (batch,) = around.delivered
    kinds = [outcome.kind for outcome in batch.outcomes]
    assert kinds == ["classified", "dead_lettered", "dead_lettered"]
    assert batch.outcomes[0].alert is not None
    assert batch.outcomes[0].alert.candid == "0"
    assert batch.received.tzinfo is not None


async def test_nothing_is_committed_before_it_is_delivered(around: Surroundings) -> None:
    gate = around.hold(0)
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: around.waiting)
        await stays(lambda: not around.commits and pipeline.offset_tracker.unfinished == 2)
        gate.set()
        await until(lambda: around.commits)
    assert around.events == ["delivered 0", "committed 2"]


async def test_a_delivery_that_fails_stops_the_worker_and_commits_nothing(
    around: Surroundings,
) -> None:
    around.error = RuntimeError("the cluster is gone")
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: around.failures)
        assert around.failures == [around.error]
        assert pipeline.offset_tracker.unfinished == 2
        assert not await pipeline.drain(0.05)
    assert around.commits == []


async def test_a_model_that_fails_stops_the_worker_and_dead_letters_nothing(
    around: Surroundings,
) -> None:
    failure = MemoryError("no room for the batch")

    def judge(_: Alert) -> Classification:
        raise failure

    async with running(around, FakeClassifier(judge)) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: around.failures)
        assert not await pipeline.drain(0.05)
    assert around.failures == [failure]
    assert around.delivered == []
    assert around.commits == []


async def test_an_unforeseen_error_in_an_examination_stops_the_worker(
    around: Surroundings,
) -> None:
    def examine(_: Alert) -> None:
        raise ZeroDivisionError

    async with running(around, FakeClassifier(examination=examine)) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: around.failures)
    assert isinstance(around.failures[0], ZeroDivisionError)
    assert around.commits == []


async def test_after_a_failure_nothing_beyond_it_is_committed(around: Surroundings) -> None:
    def judge(one: Alert) -> Classification:
        if one.candid == "2":
            raise MemoryError
        return classification(one)

    async with running(around, FakeClassifier(judge)) as pipeline:
        await feed(pipeline, 0, 1, 2, 3, 4, 5)
        await until(lambda: len(around.delivered) == 2)
        assert not await pipeline.drain(0.05)
    assert around.offsets == [[0, 1], [4, 5]]
    assert around.commits == [{PLACE: 2}]


async def test_a_batch_that_is_done_early_waits_for_those_before_it(around: Surroundings) -> None:
    gate = around.hold(0)
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1, 2, 3, 4, 5)
        await until(lambda: len(around.delivered) == 2)
        await stays(lambda: not around.commits)
        gate.set()
        await until(lambda: around.commits)
        assert around.commits == [{PLACE: 6}]


async def test_a_commit_that_is_refused_is_made_again_without_another_message(
    around: Surroundings,
) -> None:
    around.accepts = False
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: around.commits)
        around.accepts = True
        await until(lambda: len(around.commits) == 2)
        await stays(lambda: len(around.commits) == 2, 0.3)
    assert around.commits == [{PLACE: 2}, {PLACE: 2}]


async def test_a_commit_that_raises_stops_the_worker(around: Surroundings) -> None:
    around.commit_error = RuntimeError("no coordinator")
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: around.failures)
        with pytest.raises(RuntimeError, match="no coordinator"):
            await pipeline.close(0.05)
        around.commit_error = None
    assert [str(failure) for failure in around.failures] == ["no coordinator"]


async def test_the_number_of_batches_on_their_way_is_bounded(around: Surroundings) -> None:
    gates = [around.hold(offset) for offset in (0, 2)]
    async with running(around, in_flight=2) as pipeline:
        await feed(pipeline, 0, 1, 2, 3, 4)
        await until(lambda: around.waiting == 2)
        blocked = asyncio.ensure_future(feed(pipeline, 5, 6))
        await until(lambda: pipeline.offset_tracker.unfinished == 6)
        await stays(lambda: not blocked.done() and pipeline.offset_tracker.unfinished == 6)
        gates[0].set()
        await asyncio.wait_for(blocked, 5)
        gates[1].set()
        await until(lambda: len(around.delivered) == 3)
        assert sorted(around.offsets) == [[0, 1], [2, 3], [4, 5]]


async def test_a_batch_whose_time_has_come_grows_while_it_waits_for_its_turn(
    around: Surroundings,
) -> None:
    gate = around.hold(0)
    async with running(around, size=3, patience=0.02, in_flight=1) as pipeline:
        await feed(pipeline, 0)
        await until(lambda: around.waiting)
        await feed(pipeline, 1)
        await asyncio.sleep(0.05)
        await feed(pipeline, 2)
        last = asyncio.ensure_future(feed(pipeline, 3, 4))
        await stays(lambda: not last.done(), 0.05)
        gate.set()
        await until(lambda: len(around.delivered) == 3)
        await last
        assert around.offsets == [[0], [1, 2, 3], [4]]


async def test_decoding_goes_on_while_the_network_works(around: Surroundings) -> None:
    judging, examined = threading.Event(), threading.Event()

    def judge(one: Alert) -> Classification:
        assert judging.wait(5)
        return classification(one)

    def examine(one: Alert) -> None:
        if one.candid == "2":
            examined.set()

    async with running(around, FakeClassifier(judge, examine)) as pipeline:
        await feed(pipeline, 0, 1, 2, 3)
        try:
            await until(examined.is_set)
            assert around.delivered == []
        finally:
            judging.set()
        await until(lambda: len(around.delivered) == 2)


async def test_batches_are_judged_at_the_same_time_and_delivered_in_turn(
    around: Surroundings,
) -> None:
    both, first = threading.Barrier(2), threading.Event()

    def judge(one: Alert) -> Classification:
        if one.candid in ("0", "2"):
            both.wait(5)
        if one.candid == "0":
            assert first.wait(5)
        return classification(one)

    classifier = FakeClassifier(judge)
    async with running(around, classifier, classify_threads=2) as pipeline:
        await feed(pipeline, 0, 1, 2, 3, 4, 5)
        try:
            # The second and third are judged while the first is not, and wait for it.
            await until(lambda: len(classifier.batches) == 3)
            await stays(lambda: not around.delivered)
        finally:
            first.set()
        await until(lambda: len(around.delivered) == 3)
    assert around.offsets == [[0, 1], [2, 3], [4, 5]]


async def test_it_tells_when_something_last_moved(around: Surroundings) -> None:
    async with running(around) as pipeline:
        before = time.monotonic()
        assert pipeline.last_progress <= before
        await feed(pipeline, 0)
        assert pipeline.last_progress >= before


async def test_a_batch_that_is_done_is_gone_at_once_with_bad_alerts_too(
    around: Surroundings,
) -> None:
    # The collector of what hangs together in circles may leave gigabytes for minutes.
    gc.collect()
    of_other_tests = outcomes_alive()
    gc.disable()
    try:
        async with running(around, size=3) as pipeline:
            for number in range(4):
                await pipeline.take(alert_message(3 * number))
                await pipeline.take(message(3 * number + 1, b"no alert"))
                await pipeline.take(message(3 * number + 2, container(record())[:-9]))
            await until(lambda: len(around.delivered) == 4)
            around.delivered.clear()
            await until(lambda: not pipeline.offset_tracker.unfinished)
            await asyncio.sleep(0)
            assert len(outcomes_alive()) == len(of_other_tests)
    finally:
        gc.enable()


def outcomes_alive() -> list[Outcome]:
    return [one for one in gc.get_objects() if isinstance(one, Outcome)]
