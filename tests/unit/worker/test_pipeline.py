from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest

from stampapp.alerts.alert import Alert
from stampapp.kafka.message import Message, consumed_size
from stampapp.results.outcome import Classification, Outcome
from tests.support.alerts import container, message, record
from tests.support.fake_classifier import FakeClassifier, classification
from tests.support.pipeline_harness import (
    NO_STAMPS,
    PLACE,
    PipelineHarness,
    alert_message,
    feed,
    holds_during,
    running_pipeline,
    until,
)


@pytest.fixture
def harness() -> PipelineHarness:
    return PipelineHarness()


async def test_a_batch_is_full_by_count(harness: PipelineHarness) -> None:
    async with running_pipeline(harness, size=3) as pipeline:
        await feed(pipeline, 0, 1, 2, 3)
        await until(lambda: harness.commits)
        assert harness.offsets == [[0, 1, 2]]
        assert harness.commits == [{PLACE: 3}]
        assert pipeline.offset_tracker.unfinished == 1


async def test_a_batch_is_full_by_time(harness: PipelineHarness) -> None:
    async with running_pipeline(harness, size=100, batch_timeout=0.05) as pipeline:
        await feed(pipeline, 0, 1)
        assert harness.offsets == []
        await until(lambda: harness.commits)
        assert harness.offsets == [[0, 1]]
        await feed(pipeline, 2)
        await until(lambda: len(harness.delivered) == 2)
        assert harness.offsets == [[0, 1], [2]]


async def test_the_clock_of_a_batch_starts_with_its_first_message(harness: PipelineHarness) -> None:
    async with running_pipeline(harness, size=2, batch_timeout=0.1) as pipeline:
        await feed(pipeline, 0)
        await asyncio.sleep(0.06)
        await feed(pipeline, 1, 2)
        await holds_during(lambda: harness.offsets in ([], [[0, 1]]), 0.06)
        await until(lambda: len(harness.delivered) == 2)
        assert harness.offsets == [[0, 1], [2]]


async def test_each_message_has_its_outcome(harness: PipelineHarness) -> None:
    async with running_pipeline(harness, size=3) as pipeline:
        await pipeline.add_message(alert_message(0))
        await pipeline.add_message(message(1, b"no avro"))
        await pipeline.add_message(message(2, None))
        await until(lambda: harness.delivered)
    (batch,) = harness.delivered
    kinds = [outcome.kind for outcome in batch.outcomes]
    assert kinds == ["classified", "dead_lettered", "dead_lettered"]
    assert batch.outcomes[0].alert is not None
    assert batch.outcomes[0].alert.candid == "0"
    assert batch.received.tzinfo is not None


async def test_nothing_is_committed_before_it_is_delivered(harness: PipelineHarness) -> None:
    gate = harness.block_delivery(0)
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.waiting)
        await holds_during(lambda: not harness.commits and pipeline.offset_tracker.unfinished == 2)
        gate.set()
        await until(lambda: harness.commits)
    assert harness.events == ["delivered 0", "committed 2"]


async def test_a_delivery_that_fails_stops_the_worker_and_commits_nothing(
    harness: PipelineHarness,
) -> None:
    harness.error = RuntimeError("the cluster is gone")
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.failures)
        assert harness.failures == [harness.error]
        assert pipeline.offset_tracker.unfinished == 2
        assert not await pipeline.drain(0.05)
    assert harness.commits == []


async def test_a_model_that_fails_stops_the_worker_and_dead_letters_nothing(
    harness: PipelineHarness,
) -> None:
    failure = MemoryError("no room for the batch")

    def classify(_: Alert) -> Classification:
        raise failure

    async with running_pipeline(harness, FakeClassifier(classify)) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.failures)
        assert not await pipeline.drain(0.05)
    assert harness.failures == [failure]
    assert harness.delivered == []
    assert harness.commits == []


async def test_an_unforeseen_error_in_preparation_stops_the_worker(
    harness: PipelineHarness,
) -> None:
    def prepare(_: Alert) -> None:
        raise ZeroDivisionError

    async with running_pipeline(harness, FakeClassifier(check=prepare)) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.failures)
    assert isinstance(harness.failures[0], ZeroDivisionError)
    assert harness.commits == []


async def test_after_a_failure_nothing_beyond_it_is_committed(harness: PipelineHarness) -> None:
    def classify(one: Alert) -> Classification:
        if one.candid == "2":
            raise MemoryError
        return classification(one)

    classifier = FakeClassifier(classify)
    async with running_pipeline(harness, classifier, most_together=2) as pipeline:
        await feed(pipeline, 0, 1, 2, 3, 4, 5)
        await until(lambda: len(harness.delivered) == 2)
        assert not await pipeline.drain(0.05)
    assert harness.offsets == [[0, 1], [4, 5]]
    assert harness.commits == [{PLACE: 2}]


