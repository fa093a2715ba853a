"""The alerts that the benchmarks classify, and a model for them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stampapp.alerts import packets, sorting_hat
from stampapp.alerts.surveys import Survey
from stampapp.avro.writer import RecordWriter
from stampapp.classifiers.ztf import decide
from stampapp.config.cpu_count import cores
from stampapp.feeds import simulated
from tests.support import alert_messages
from tests.support.topics import Record
from tests.support.worker import command

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
SIMULATED = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Alerts that no rule decides without the network, as records of one Avro schema."""

    origin: str
    model: Path
    schema: Any
    alerts: tuple[dict[str, Any], ...]

    @property
    def settings(self) -> Mapping[str, str]:
        """Settings of a worker for them."""
        return {"CLASSIFIER_STRATEGY": "ZTF", "MODEL_PATH": str(self.model)}

    def messages(self, count: int, run: str = "") -> Iterator[Record]:
        """Yield `count` messages, each of another object; `run` becomes a part of the keys."""
        # One writer encodes the schema once; a writer for each message would dominate the time.
        writer = RecordWriter(self.schema)
        for number, alert in enumerate(itertools.islice(itertools.cycle(self.alerts), count)):
            aid = f"{alert['aid']}-{run}{number}"
            yield Record(aid.encode(), writer.write(alert | {"aid": aid}))


def load_sample(folder: Path) -> Sample:
    """Return real alerts with the published weights if available, else simulated alerts."""
    if SHARED_DATA.is_dir():
        model = folder / "model"
        # In another process, because TensorFlow's threads are configured before its first use.
        archive = SHARED_DATA / "ztf_model_2020-06.zip"
        command("import-model", str(archive), "--into", str(model)).check_returncode()
        schema, alerts = alert_messages.records(SHARED_DATA / "ztf_sorting_hat.avro")
        return _sample("real alerts, weights of 2020-06", model, schema, alerts)
    with simulated.simulated_alerts([Survey.ZTF], 1, SIMULATED, cores()) as drawn:
        alerts = [sorting_hat.encode_record(one.alert) for one in drawn]
    origin = "simulated alerts, the model of this repository"
    return _sample(origin, ROOT / "model" / "ztf", sorting_hat.SCHEMA, alerts)


def _sample(origin: str, model: Path, schema: Any, alerts: list[dict[str, Any]]) -> Sample:
    writer = RecordWriter(schema)
    classified = tuple(one for one in alerts if not decide(packets.decode_alert(writer.write(one))))
    return Sample(
        origin=f"{len(classified)} {origin}", model=model, schema=schema, alerts=classified
    )
