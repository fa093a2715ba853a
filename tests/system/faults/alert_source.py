"""The alerts of the rounds: real ones if available, else simulated ones."""

from __future__ import annotations

from pathlib import Path

from tests.support.worker import command
from tests.system.faults.alerts import AlertFile

ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / "shared" / "data" / "ztf_sorting_hat.avro"
MODEL = ROOT / "model" / "ztf"


def real_or_simulated_alerts(folder: Path, max_detections: int | None = None) -> AlertFile:
    """Return the real alerts, or write simulated ones into the folder."""
    return AlertFile(REAL if REAL.is_file() else simulated(folder), MODEL, max_detections)


def simulated(folder: Path) -> Path:
    folder.mkdir()
    file = folder / "alert_file.avro"
    done = command(
        "simulate", "--survey", "ZTF", "--count", "200", "--seed", "7", "--to", str(file)
    )
    assert done.returncode == 0, done.stderr
    return file