async def test_a_batch_that_is_done_early_waits_for_those_before_it(
    harness: PipelineHarness,
) -> None:
    gate = harness.block_delivery(0)
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1, 2, 3, 4, 5)
        await until(lambda: len(harness.delivered) == 2)
        await holds_during(lambda: not harness.commits)
        gate.set()
        await until(lambda: harness.commits)
        assert harness.commits == [{PLACE: 6}]


async def test_a_commit_that_is_refused_is_made_again_without_another_message(
    harness: PipelineHarness,
) -> None:
    harness.accepts = False
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.commits)
        harness.accepts = True
        await until(lambda: len(harness.commits) == 2)
        await holds_during(lambda: len(harness.commits) == 2, 0.3)
    assert harness.commits == [{PLACE: 2}, {PLACE: 2}]


async def test_a_commit_that_raises_stops_the_worker(harness: PipelineHarness) -> None:
    harness.commit_error = RuntimeError("no coordinator")
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.failures)
        with pytest.raises(RuntimeError, match="no coordinator"):
            await pipeline.close(0.05)
        harness.commit_error = None
    assert [str(failure) for failure in harness.failures] == ["no coordinator"]


async def test_the_number_of_messages_in_flight_is_bounded(harness: PipelineHarness) -> None:
    gates = [harness.block_delivery(offset) for offset in (0, 2)]
    async with running_pipeline(harness, in_flight=5) as pipeline:
        await feed(pipeline, 0, 1, 2, 3)
        await until(lambda: harness.waiting == 2)
        blocked = asyncio.ensure_future(feed(pipeline, 4, 5))
        await until(lambda: pipeline.offset_tracker.unfinished == 5)
        await holds_during(lambda: not blocked.done() and pipeline.offset_tracker.unfinished == 5)
        gates[0].set()
        await asyncio.wait_for(blocked, 5)
        gates[1].set()
        await until(lambda: len(harness.delivered) == 3)
        assert sorted(harness.offsets) == [[0, 1], [2, 3], [4, 5]]


async def test_the_bytes_in_flight_are_bounded(harness: PipelineHarness) -> None:
    gate, size = harness.block_delivery(0), consumed_size(alert_message(0))
    async with running_pipeline(harness, in_flight_bytes=3 * size) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.waiting)
        blocked = asyncio.ensure_future(feed(pipeline, 2, 3))
        await until(lambda: pipeline.offset_tracker.unfinished == 3)
        await holds_during(lambda: not blocked.done() and pipeline.offset_tracker.unfinished == 3)
        gate.set()
        await asyncio.wait_for(blocked, 5)
        await until(lambda: harness.offsets == [[0, 1], [2, 3]])


async def test_a_message_that_is_larger_than_the_limit_passes(harness: PipelineHarness) -> None:
    async with running_pipeline(harness, size=100, in_flight_bytes=1) as pipeline:
        await asyncio.wait_for(feed(pipeline, 0, 1, 2), 5)
        await until(lambda: harness.commits)
    assert harness.offsets == [[0], [1], [2]]


async def test_a_batch_is_no_larger_than_what_may_be_in_flight(harness: PipelineHarness) -> None:
    async with running_pipeline(harness, size=100, in_flight=2) as pipeline:
        await asyncio.wait_for(feed(pipeline, 0, 1, 2, 3), 5)
        await until(lambda: len(harness.delivered) == 2)
    assert harness.offsets == [[0, 1], [2, 3]]


async def test_small_batches_that_wait_are_classified_together(harness: PipelineHarness) -> None:
    may_classify = threading.Event()

    def classify(one: Alert) -> Classification:
        assert may_classify.wait(5)
        return classification(one)

    classifier = FakeClassifier(classify)
    async with running_pipeline(harness, classifier, size=2, most_together=4) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: classifier.batches)
        await feed(pipeline, *range(2, 10))
        await until(lambda: pipeline.classify_queue.waiting == 4)
        may_classify.set()
        await until(lambda: len(harness.delivered) == 5)
        assert await pipeline.drain(5)
    assert classifier.batches == [["0", "1"], ["2", "3", "4", "5"], ["6", "7", "8", "9"]]
    assert harness.offsets == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    for batch in harness.delivered:
        offsets = [one.offset for one in batch.messages]
        assert [one.alert and one.alert.candid for one in batch.outcomes] == list(map(str, offsets))


