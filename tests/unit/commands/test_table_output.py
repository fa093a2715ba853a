from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.batch import BATCH_SIZE
from stampapp.commands.classify import classify_files
from stampapp.commands.table_output import TableOutput, run_identity
from stampapp.errors import ConfigError
from stampapp.results.outcome import Classification
from stampapp.results.summary import Summary
from stampapp.tables.result_journal import ResultJournal
from tests.support.alerts import container, record
from tests.support.fake_classifier import FakeClassifier, classification

STAMPLESS = dict.fromkeys(("science", "template", "difference"))
COUNT = 2 * BATCH_SIZE + 10
# Of the first batch, the second and the third.
STOPS = (3, BATCH_SIZE + 100, 2 * BATCH_SIZE)


def small(number: int, **changes: object) -> dict[str, Any]:
    return record(stamps=STAMPLESS, candid=str(number), **changes)


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    """Alerts of which every tenth is of one object, the last of these being the earliest."""
    objects = ["same" if number % 10 == 0 else f"A{number}" for number in range(COUNT)]
    path = tmp_path / "many.avro"
    path.write_bytes(container(*(small(n, aid=aid, mjd=1e4 - n) for n, aid in enumerate(objects))))
    return path


def interrupted_at(candid: int | None) -> FakeClassifier:
    """Return a classifier that gets a signal while it classifies this alert."""

    def answer(of: Alert) -> Classification:
        if of.candid == str(candid):
            os.kill(os.getpid(), signal.SIGINT)
        return classification(of)

    return FakeClassifier(answer)


def run(
    alerts: Path, table: Path, *, stop: int | None = None, resume: bool = True, every: bool = True
) -> tuple[Summary, str]:
    classifier = interrupted_at(stop)
    identity = run_identity([alerts], classifier, **{"--every-alert": every})
    journal = ResultJournal(table, identity, resume=resume)
    try:
        output = TableOutput(table, journal, classifier, Survey.ZTF)
        summary = classify_files(
            [alerts], classifier, output, every_alert=every, before=output.before
        )
        return summary, output.finish(summary)
    finally:
        journal.close()


def candids(table: Path) -> list[int]:
    return [int(candid) for candid in Table.read(table)["candid"]]


@pytest.mark.parametrize("every", [True, False])
def test_an_interrupted_run_goes_on_with_every_alert_once(
    every: bool, alerts: Path, tmp_path: Path
) -> None:
    table, whole = tmp_path / "night.ecsv", tmp_path / "whole.ecsv"
    expected, _ = run(alerts, whole, every=every)
    done = 0
    for stop in STOPS:
        # A signal while a batch is classified drops that batch, which comes again.
        candid = stop + 1 if stop % 10 == 0 else stop
        summary, said = run(alerts, table, stop=candid, every=every)
        assert summary.stopped == "by a signal"
        if not summary.read:
            assert said == f"{table} was not written."
            assert not table.exists()
            continue
        rows = candids(table)
        assert summary.read >= len(rows) >= done
        done = len(rows)
        assert said == f"{table} has {done} results so far; --resume goes on with the others."
        assert rows == candids(whole)[:done]
    assert done
    summary, said = run(alerts, table, every=every)
    assert summary == expected
    assert said == f"{table} has {len(candids(whole))} results."
    assert candids(table) == candids(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("many.avro", "night.ecsv", "whole.ecsv")
    ]


def test_a_name_that_is_not_utf_8_is_classified_and_readable(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"n\xff\xe9t.avro")
    path.write_bytes(container(small(1))[:-30])
    for suffix in ("parquet", "csv", "ecsv", "vot", "fits"):
        table = tmp_path / os.fsdecode(b"t\xff." + suffix.encode())
        _, said = run(path, table)
        assert said == f"{table} has 1 result."
        (error,) = Table.read(table)["error"]
        # FITS has ASCII only, and reads as bytes.
        assert "/n\\xff\\xe9t.avro: " in str(error)


def test_superseded_alerts_have_no_row(alerts: Path, tmp_path: Path) -> None:
    summary, _ = run(alerts, tmp_path / "night.ecsv", every=False)
    same = list(range(0, COUNT, 10))
    expected = [number for number in range(COUNT) if number not in same[:-1]]
    assert candids(tmp_path / "night.ecsv") == expected
    assert summary == Summary(read=COUNT, classified=len(expected))


def test_a_stop_before_anything_is_read_leaves_an_older_table(alerts: Path, tmp_path: Path) -> None:
    table = tmp_path / "night.csv"
    table.write_text("of another night")
    # While the objects are read, before anything is classified.
    summary, said = run(alerts, table, stop=0)
    assert (summary.read, said) == (0, f"{table} was not written.")
    assert table.read_text() == "of another night"
    assert not list(tmp_path.glob(".*"))


def test_other_files_or_another_model_are_refused(alerts: Path, tmp_path: Path) -> None:
    table = tmp_path / "night.csv"
    run(alerts, table, stop=BATCH_SIZE + 1)
    with pytest.raises(ConfigError, match="because --every-alert changed"):
        run(alerts, table, every=False)
    alerts.write_bytes(alerts.read_bytes()[:-1])
    with pytest.raises(ConfigError, match=r"because the files .* changed"):
        run(alerts, table)
