"""Run fault rounds (`--rounds 50`), one of LSST (`--packets 5000`) or a soak (`--minutes 30`)."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from tests.system.faults import report_table
from tests.system.faults.alert_source import real_or_simulated_alerts
from tests.system.faults.alerts import AlertFile
from tests.system.faults.fault_plan import Plan, plan
from tests.system.faults.fault_round import Report, run_round
from tests.system.faults.kafka_clusters import Clusters, start_clusters
from tests.system.faults.lsst_round import MODEL, REAL, all_schemas, long_plan, run_lsst_round
from tests.system.faults.soak import MEMORY, soak


def main() -> int:
    options = parser().parse_args()
    # Ends the blocks below, and the workers with them, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with scratch_folder() as folder, start_clusters() as clusters:
        if options.packets:
            return run_packets(options, clusters, folder)
        alert_file = real_or_simulated_alerts(
            folder / "alert_file", options.max_detections, shadow=options.shadow
        )
        return (run_soak if options.minutes else run_rounds)(options, clusters, alert_file, folder)


def run_soak(
    options: argparse.Namespace, clusters: Clusters, alert_file: AlertFile, folder: Path
) -> int:
    found = soak(
        clusters,
        alert_file,
        folder / "soak",
        minutes=options.minutes,
        seed=options.seed,
        limit=options.memory,
        report=lambda text: print(f"{datetime.now():%H:%M:%S}  {text}", flush=True),
    )
    print(found)
    return int(bool(found.problems))


def run_rounds(
    options: argparse.Namespace, clusters: Clusters, alert_file: AlertFile, folder: Path
) -> int:
    seeds = range(options.seed, options.seed + options.rounds)
    plans = [plan(seed, quick=options.quick, alerts=options.alerts) for seed in seeds]
    reports = list(run_each(plans, clusters, alert_file, folder))
    print(report_table.totals(reports))
    return int(len(reports) < len(plans) or any(one.audit.problems for one in reports))


def run_packets(options: argparse.Namespace, clusters: Clusters, folder: Path) -> int:
    report = run_lsst_round(
        clusters,
        long_plan(options.packets, options.seed),
        folder / "packets",
        schemas=all_schemas(),
        model=MODEL,
        different=options.packets,
        real=REAL.is_dir(),
        max_detections=options.max_detections,
        shadow=options.shadow,
    )
    print(f"{report_table.HEAD}\n{report_table.line(report)}\n{report}")
    return int(bool(report.audit.problems))


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder for logs; keep it if it contains the logs of a failed round."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    yield folder
    shutil.rmtree(folder / "alert_file", ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()


def run_each(
    plans: Sequence[Plan], clusters: Clusters, alert_file: AlertFile, folder: Path
) -> Iterator[Report]:
    """Run one round after the other, also after a round that raises an error."""
    print(report_table.HEAD, flush=True)
    for one in plans:
        try:
            report = run_round(clusters, one, alert_file, folder / f"round-{one.seed}")
        except Exception:
            traceback.print_exc()
            continue
        print(report_table.line(report), flush=True)
        if report.audit.problems:
            print(report, flush=True)
        yield report


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20, help="how many (default: 20)")
    options.add_argument("--seed", type=int, default=1, help="of the first round (default: 1)")
    options.add_argument("--alerts", type=int, help="a round has at least so many")
    options.add_argument(
        "--quick", action="store_true", help="as the tests have them: sooner, shorter, fewer alerts"
    )
    options.add_argument(
        "--max-detections",
        type=int,
        help="the workers' MAX_DETECTIONS; nine in ten alerts are over it",
    )
    options.add_argument(
        "--shadow", action="store_true", help="the workers have a shadow model, which has a topic"
    )
    options.add_argument("--packets", type=int, help="one round of LSST instead, of so many")
    options.add_argument("--minutes", type=float, help="the long run instead, for so long")
    options.add_argument(
        "--memory", type=float, default=MEMORY, help=f"its limit in MiB (default: {MEMORY:g})"
    )
    return options


if __name__ == "__main__":
    sys.exit(main())
