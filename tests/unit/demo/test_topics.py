from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stampapp.alerts.surveys import Survey
from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.demo import topics
from stampapp.demo.topics import (
    DEADLETTER,
    METRICS,
    BatchCounts,
    Classified,
    DeadLetter,
    output_topics,
    read_results,
)
from stampapp.results.outcome import Classification
from tests.support.results import output_message


@dataclass(frozen=True)
class Raw:
    topic: str
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def test_results_of_every_topic_are_read() -> None:
    classification = Classification(
        aid="one",
        oid="o",
        candid="1",
        mjd=1.0,
        probabilities={"SN": 0.75, "VS": 0.25},
        class_name="SN",
        rule=None,
        classifier_name="n",
        classifier_version="v",
    )
    output = output_message(classification, datetime.now(UTC))
    for topic in output_topics():
        assert list(read_results(Raw(topic, output))) == [
            Classified(aid="one", probabilities={"SN": 0.75, "VS": 0.25})
        ]
    headers = (("error.type", b"schema"), ("error.message", b"why"), ("mine", b"\x80"))
    assert list(read_results(Raw(DEADLETTER, b"", None, headers))) == [
        DeadLetter(key="?", cause="schema", message="why")
    ]
    figures = {"classified": 3, "dead_lettered": 1, "n_messages": 4}
    assert list(read_results(Raw(METRICS, json.dumps(figures).encode()))) == [
        BatchCounts(counts={"classified": 3, "dead_lettered": 1})
    ]


def test_each_survey_has_a_topic_tonight_and_another_tomorrow() -> None:
    assert len(set(output_topics())) == 2 * len(Survey)


def test_the_workers_settings_are_complete_and_of_the_survey_and_of_nothing_outside() -> None:
    read = {
        survey: settings.load_settings(
            Reader(topics.worker_settings("127.0.0.1:9", survey, Path("here")).get)
        )
        for survey in Survey
    }
    for survey, found in read.items():
        assert found.model.survey is survey
        assert found.model.path == Path("here").resolve()
        clusters = found.clusters
        assert {cluster.bootstrap for cluster in clusters} == {"127.0.0.1:9"}
    ztf, atlas = read[Survey.ZTF], read[Survey.ATLAS]
    assert ztf.group_id != atlas.group_id
    assert not set(ztf.consumer_topics.entries) & set(atlas.consumer_topics.entries)
