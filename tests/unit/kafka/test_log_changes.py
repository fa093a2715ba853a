from __future__ import annotations

import pytest

from stampapp.kafka.log_changes import (
    MAX_CHANGES,
    ExpiredRange,
    LogChanges,
    LogReset,
    add_change,
    changes_since,
    decode_changes,
    describe_change,
    encode_changes,
    log_change,
)

PLACE = ("alerts", 3)
MAX_METADATA = 4096


def expired(first: int, end: int, noticed: int = 1000, count: int | None = None) -> ExpiredRange:
    return ExpiredRange(
        first=first, end=end, count=end - first if count is None else count, noticed=noticed
    )


def reset(noticed: int = 1000) -> LogReset:
    return LogReset(position=10, end=6, start=0, noticed=noticed)


def added(*changes: ExpiredRange | LogReset) -> LogChanges:
    found = LogChanges()
    for one in changes:
        found = add_change(found, one)
    return found


@pytest.mark.parametrize(
    ("position", "beginning", "end", "change"),
    [
        (5, 12, 20, expired(5, 12)),
        # Nothing is left.
        (5, 12, 12, expired(5, 12)),
        (10, 0, 6, LogReset(position=10, end=6, start=0, noticed=1000)),
        (10, 0, 0, LogReset(position=10, end=0, start=0, noticed=1000)),
        # Cut short, and grown again before its end was asked for.
        (10, 2, 11, LogReset(position=10, end=11, start=2, noticed=1000)),
    ],
)
def test_why_a_position_is_refused(
    position: int, beginning: int, end: int, change: ExpiredRange | LogReset
) -> None:
    assert log_change(position, beginning=beginning, end=end, noticed=1000) == change


def test_where_the_group_goes_on() -> None:
    assert expired(5, 12).start == 12
    assert reset().start == 0


def test_both_kinds_are_kept_in_order() -> None:
    found = added(expired(5, 12, 1), reset(2), expired(20, 30, 3))
    assert found == LogChanges(expired=(expired(5, 12, 1), expired(20, 30, 3)), resets=(reset(2),))


def test_a_range_that_is_found_again_counts_once() -> None:
    """A worker ended before it committed past the range, or a part of it was not committed."""
    assert added(expired(5, 12, 1), expired(5, 12, 2)).expired == (expired(5, 12, 2),)
    assert added(expired(5, 12, 1), expired(3, 12, 2)).expired == (expired(3, 12, 2),)
    assert added(expired(5, 12, 1), expired(5, 15, 2)).expired == (expired(5, 15, 2),)


def test_after_a_reset_the_same_offsets_are_other_messages() -> None:
    found = added(expired(5, 12, 1), reset(2), expired(5, 12, 3))
    assert found.expired == (expired(5, 12, 1), expired(5, 12, 3))


def test_the_oldest_ranges_are_joined() -> None:
    found = added(*(expired(10 * n, 10 * n + 2, n) for n in range(MAX_CHANGES + 1)))
    assert len(found.expired) == MAX_CHANGES
    assert found.expired[0] == expired(0, 12, 1, count=4)
    assert sum(one.count for one in found.expired) == 2 * (MAX_CHANGES + 1)


def test_it_fits_into_the_metadata_of_an_offset() -> None:
    size, times = 10**13, range(1_800_000_000, 1_800_000_000 + 3 * MAX_CHANGES)
    found = added(
        *(expired(size + 10 * n, size + 10 * n + 5, noticed) for n, noticed in enumerate(times)),
        *(LogReset(position=size + n, end=size, start=size, noticed=n) for n in times),
    )
    text = encode_changes(found)
    assert len(text) < MAX_METADATA / 2
    assert decode_changes(text) == found


def test_more_changes_than_are_kept_are_not_read() -> None:
    text = '{"resets":[' + ",".join(f"[{n},2,1,0]" for n in range(3, 390)) + "]}"
    assert len(decode_changes(text).resets) == MAX_CHANGES


def test_without_changes_the_metadata_is_empty() -> None:
    assert encode_changes(LogChanges()) == ""
    assert decode_changes("") == decode_changes(None) == LogChanges()


@pytest.mark.parametrize(
    "metadata",
    [
        "some words",
        "[1]",
        "7",
        '{"expired":7}',
        '{"expired":[7]}',
        '{"expired":[[1,2]]}',
        '{"expired":[["1","2","1","3"]]}',
        '{"resets":[[1,2,3,true]]}',
        '{"resets":[[1,2,3,-4]]}',
        '{"expired":[[1,2,1,' + "9" * 4000 + "]]}",
        "[" * 4000,
    ],
)
def test_the_metadata_of_other_programs_says_nothing(metadata: str) -> None:
    assert not decode_changes(metadata)


def test_changes_since_a_time() -> None:
    found = added(expired(1, 2, 1), reset(2), expired(5, 7, 3))
    assert changes_since(found, 2) == LogChanges(expired=(expired(5, 7, 3),), resets=(reset(2),))
    assert changes_since(found, 0) == found
    assert not changes_since(found, 4)


def test_descriptions() -> None:
    assert describe_change(PLACE, expired(5, 12)) == (
        "7 messages expired unread: offsets 5-11 of alerts:3 were removed before they were consumed"
    )
    assert "4 messages expired unread: among offsets 0-11 of" in describe_change(
        PLACE, expired(0, 12, count=4)
    )
    assert describe_change(PLACE, reset()) == (
        "the log of alerts:3 was cut short: the group was at offset 10, and the log ended at 6; it"
        " is consumed again from offset 0"
    )
