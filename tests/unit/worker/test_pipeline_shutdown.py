"""A pipeline is drained, forgets partitions, and is closed."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from stampapp.alerts.alert import Alert
from stampapp.results.outcome import Classification
from tests.support.fake_classifier import FakeClassifier, classification
from tests.support.pipeline_harness import (
    PLACE,
    PipelineHarness,
    feed,
    holds_during,
    running_pipeline,
    until,
)


@pytest.fixture
def harness() -> PipelineHarness:
    return PipelineHarness()


def blocked_classifier() -> tuple[FakeClassifier, threading.Event]:
    """Return a classifier that waits until the event is set."""
    may_classify = threading.Event()

    def classify(one: Alert) -> Classification:
        assert may_classify.wait(5)
        return classification(one)

    return FakeClassifier(classify), may_classify


async def test_drain_finishes_and_commits_a_batch_that_is_not_full(
    harness: PipelineHarness,
) -> None:
    async with running_pipeline(harness, size=100) as pipeline:
        await feed(pipeline, 0, 1, 2)
        assert await pipeline.drain(5.0)
        assert harness.events[0] == "delivered 0"
        assert harness.commits == [{PLACE: 3}]
        assert pipeline.offset_tracker.unfinished == 0


async def test_draining_an_empty_pipeline_is_immediate(harness: PipelineHarness) -> None:
    async with running_pipeline(harness) as pipeline:
        assert await pipeline.drain(0.5)
    assert harness.events == []


async def test_drain_commits_what_is_done_and_returns_false_after_the_time_limit(
    harness: PipelineHarness,
) -> None:
    harness.block_delivery(2)
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1, 2, 3)
        await until(lambda: harness.waiting)
        assert not await pipeline.drain(0.05)
        assert harness.commits == [{PLACE: 2}]
        assert pipeline.offset_tracker.unfinished == 2


async def test_forgotten_messages_whose_delivery_has_started_finish_without_a_commit(
    harness: PipelineHarness,
) -> None:
    gate = harness.block_delivery(0)
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1, 2)
        await until(lambda: harness.waiting)
        pipeline.forget_partitions()
        assert pipeline.offset_tracker.unfinished == 0
        gate.set()
        await until(lambda: harness.delivered)
        await holds_during(lambda: not harness.commits, 0.3)
        assert harness.offsets == [[0, 1]]
        assert harness.failures == []


async def test_batches_that_wait_for_the_network_are_drained(harness: PipelineHarness) -> None:
    classifier, may_classify = blocked_classifier()
    async with running_pipeline(harness, classifier) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: classifier.batches)
        await feed(pipeline, 2, 3, 4, 5, 6)
        await until(lambda: pipeline.classify_queue.waiting == 2)
        assert not await pipeline.drain(0.05)
        assert harness.commits == []
        may_classify.set()
        assert await pipeline.drain(5)
    assert harness.offsets == [[0, 1], [2, 3], [4, 5], [6]]
    assert harness.commits[-1] == {PLACE: 7}


async def test_batches_that_are_forgotten_before_they_are_classified_are_not_delivered(
    harness: PipelineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    classifier, may_classify = blocked_classifier()
    async with running_pipeline(harness, classifier) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: classifier.batches)
        await feed(pipeline, 2, 3)
        await until(lambda: pipeline.classify_queue.waiting == 1)
        pipeline.forget_partitions()
        await feed(pipeline, 100, 101)
        await until(lambda: pipeline.classify_queue.waiting == 2)
        may_classify.set()
        await until(lambda: harness.commits)
    assert harness.offsets == [[100, 101]]
    assert caplog.messages == ["Interrupted by a rebalance: 2 messages, consumed again"] * 2
    assert classifier.batches == [["0", "1"], ["2", "3", "100", "101"]]
    assert harness.commits == [{PLACE: 102}]
    assert harness.failures == []


async def test_forgotten_messages_make_room_for_others(harness: PipelineHarness) -> None:
    async with running_pipeline(harness, size=3, in_flight=4) as pipeline:
        gate = harness.block_delivery(0)
        await feed(pipeline, 0, 1, 2)
        await until(lambda: harness.waiting)
        blocked = asyncio.ensure_future(feed(pipeline, 3))
        await holds_during(lambda: not blocked.done(), 0.05)
        pipeline.forget_partitions()
        await asyncio.wait_for(blocked, 5)
        gate.set()
        await until(lambda: harness.delivered)
        await asyncio.wait_for(feed(pipeline, 10, 11, 12), 5)
        await until(lambda: harness.offsets == [[0, 1, 2], [10, 11, 12]])


async def test_partitions_that_return_are_consumed_again(harness: PipelineHarness) -> None:
    gate = harness.block_delivery(4)
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 4, 5)
        await until(lambda: harness.waiting)
        pipeline.forget_partitions()
        await feed(pipeline, 2, 3)
        await until(lambda: harness.commits)
        gate.set()
        await until(lambda: len(harness.delivered) == 2)
        await holds_during(lambda: harness.commits == [{PLACE: 4}])


async def test_a_late_result_confirms_no_message_consumed_since(harness: PipelineHarness) -> None:
    # The partition returns, and its topic was deleted and created again meanwhile.
    before = harness.block_delivery(0)
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.waiting)
        pipeline.forget_partitions()
        del harness.blocked[0]
        after = harness.block_delivery(0)
        await feed(pipeline, 0, 1)
        before.set()
        await until(lambda: len(harness.delivered) == 1)
        await holds_during(lambda: not harness.commits and pipeline.offset_tracker.unfinished == 2)
        after.set()
        await until(lambda: harness.commits == [{PLACE: 2}])


async def test_a_closed_pipeline_takes_nothing_more(harness: PipelineHarness) -> None:
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0)
        assert await pipeline.close(5.0)
        await feed(pipeline, 1, 2)
        assert pipeline.offset_tracker.unfinished == 0
    assert harness.offsets == [[0]]
    assert harness.commits == [{PLACE: 1}]


async def test_close_abandons_what_the_time_limit_does_not_allow(harness: PipelineHarness) -> None:
    harness.block_delivery(0)
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.waiting)
        assert not await pipeline.close(0.05)
        await asyncio.sleep(0)
        assert pipeline.offset_tracker.unfinished == 2
    assert harness.delivered == []
    assert harness.commits == []
    assert harness.failures == []


async def test_closing_without_a_time_limit_commits_nothing(harness: PipelineHarness) -> None:
    gate = harness.block_delivery(0)
    async with running_pipeline(harness) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: harness.waiting)
        assert not await pipeline.close(None)
        gate.set()
        await asyncio.sleep(0.05)
    assert harness.delivered == []
    assert harness.commits == []


async def test_closing_does_not_wait_for_a_commit_that_the_cluster_does_not_answer(
    harness: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stampapp.worker.pipeline.COMMIT_TIMEOUT", 0.05)
    harness.commits_allowed.clear()
    async with running_pipeline(harness, size=1) as pipeline:
        await feed(pipeline, 0)
        await until(lambda: harness.commits)
        async with asyncio.timeout(5):
            assert not await pipeline.close(0.05)
