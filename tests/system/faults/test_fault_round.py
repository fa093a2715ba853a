"""Twenty rounds of faults lose nothing. A failure names its seed; `make soak` plays it again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.faults import report_table
from tests.system.faults.alert_source import found_sky
from tests.system.faults.alerts import Sky
from tests.system.faults.fault_plan import plan
from tests.system.faults.fault_round import play
from tests.system.faults.kafka_clusters import Site, site

ROUNDS = 20
# In one round a broker is away for a whole minute; the others are quick, since tests should end.
WHOLE_MINUTE = 5


@pytest.fixture(scope="module")
def brokers() -> Iterator[Site]:
    with site() as found:
        yield found


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Sky:
    return found_sky(tmp_path_factory.mktemp("sky") / "sky")


@pytest.mark.parametrize("seed", range(1, ROUNDS + 1), ids="seed-{}".format)
def test_a_round_loses_nothing(seed: int, brokers: Site, sky: Sky, tmp_path: Path) -> None:
    quick = seed != WHOLE_MINUTE
    report = play(brokers, plan(seed, quick=quick), sky, tmp_path / "round")
    print(f"{report_table.HEAD}\n{report_table.line(report)}", file=sys.stderr)
    again = f"make soak ROUNDS=1 SEED={seed}{' QUICK=1' if quick else ''}"
    assert not report.audit.complaints, f"{report}\nAgain: {again}"
