"""How a pipeline ends: drained, made to forget, closed."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.pipeline_harness import PLACE, Surroundings, feed, running, stays, until


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


async def test_to_drain_finishes_and_commits_a_batch_that_is_not_full(
    around: Surroundings,
) -> None:
    async with running(around, size=100) as pipeline:
        await feed(pipeline, 0, 1, 2)
        assert await pipeline.drain(5.0)
        assert around.events[0] == "delivered 0"
        assert around.commits == [{PLACE: 3}]
        assert pipeline.offset_tracker.unfinished == 0


async def test_to_drain_an_empty_pipeline_is_done_at_once(around: Surroundings) -> None:
    async with running(around) as pipeline:
        assert await pipeline.drain(0.5)
    assert around.events == []


async def test_to_drain_commits_what_is_done_and_tells_that_patience_ended(
    around: Surroundings,
) -> None:
    around.hold(2)
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1, 2, 3)
        await until(lambda: around.waiting)
        assert not await pipeline.drain(0.05)
        assert around.commits == [{PLACE: 2}]
        assert pipeline.offset_tracker.unfinished == 2


async def test_what_was_forgotten_can_finish_without_a_commit(around: Surroundings) -> None:
    gate = around.hold(0)
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1, 2)
        await until(lambda: around.waiting)
        pipeline.forget_partitions()
        assert pipeline.offset_tracker.unfinished == 0
        gate.set()
        await until(lambda: around.delivered)
        await stays(lambda: not around.commits, 0.3)
        assert around.offsets == [[0, 1]]
        assert around.failures == []


async def test_partitions_that_come_back_are_worked_on_anew(around: Surroundings) -> None:
    gate = around.hold(4)
    async with running(around) as pipeline:
        await feed(pipeline, 4, 5)
        await until(lambda: around.waiting)
        pipeline.forget_partitions()
        await feed(pipeline, 2, 3)
        await until(lambda: around.commits)
        gate.set()
        await until(lambda: len(around.delivered) == 2)
        await stays(lambda: around.commits == [{PLACE: 4}])


async def test_a_closed_pipeline_takes_nothing_more(around: Surroundings) -> None:
    async with running(around) as pipeline:
        await feed(pipeline, 0)
        assert await pipeline.close(5.0)
        await feed(pipeline, 1, 2)
        assert pipeline.offset_tracker.unfinished == 0
    assert around.offsets == [[0]]
    assert around.commits == [{PLACE: 1}]


async def test_to_close_abandons_what_patience_does_not_allow(around: Surroundings) -> None:
    around.hold(0)
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: around.waiting)
        assert not await pipeline.close(0.05)
        await asyncio.sleep(0)
        assert pipeline.offset_tracker.unfinished == 2
    assert around.delivered == []
    assert around.commits == []
    assert around.failures == []


async def test_to_close_without_patience_commits_nothing(around: Surroundings) -> None:
    gate = around.hold(0)
    async with running(around) as pipeline:
        await feed(pipeline, 0, 1)
        await until(lambda: around.waiting)
        assert not await pipeline.close(None)
        gate.set()
        await asyncio.sleep(0.05)
    assert around.delivered == []
    assert around.commits == []
