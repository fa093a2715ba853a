from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stampapp.worker.offset_tracker import FetchedRange, OffsetTracker
from tests.support.alerts import message

PLACE = ("alerts", 0)


def taken(*offsets: int) -> OffsetTracker:
    tracker = OffsetTracker()
    for offset in offsets:
        tracker.add(message(offset))
    return tracker


def test_nothing_is_committable_before_the_first_is_confirmed() -> None:
    tracker = taken(5, 6)
    assert tracker.committable() == {}
    tracker.confirm([message(6)])
    assert tracker.committable() == {}
    assert tracker.unfinished == 2


def test_it_never_commits_past_an_unconfirmed_offset() -> None:
    tracker = taken(5, 6, 7, 8)
    tracker.confirm([message(5), message(7), message(8)])
    assert tracker.committable() == {PLACE: 6}
    tracker.confirm([message(6)])
    assert tracker.committable() == {PLACE: 9}
    assert tracker.unfinished == 0


def test_offsets_that_the_topic_does_not_have_do_not_block() -> None:
    """Compaction and transaction markers leave gaps."""
    tracker = taken(3, 10, 11)
    tracker.confirm([message(10), message(3)])
    assert tracker.committable() == {PLACE: 11}


def test_offset_zero_can_be_committed() -> None:
    tracker = taken(0)
    tracker.confirm([message(0)])
    assert tracker.committable() == {PLACE: 1}


def test_partitions_and_topics_do_not_wait_for_each_other() -> None:
    first, second = message(0), message(0, partition=1)
    third = message(7, topic="others")
    tracker = OffsetTracker()
    for one in (first, second, third):
        tracker.add(one)
    tracker.confirm([second, third])
    assert tracker.committable() == {("alerts", 1): 1, ("others", 0): 8}


def test_what_the_broker_has_accepted_is_not_committed_again() -> None:
    tracker = taken(0, 1)
    tracker.confirm([message(0)])
    tracker.mark_committed(tracker.committable())
    assert tracker.committable() == {}
    tracker.confirm([message(1)])
    assert tracker.committable() == {PLACE: 2}


def test_what_was_not_accepted_stays_committable() -> None:
    tracker = taken(0)
    tracker.confirm([message(0)])
    assert tracker.committable() == tracker.committable() == {PLACE: 1}


def test_how_many_offsets_were_not_taken() -> None:
    tracker = taken(5, 6)
    assert tracker.not_taken({PLACE: 10, ("alerts", 1): 99}) == 3
    tracker.confirm([message(5), message(6)])
    assert tracker.not_taken({PLACE: 10}) == 3
    assert tracker.not_taken({PLACE: 7}) == 0
    assert tracker.not_taken({PLACE: 6}) == 0


steps = st.lists(
    st.tuples(st.sampled_from(["take", "settle", "commit"]), st.integers(0, 2), st.integers(0, 40)),
    max_size=80,
)