async def test_batches_that_are_classified_together_supersede_only_their_own(
    harness: PipelineHarness,
) -> None:
    may_classify = threading.Event()

    def classify(one: Alert) -> Classification:
        assert may_classify.wait(5)
        return classification(one)

    def same_object(offset: int, mjd: float) -> Message:
        found = record(aid="AX", candid=str(offset), mjd=mjd, stamps=NO_STAMPS)
        return message(offset, container(found))

    classifier = FakeClassifier(classify)
    async with running_pipeline(harness, classifier, size=2) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: classifier.batches)
        for offset, mjd in enumerate((59003.0, 59002.0, 59001.0, 59004.0), 2):
            await pipeline.add_message(same_object(offset, mjd))
        await until(lambda: pipeline.classify_queue.waiting == 2)
        may_classify.set()
        await until(lambda: len(harness.delivered) == 3)
    assert classifier.batches == [["0", "1"], ["3", "4"]]
    kinds = [[outcome.kind.value for outcome in batch.outcomes] for batch in harness.delivered]
    assert kinds[1:] == [["superseded", "classified"], ["classified", "superseded"]]


async def test_decoding_goes_on_while_the_network_works(harness: PipelineHarness) -> None:
    may_classify, prepared = threading.Event(), threading.Event()

    def classify(one: Alert) -> Classification:
        assert may_classify.wait(5)
        return classification(one)

    def prepare(one: Alert) -> None:
        if one.candid == "2":
            prepared.set()

    async with running_pipeline(harness, FakeClassifier(classify, prepare)) as pipeline:
        await feed(pipeline, 0, 1, 2, 3)
        try:
            await until(prepared.is_set)
            assert harness.delivered == []
        finally:
            may_classify.set()
        await until(lambda: len(harness.delivered) == 2)


async def test_batches_are_classified_in_parallel_and_delivered_in_order(
    harness: PipelineHarness,
) -> None:
    both, first = threading.Barrier(2), threading.Event()

    def classify(one: Alert) -> Classification:
        if one.candid in ("0", "2"):
            both.wait(5)
        if one.candid == "0":
            assert first.wait(5)
        return classification(one)

    classifier = FakeClassifier(classify)
    async with running_pipeline(
        harness, classifier, classify_threads=2, most_together=2
    ) as pipeline:
        await feed(pipeline, 0, 1, 2, 3, 4, 5)
        try:
            # The second and third are classified while the first is not, and wait for it.
            await until(lambda: len(classifier.batches) == 3)
            await holds_during(lambda: not harness.delivered)
        finally:
            first.set()
        await until(lambda: len(harness.delivered) == 3)
    assert harness.offsets == [[0, 1], [2, 3], [4, 5]]


async def test_it_notes_its_last_activity(harness: PipelineHarness) -> None:
    async with running_pipeline(harness) as pipeline:
        before = time.monotonic()
        assert pipeline.last_activity <= before
        await feed(pipeline, 0)
        assert pipeline.last_activity >= before


async def test_a_finished_batch_is_freed_at_once(
    harness: PipelineHarness,
) -> None:
    # Memory without reference cycles is freed at once; the cyclic garbage collector may take
    # minutes.
    gc.collect()
    of_other_tests = outcomes_alive()
    gc.disable()
    try:
        async with running_pipeline(harness, size=3) as pipeline:
            for number in range(4):
                await pipeline.add_message(alert_message(3 * number))
                await pipeline.add_message(message(3 * number + 1, b"no alert"))
                await pipeline.add_message(message(3 * number + 2, container(record())[:-9]))
            await until(lambda: len(harness.delivered) == 4)
            harness.delivered.clear()
            await until(lambda: not pipeline.offset_tracker.unfinished)
            await asyncio.sleep(0)
            assert len(outcomes_alive()) == len(of_other_tests)
    finally:
        gc.enable()


def outcomes_alive() -> list[Outcome]:
    return [one for one in gc.get_objects() if isinstance(one, Outcome)]


async def test_a_partition_restarts_after_the_commit_that_is_under_way(
    harness: PipelineHarness,
) -> None:
    gate = harness.block_commits()
    async with running_pipeline(harness, size=2) as pipeline:
        await feed(pipeline, 20, 21)
        await until(lambda: harness.commits)
        restarting = asyncio.ensure_future(pipeline.restart_partition(PLACE, 0, 21))
        await holds_during(lambda: not restarting.done())
        gate.set()
        await restarting
        await feed(pipeline, 0, 1)
        await until(lambda: len(harness.commits) == 2)
    assert harness.commits == [{PLACE: 22}, {PLACE: 2}]


async def test_batches_from_before_a_restart_are_delivered_and_not_committed(
    harness: PipelineHarness,
) -> None:
    gate = harness.block_delivery(20)
    async with running_pipeline(harness, size=2) as pipeline:
        await feed(pipeline, 20, 21)
        await until(lambda: harness.waiting)
        await pipeline.restart_partition(PLACE, 0, 23)
        await feed(pipeline, 22, 23, 0, 1)
        await until(lambda: harness.commits)
        assert pipeline.offset_tracker.unfinished == 2
        gate.set()
        await until(lambda: not pipeline.offset_tracker.unfinished)
        await holds_during(lambda: harness.commits == [{PLACE: 2}], 0.4)
    assert sorted(harness.offsets) == [[0, 1], [20, 21], [22, 23]]
