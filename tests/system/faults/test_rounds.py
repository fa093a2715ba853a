"""Twenty rounds of faults lose nothing. A failure names its seed; `make soak` plays it again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.faults import tables
from tests.system.faults.alerts import Sky
from tests.system.faults.plans import plan
from tests.system.faults.rounds import play
from tests.system.faults.sites import Site, site
from tests.system.faults.skies import found_sky

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
    print(f"{tables.HEAD}\n{tables.line(report)}", file=sys.stderr)
    again = f"make soak ROUNDS=1 SEED={seed}{' QUICK=1' if quick else ''}"
    assert not report.audit.complaints, f"{report}\nAgain: {again}"