@settings(max_examples=300, deadline=None)
@given(steps, st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_any_interleaving_commits_the_contiguous_prefix(
    history: list[tuple[str, int, int]], gaps: list[int]
) -> None:
    """`taken` and `settled` are a slow reference implementation of the tracker."""
    tracker = OffsetTracker()
    line: dict[int, list[int]] = {0: [], 1: [], 2: []}
    settled: dict[int, set[int]] = {0: set(), 1: set(), 2: set()}
    accepted = dict.fromkeys(line, 0)
    for what, partition, number in history:
        offsets = line[partition]
        if what == "take":
            offsets.append(offsets[-1] + 1 + gaps[partition] if offsets else number)
            tracker.add(message(offsets[-1], partition=partition))
        elif what == "settle" and offsets:
            chosen = offsets[number % len(offsets)]
            settled[partition].add(chosen)
            tracker.confirm([message(chosen, partition=partition)])
        elif what == "commit":
            found = tracker.committable()
            tracker.mark_committed(found)
            accepted |= {place[1]: offset for place, offset in found.items()}
        expected = {n: prefix(line[n], settled[n]) for n in line}
        assert tracker.committable() == {
            ("alerts", n): end for n, end in expected.items() if end > accepted[n]
        }
        assert tracker.unfinished == sum(
            sum(offset >= expected[n] for offset in line[n]) for n in line
        )


def prefix(offsets: list[int], settled: set[int]) -> int:
    """The offset after the last one before which all are settled; 0 where there is none."""
    end = 0
    for offset in offsets:
        if offset not in settled:
            break
        end = offset + 1
    return end


def test_offsets_consumed_again_must_be_confirmed_again() -> None:
    tracker = OffsetTracker()
    for offset in (10, 11, 12):
        tracker.add(message(offset))
    tracker.confirm([message(12)])
    # The partition came back from its committed offset, before any of these was confirmed.
    tracker.add(message(9))
    assert tracker.committable() == {}
    assert tracker.unfinished == 1
    tracker.confirm([message(9)])
    assert tracker.committable() == {("alerts", 0): 10}


def test_how_far_it_is_behind_the_ends() -> None:
    tracker = taken(5, 6)
    ends = {PLACE: 10, ("alerts", 1): 50}
    # Of partition 1 nothing was taken yet: where it stands is not known.
    assert tracker.not_taken(ends) == 3
    assert tracker.not_taken({PLACE: 7}) == 0
    assert tracker.not_taken({PLACE: 0}) == 0


def test_the_lag_counts_from_what_is_confirmed() -> None:
    tracker = OffsetTracker()
    for offset in (4, 5, 6):
        tracker.add(message(offset))
    ends = {("alerts", 0): 10, ("alerts", 1): 3}
    assert tracker.lags(ends) == {("alerts", 0): 6}
    tracker.confirm([message(5)])
    assert tracker.lags(ends) == {("alerts", 0): 6}
    tracker.confirm([message(4), message(6)])
    assert tracker.lags(ends) == {("alerts", 0): 3}
    assert tracker.lags({("alerts", 0): 0}) == {("alerts", 0): 0}


def test_after_a_restart_lower_offsets_are_committed() -> None:
    tracker = taken(20, 21)
    tracker.confirm([message(20), message(21)])
    tracker.mark_committed(tracker.committable())
    tracker.restart(PLACE, 0, last_consumed=21)
    assert tracker.committable() == {}
    tracker.add(message(0))
    tracker.confirm([message(0)])
    assert tracker.committable() == {PLACE: 1}


def test_messages_from_before_a_restart_are_not_committed() -> None:
    tracker = taken(20, 21)
    tracker.confirm([message(21)])
    # 22 and 23 are consumed, and wait to be added.
    tracker.restart(PLACE, 0, last_consumed=23)
    for offset in (22, 23, 0, 1):
        tracker.add(message(offset))
    assert tracker.unfinished == 5
    tracker.confirm([message(20), message(22), message(23)])
    assert tracker.committable() == {}
    assert tracker.unfinished == 2
    tracker.confirm([message(0), message(1)])
    assert tracker.committable() == {PLACE: 2}
    assert tracker.unfinished == 0


def test_a_message_from_before_does_not_confirm_its_successor_at_the_same_offset() -> None:
    tracker = taken(1, 2)
    tracker.restart(PLACE, 0, last_consumed=2)
    for offset in (0, 1, 2):
        tracker.add(message(offset))
    tracker.confirm([message(0), message(1)])
    tracker.confirm([message(2)])
    assert tracker.committable() == {PLACE: 1}
    tracker.confirm([message(1), message(2)])
    assert tracker.committable() == {PLACE: 3}


def test_a_restart_before_anything_was_consumed() -> None:
    tracker = OffsetTracker()
    tracker.restart(PLACE, 3, last_consumed=None)
    assert tracker.lags({PLACE: 10}) == {PLACE: 7}
    tracker.add(message(4))
    tracker.confirm([message(4)])
    assert tracker.committable() == {PLACE: 5}


def test_a_restart_soon_after_another() -> None:
    tracker = taken(20)
    tracker.restart(PLACE, 0, last_consumed=22)
    tracker.restart(PLACE, 0, last_consumed=1)
    for offset in (21, 22, 0, 1, 0):
        tracker.add(message(offset))
    assert tracker.unfinished == 6
    tracker.confirm([message(n) for n in (20, 21, 22, 0, 1)])
    assert tracker.committable() == {}
    tracker.confirm([message(0)])
    assert tracker.committable() == {PLACE: 1}


def test_a_gap_is_committed_when_the_message_after_it_is_confirmed() -> None:
    tracker = taken(4)
    tracker.confirm([message(4)])
    tracker.add(message(12))
    assert tracker.committable() == {PLACE: 5}
    tracker.confirm([message(12)])
    assert tracker.committable() == {PLACE: 13}


def fetched(empty_from: int, end: int, start: int | None = None) -> FetchedRange:
    return FetchedRange(partition=PLACE, empty_from=empty_from, end=end, start=start)


def test_offsets_without_a_message_at_the_end_are_passed_once_all_before_is_confirmed() -> None:
    tracker = OffsetTracker()
    # The fetch is known before its messages come.
    tracker.add_fetched(fetched(7, 9, start=5))
    assert tracker.lags({PLACE: 9}) == {PLACE: 4}
    assert tracker.committable() == {}
    for offset in (5, 6):
        tracker.add(message(offset))
    assert tracker.not_taken({PLACE: 9}) == 0
    tracker.confirm([message(6)])
    assert tracker.committable() == {}
    assert tracker.lags({PLACE: 9}) == {PLACE: 4}
    tracker.confirm([message(5)])
    assert tracker.committable() == {PLACE: 9}
    assert tracker.lags({PLACE: 9}) == {PLACE: 0}


def test_ranges_that_follow_each_other_are_passed_together() -> None:
    tracker = OffsetTracker()
    tracker.add_fetched(fetched(5, 7, start=5))
    assert tracker.committable() == {PLACE: 7}
    tracker.add_fetched(fetched(7, 9))
    tracker.add_fetched(fetched(9, 10))
    assert tracker.committable() == {PLACE: 10}
    assert tracker.lags({PLACE: 10}) == {PLACE: 0}


def test_a_range_does_not_hide_messages_that_are_still_on_their_way() -> None:
    tracker = OffsetTracker()
    tracker.add_fetched(fetched(8, 8, start=5))
    tracker.add_fetched(fetched(8, 9))
    assert tracker.committable() == {}
    tracker.add(message(5))
    tracker.confirm([message(5)])
    assert tracker.committable() == {PLACE: 6}


def test_without_a_start_nothing_proves_that_there_is_no_message_before_a_range() -> None:
    tracker = OffsetTracker()
    tracker.add_fetched(fetched(9, 10))
    assert tracker.committable() == {}
    assert tracker.lags({PLACE: 10}) == {}


def test_a_start_in_another_place_drops_what_was_known() -> None:
    tracker = taken(5, 6)
    tracker.add_fetched(fetched(7, 9))
    # Another log: there is a message at offset 7.
    tracker.add_fetched(fetched(3, 3, start=0))
    for offset in range(8):
        tracker.add(message(offset))
        tracker.confirm([message(offset)])
    assert tracker.committable() == {PLACE: 8}


def test_offsets_without_a_message_are_passed_after_a_restart() -> None:
    tracker = taken(20, 21)
    tracker.restart(PLACE, 0, last_consumed=22)
    tracker.add_fetched(fetched(0, 2, start=0))
    assert tracker.committable() == {PLACE: 2}
    # From before the restart.
    tracker.add(message(22))
    tracker.confirm([message(20), message(21), message(22)])
    assert tracker.committable() == {PLACE: 2}


def test_a_start_is_not_committed() -> None:
    tracker = OffsetTracker()
    tracker.add_fetched(fetched(5, 5, start=5))
    assert tracker.committable() == {}
    assert tracker.lags({PLACE: 5}) == {PLACE: 0}


@settings(max_examples=200)
@given(st.data())
def test_nothing_is_committed_past_an_unconfirmed_message_whatever_is_empty(
    data: st.DataObject,
) -> None:
    """A random log, fetched in random pieces, added late and confirmed in any order."""
    has_message = data.draw(st.lists(st.booleans(), min_size=1, max_size=30))
    tracker, position = OffsetTracker(), 0
    queue: list[int] = []
    added: list[int] = []
    done: set[int] = set()
    while position < len(has_message) or queue or len(done) < sum(has_message):
        action = data.draw(st.sampled_from(["fetch", "add", "confirm"]))
        if action == "fetch" and position < len(has_message):
            end = data.draw(st.integers(position + 1, len(has_message)))
            found = [n for n in range(position, end) if has_message[n]]
            start = 0 if position == 0 else None
            tracker.add_fetched(fetched(found[-1] + 1 if found else position, end, start))
            queue += found
            position = end
        elif action == "add" and queue:
            added.append(queue.pop(0))
            tracker.add(message(added[-1]))
        elif action == "confirm" and (open_ones := [n for n in added if n not in done]):
            just_done = data.draw(st.sampled_from(open_ones))
            done.add(just_done)
            tracker.confirm([message(just_done)])
        committed = tracker.committable().get(PLACE, 0)
        assert all(n in done for n in range(committed) if has_message[n])
    assert tracker.committable() == {PLACE: len(has_message)}
    assert tracker.lags({PLACE: len(has_message)}) == {PLACE: 0}
