"""`make bench`: measure stages, throughput and latency; print a table and write bench.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import (
    atlas_sample,
    engines,
    known_objects,
    light,
    lsst_sample,
    machine_limit,
    report_table,
    worker_run,
    ztf_sample,
)
from benchmarks.announcement import announce
from benchmarks.survey import measure_survey
from benchmarks.worker_run import BenchmarkSetup, Sample
from benchmarks.ztf import ZtfBenchmark
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey
from stampapp.config.cpu_count import cores
from tests.support.apache_kafka import ApacheKafka


def main() -> int:
    """Run the benchmarks, print the table and write the JSON file; 1 if a light check fails."""
    options = _options()
    if options.light:
        return light.run(options.json)
    with tempfile.TemporaryDirectory() as folder, ApacheKafka() as kafka:
        report = {"machine": _machine(), **_report(options, Path(folder), kafka)}
    print("\n".join(report_table.lines(report)))
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nWritten: {options.json}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--alerts", type=int, default=10000, help="alerts in a burst, and for each throughput"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="duration of each steady rate")
    parser.add_argument(
        "--survey",
        type=lambda name: Survey(name.upper()),
        choices=tuple(Survey),
        help="measure one survey only",
    )
    parser.add_argument(
        "--light",
        action="store_true",
        help="in a few minutes, check that engines and batch sizes keep their ratios",
    )
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    return parser.parse_args()


def _machine() -> dict[str, Any]:
    announce("the rate of matrix products")
    return {
        "processor": machine_limit.processor_name(),
        "cores": cores(),
        "load": os.getloadavg()[0],
        "gemm_gflops": machine_limit.gemm_gflops(),
    }


def _report(options: argparse.Namespace, folder: Path, kafka: ApacheKafka) -> dict[str, Any]:
    """Run the benchmarks of one survey or of all, those of ZTF at length."""
    report: dict[str, Any] = {}
    if options.survey in {None, Survey.ZTF}:
        report["ztf"] = _ztf(options, folder, kafka)
    others: dict[Survey, Sample] = {}
    if options.survey in {None, Survey.LSST}:
        others[Survey.LSST] = lsst_sample.load_sample(folder)
    if options.survey in {None, Survey.ATLAS}:
        others[Survey.ATLAS] = atlas_sample.load_sample()
    for survey, sample in others.items():
        setup = worker_run.setup(folder, kafka, sample)
        alerts = options.alerts // 2
        found = measure_survey(setup, engines.available(), alerts)
        report[survey.lower()] = _with_known_objects(setup, found, alerts)
    return report


def _with_known_objects(
    setup: BenchmarkSetup, report: dict[str, Any], alerts: int
) -> dict[str, Any]:
    """Return the report of a survey with that of known objects, where its alerts say which."""
    if packet_format(setup.sample.survey).detections_field:
        rows = report["end_to_end"]
        rows += known_objects.measure_known_objects(setup, alerts, rows[0]["network"])
    return report


def _ztf(options: argparse.Namespace, folder: Path, kafka: ApacheKafka) -> dict[str, Any]:
    sample = ztf_sample.load_sample(folder)
    setup = worker_run.setup(folder, kafka, sample)
    found = ZtfBenchmark(
        setup=setup,
        models=ztf_sample.models(folder, sample),
        engines=engines.available(),
        alerts=options.alerts,
        seconds=options.seconds,
    ).report()
    return _with_known_objects(setup, found, options.alerts)


if __name__ == "__main__":
    sys.exit(main())
