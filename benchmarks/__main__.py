"""`make bench`: a table for people, and bench.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import rates, streams
from stampapp import classifiers
from stampapp.commands.import_model import import_model
from stampapp.records import Survey
from stampapp.settings import ModelSettings
from tests.support import skies
from tests.support.apache_kafka import ApacheKafka

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
JUDGED = (32, 64, 128, 256)
STREAMED = (32, 64, 128, 256)


def main() -> int:
    """Measure and report."""
    options = _options()
    if not SHARED_DATA.is_dir():
        print("make bench needs real alerts in ../shared/data: there are none", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        report = _measure(Path(folder), options.copies)
    _print(report)
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nalso in {options.json}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--copies", type=int, default=30, help="of the 222 alerts, per stream")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    return parser.parse_args()


def _measure(folder: Path, copies: int) -> dict[str, Any]:
    model, path = folder / "model", SHARED_DATA / "ztf_sorting_hat.avro"
    import_model(SHARED_DATA / "ztf_model_2020-06.zip", model, None)
    chosen = ModelSettings(survey=Survey.ZTF, path=model, name=None, version=None)
    classifier = classifiers.load(chosen)
    classifier.warm_up()
    values = [record.value or b"" for record in skies.stream(path)]
    report: dict[str, Any] = {
        "cores": os.cpu_count(),
        "decode_per_s": rates.decoding(values, classifier),
        "judge_per_s": rates.judging(values, classifier, JUDGED),
    }
    sent = list(skies.distinct(path, copies))
    with ApacheKafka() as kafka:
        report["end_to_end"] = [
            asdict(streams.throughput(kafka, sent, model, batch, folder)) for batch in STREAMED
        ]
    return report


def _print(report: dict[str, Any]) -> None:
    ceiling = max(report["judge_per_s"].values())
    print(f"{report['cores']} cores; alerts per second, and shares of the network's best")
    print(f"  decode, one thread        {report['decode_per_s']:8.0f}")
    for size, rate in report["judge_per_s"].items():
        print(f"  network, batches of {size:<4}  {rate:8.0f}")
    for row in report["end_to_end"]:
        share = row["rate"] / ceiling
        print(
            f"  end to end, batches of {row['batch']:<4}{row['rate']:7.0f}  {share:5.0%}"
            f"  {1000 * row['cpu_per_alert']:.2f} CPU-ms per alert, start-up included,"
            f" peak {row['peak_rss']:.0f} MiB"
        )


if __name__ == "__main__":
    sys.exit(main())
