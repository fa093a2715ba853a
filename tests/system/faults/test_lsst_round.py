"""Workers for LSST wait for their registry, are killed meanwhile, and lose nothing.

They have a shadow model.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.lsst_packets import own_schemas
from tests.system.faults import report_table
from tests.system.faults.kafka_clusters import start_clusters
from tests.system.faults.lsst_round import quick_plan, run_lsst_round


def test_a_round_with_a_registry_that_goes_away_loses_nothing(
    lsst_model: Path, tmp_path: Path
) -> None:
    with start_clusters() as clusters:
        report = run_lsst_round(
            clusters,
            quick_plan(),
            tmp_path / "round",
            schemas=own_schemas(12),
            model=lsst_model,
            different=60,
            shadow=True,
        )
    print(f"{report_table.HEAD}\n{report_table.line(report)}", file=sys.stderr)
    assert not report.audit.problems, report
    waits = [event for event in report.events if "waits for the registry" in event]
    assert len(waits) == 1, report
    # The worker that was killed; one that is terminated ends with 0.
    assert -9 in report.exit_codes
