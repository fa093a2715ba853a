"""Take alerts of the toy survey through stampapp, and print the results as JSON.

A test runs it as a program where `stampapp` is a copy that has the survey.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro

from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier
from stampapp.config.model_settings import load_model_settings
from stampapp.dashboard.documents import alert_document, dead_letter_document
from stampapp.dashboard.recent_alerts import RecentAlerts
from stampapp.deadletters.partial_decode import decode_partially
from stampapp.errors import StampError
from stampapp.feeds.record_splitter import split_records
from stampapp.feeds.to_sorting_hat import ToSortingHat
from stampapp.kafka.message import Message
from stampapp.monitoring.prometheus import WorkerMetrics
from stampapp.monitoring.worker_state import WorkerState
from stampapp.results.encoding import encode_batch_metrics, encode_prediction
from stampapp.stamps import alert_figure
from tests.support.alerts import fits, sky
from tests.support.atlas import description
from tests.support.models import write_random
from tests.support.results import options, prediction
from tests.support.toy_survey.alerts import SCHEMA

TOY = Survey("TOY")
NOW = 1_700_000_000.0
CLASSES = ("Coin", "Dust")
# An ordinary alert, one that a rule decides, one that is ruled out, and a bad one.
SOURCES: tuple[dict[str, Any], ...] = (
    {},
    {"roundness": 1.0},
    {"millimag": 500},
    {"roundness": None},
)
IDLE = WorkerState(
    lags={},
    undecided={},
    clusters=[],
    missing_topics=0,
    unfinished=0,
    rebalances=0,
    interrupted=0,
    metrics_lost=0,
    schema_retries=0,
    awaits_schema=False,
    expired={},
    log_resets={},
    ready=True,
    failed=False,
)


def packet(number: int, changes: dict[str, Any]) -> bytes:
    """Return a message of the survey."""
    source = {
        "number": number,
        "days": 1.5,
        "place": [10.0, -20.0],
        "millimag": 18500,
        "colour": 7,
        "roundness": 0.25,
    }
    record = {
        "thing": f"toy/{number}",
        "source": source | changes,
        "picture": fits(sky(0, (17, 17))),
    }
    file = BytesIO()
    fastavro.writer(file, SCHEMA, [record])
    return file.getvalue()


def load(folder: Path) -> Classifier:
    """Return the classifier of a model folder with random weights."""
    described = description(
        "roundness",
        survey=TOY,
        classes=CLASSES,
        stamps=("picture",),
        stamp_shape=(17, 17),
        crop=17,
    )
    write_random(folder, described)
    return classifiers.load(load_model_settings(TOY, folder))


def run(folder: Path) -> dict[str, Any]:
    """Return the results of a batch, by the part of stampapp that reports them."""
    values = [packet(number, changes) for number, changes in enumerate(SOURCES)]
    classifier = load(folder)
    prepared = batch.prepare_batch(batch.decode_batch(values), classifier, first_only=True)
    outcomes = batch.classify_batch(prepared, classifier)
    messages = [
        Message(topic="toys", partition=0, offset=number, key=None, value=value, timestamp=1)
        for number, value in enumerate(values)
    ]
    recent = RecentAlerts()
    recent.add(messages, outcomes, NOW)
    metrics = WorkerMetrics(TOY, model={"name": "toy", "version": "0"}, classes=CLASSES)
    metrics.observe_batch(messages, outcomes, {}, NOW)
    now = datetime.fromtimestamp(NOW, UTC)
    best = next(prediction(one.classification, one.alert) for one in outcomes if one.classification)
    (single,) = split_records(BytesIO(values[0]))
    decoded = batch.decode_batch([ToSortingHat()(single).value])
    alert_figure.draw_figure(recent.alerts()[0].alert)
    return {
        "kinds": [one.kind for one in outcomes],
        "causes": [one.error and one.error.cause for one in outcomes],
        "alerts": [alert_document(one) for one in recent.alerts()],
        "dead": [dead_letter_document(one) for one in recent.dead_letters()],
        "metrics": metrics.exposition(IDLE).decode(),
        "batch": json.loads(
            encode_batch_metrics(
                outcomes,
                received=now,
                sent=now,
                name="toy",
                version="0",
                source="toys",
                survey=None,
            )
        ),
        "output": next(fastavro.reader(BytesIO(encode_prediction(best, options(TOY), now)))),
        "key": (single.key or b"").decode(),
        "partial": [decode_partially(values[0]).aid, decode_partially(values[0]).candid],
        "sorting_hat": [getattr(one, "aid", str(one)) for one in decoded],
        "simulation": problem_of_simulating(),
    }


def problem_of_simulating() -> str:
    """Return the error for a survey that has no simulation."""
    from stampapp.simulation.simulate import simulate_alert

    try:
        simulate_alert(TOY, 0, 0)
    except StampError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1])), default=str))
