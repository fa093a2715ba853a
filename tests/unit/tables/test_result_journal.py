from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stampapp.errors import BadAlert, ConfigError
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.results.summary import Summary
from stampapp.tables.result_journal import ResultJournal
from tests.support.alerts import alert
from tests.support.fake_classifier import classification
from tests.support.full_disk import files_of_at_most

RUN = {"model": "fake 1.2.3", "files": "a.avro"}
FIRST = Summary(read=3, classified=2)
SECOND = Summary(read=5, classified=2, errors=2)


def classified(candid: str) -> AlertResult:
    of = alert(candid=candid)
    done = Outcome(kind=OutcomeKind.CLASSIFIED, alert=of, classification=classification(of))
    return alert_result(done, "fake", "1.2.3")


def failed() -> AlertResult:
    error = BadAlert("empty", "it has no value")
    return alert_result(Outcome(kind=OutcomeKind.DEAD_LETTERED, error=error), "fake", "1.2.3")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "night.fits"


@contextmanager
def journal(table: Path, *, resume: bool = False, **changes: str) -> Iterator[ResultJournal]:
    opened = ResultJournal(table, RUN | changes, resume=resume)
    try:
        yield opened
    finally:
        opened.close()


def two_batches(table: Path) -> ResultJournal:
    with journal(table) as begun:
        begun.append([classified("1"), classified("2")], FIRST)
        begun.append([failed(), failed()], SECOND)
    return begun


def test_what_was_appended_comes_back_when_it_is_resumed(table: Path) -> None:
    begun = two_batches(table)
    with journal(table, resume=True) as resumed:
        assert resumed.summary == SECOND
        assert abs((resumed.created - begun.created).total_seconds()) < 1
        assert list(resumed.results()) == [classified("1"), classified("2"), failed(), failed()]
        resumed.append([classified("6")], Summary(read=6, classified=3, errors=2))
        assert [one.candid for one in resumed.results()] == ["1", "2", None, None, "6"]
        resumed.delete()
    assert list(table.parent.iterdir()) == []


# Without its last byte, the line is still valid JSON; the next one must not follow in it.
@pytest.mark.parametrize("cut", [1, 20])
def test_the_rest_of_a_line_that_a_killed_process_left_is_cut_off(table: Path, cut: int) -> None:
    begun = two_batches(table)
    begun.path.write_bytes(begun.path.read_bytes()[:-cut])
    with journal(table, resume=True) as resumed:
        assert resumed.summary == FIRST
        resumed.append([classified("4")], Summary(read=4, classified=3))
    with journal(table, resume=True) as again:
        assert [one.candid for one in again.results()] == ["1", "2", "4"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"identity"'])
def test_a_journal_without_a_whole_first_line_is_begun_again(table: Path, content: bytes) -> None:
    with journal(table) as begun:
        pass
    begun.path.write_bytes(content)
    with journal(table, resume=True) as resumed:
        assert resumed.summary == Summary()
        resumed.append([classified("1")], FIRST)
        assert [one.candid for one in resumed.results()] == ["1"]


@pytest.mark.parametrize("content", [b"[]\n", b"no journal\n", b"\xff\n", b'{"identity": 1}\n'])
def test_a_damaged_journal_is_named(table: Path, content: bytes) -> None:
    with journal(table) as begun:
        pass
    begun.path.write_bytes(content)
    with (
        pytest.raises(ConfigError, match=r"\.night\.fits\.unfinished is damaged: delete it"),
        journal(table, resume=True),
    ):
        pass


def test_resuming_begins_where_there_is_no_journal(table: Path) -> None:
    with journal(table, resume=True) as begun:
        assert begun.summary == Summary()


def test_an_unfinished_table_is_not_begun_again_by_mistake(table: Path) -> None:
    two_batches(table)
    with (
        pytest.raises(ConfigError, match=r"go on with --resume, or delete .*\.unfinished"),
        journal(table),
    ):
        pass


def test_the_results_of_another_run_are_not_added_to(table: Path) -> None:
    two_batches(table)
    with (
        pytest.raises(ConfigError, match="because model changed"),
        journal(table, resume=True, model="fake 1.2.4"),
    ):
        pass
    with journal(table, resume=True) as resumed:
        assert resumed.summary == SECOND


def test_two_processes_do_not_write_one_table(table: Path) -> None:
    with (
        journal(table),
        pytest.raises(ConfigError, match=r"another process is writing .*night\.fits"),
        journal(table, resume=True),
    ):
        pass
    with journal(table, resume=True):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match=r"night\.csv cannot be written \(.*: No such file"),
        journal(tmp_path / "nowhere" / "night.csv"),
    ):
        pass


def test_a_full_disk_is_named_and_what_was_written_before_stays(table: Path) -> None:
    size = two_batches(table).path.stat().st_size
    with (
        files_of_at_most(size + 10),
        journal(table, resume=True) as resumed,
        pytest.raises(ConfigError, match=r"unfinished cannot be written: File too large"),
    ):
        resumed.append([classified("6")], Summary(read=6, classified=3, errors=2))
    assert resumed.path.stat().st_size == size + 10
    with journal(table, resume=True) as again:
        assert again.summary == SECOND
