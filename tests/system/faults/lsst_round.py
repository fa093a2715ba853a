"""A round with packets of LSST: workers are killed while their registry is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.lsst_packets import own_schemas
from tests.support.lsst_schemas import IDS, schema_json
from tests.support.registry import running_registry
from tests.support.topics import Record
from tests.system.faults.fault_plan import Fault, Kind, Plan
from tests.system.faults.fault_round import Report, run_round
from tests.system.faults.kafka_clusters import Clusters
from tests.system.faults.lsst_alerts import LsstAlerts, real_messages, simulate
from tests.system.faults.shadow import copy_as_shadow

ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / "shared" / "data" / "lsst_raw"
MODEL = ROOT / "model" / "lsst"
# By kind, when it begins and how long it lasts (s).
QUICK = (
    (Kind.REGISTRY_AWAY, 0.5, 10.0),
    (Kind.WORKER_KILLED, 1.0, 0.0),
    (Kind.WORKER_TERMINATED, 12.0, 0.0),
)
LONG = (
    *QUICK,
    (Kind.REGISTRY_AWAY, 25.0, 15.0),
    (Kind.WORKER_TERMINATED, 27.0, 0.0),
    (Kind.WORKER_KILLED, 45.0, 0.0),
    (Kind.BROKER_KILLED, 60.0, 2.0),
    (Kind.WORKER_KILLED, 75.0, 0.0),
)


def quick_plan(seed: int = 1) -> Plan:
    return _plan(seed, 300, QUICK)


def long_plan(alerts: int, seed: int = 1) -> Plan:
    return _plan(seed, alerts, LONG)


def all_schemas() -> dict[int, Any]:
    """Return Rubin's schemas and some of our own."""
    return {**{number: schema_json(number) for number in IDS}, **own_schemas(12)}


def run_lsst_round(
    clusters: Clusters,
    plan: Plan,
    folder: Path,
    *,
    schemas: Mapping[int, Any],
    model: Path,
    different: int,
    real: bool = False,
    max_detections: int | None = None,
    shadow: bool = False,
) -> Report:
    """Run a round with so many `different` simulated alerts, and with `real` ones before them.

    With `max_detections`, the workers have this setting, and most alerts are over it; with
    `shadow`, a shadow model.
    """
    messages: Sequence[Record] = real_messages(REAL) if real else ()
    with TemporaryDirectory() as home, running_registry(schemas) as registry:
        alerts = simulate(Path(home) / "alerts.avro", different, plan.seed)
        settings = {"MODEL_PATH": str(model), "SCHEMA_REGISTRY_URL": registry.url}
        if shadow:
            settings["SHADOW_MODEL_PATH"] = str(copy_as_shadow(model, Path(home) / "shadow"))
        source = LsstAlerts(alerts, schemas, messages, max_detections, **settings)
        return run_round(clusters, plan, source, folder, registry)


def _plan(seed: int, alerts: int, faults: Sequence[tuple[Kind, float, float]]) -> Plan:
    return Plan(
        seed=seed,
        alerts=alerts,
        codec="lz4",
        transactional=False,
        faults=tuple(
            Fault(kind=kind, at=at, seconds=seconds, seed=number)
            for number, (kind, at, seconds) in enumerate(faults)
        ),
    )
