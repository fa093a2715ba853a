"""The alerts of the rounds: real ones if available, else simulated ones."""

from __future__ import annotations

from pathlib import Path

from tests.support.worker import command
from tests.system.faults.alerts import AlertFile
from tests.system.faults.shadow import copy_as_shadow

ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / "shared" / "data" / "ztf_sorting_hat.avro"
MODEL = ROOT / "model" / "ztf"


def real_or_simulated_alerts(
    folder: Path, max_detections: int | None = None, *, shadow: bool = False
) -> AlertFile:
    """Return the real alerts, or write simulated ones into the new folder.

    With `shadow`, the workers have a shadow model, which is written there as well.
    """
    folder.mkdir()
    found = AlertFile(REAL if REAL.is_file() else simulated(folder), MODEL, max_detections)
    return found.with_shadow(copy_as_shadow(MODEL, folder / "shadow")) if shadow else found


def simulated(folder: Path) -> Path:
    file = folder / "alert_file.avro"
    done = command(
        "simulate", "--survey", "ZTF", "--count", "200", "--seed", "7", "--to", str(file)
    )
    assert done.returncode == 0, done.stderr
    return file
