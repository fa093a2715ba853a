"""Packets of ATLAS, and the model of this repository for them."""

from __future__ import annotations

from benchmarks.sample_alerts import ROOT, SHARED_DATA, Sample, simulate_sample
from stampapp.alerts.surveys import Survey
from tests.support import alert_messages

MODEL = ROOT / "model" / "atlas"


def load_sample() -> Sample:
    """Return the real packets if available, else simulated alerts."""
    paths = sorted((SHARED_DATA / "atlas_raw").glob("*.avro"))
    if not paths:
        return simulate_sample(Survey.ATLAS, MODEL)
    schema, _ = alert_messages.records(paths[0])
    alerts = [record for path in paths for record in alert_messages.records(path)[1]]
    return Sample(
        origin=f"{len(alerts)} real packets of ATLAS",
        survey=Survey.ATLAS,
        model=MODEL,
        schema=schema,
        alerts=tuple(alerts),
        object_field="objectId",
    )
