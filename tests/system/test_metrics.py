"""The exported metrics of a running worker, and that dashboard and rules use no others."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.apache_kafka import ApacheKafka
from tests.support.promql import ADDED, Exported, metrics, problems
from tests.support.stopwatch import AMPLE
from tests.support.topics import produce, wait_for_count
from tests.support.web import address, get
from tests.support.worker import Worker, worker
from tests.system.conftest import environment
from tests.system.survey_setups import SurveySetup

DEPLOY = Path(__file__).parents[2] / "deploy"
BOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "stampapp.json").read_text())
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "stampapp.rules.yml").read_text())[
        "groups"
    ]
    for rule in group["rules"]
]
TARGETS = [target for panel in BOARD["panels"] for target in panel["targets"]]
OUTCOMES = ("classified", "superseded", "ruled_out", "dead_lettered")


@dataclass(frozen=True, kw_only=True)
class Scraped:
    """The metrics of a worker that has classified all messages of a survey."""

    survey: SurveySetup
    kind: str
    text: str

    @property
    def labels(self) -> Exported:
        found: dict[str, frozenset[str]] = {}
        for family in text_string_to_metric_families(self.text):
            for one in family.samples:
                found[one.name] = found.get(one.name, frozenset()) | one.labels.keys()
        return found

    def value(self, name: str, /, **labels: str) -> float:
        """Return the sum of the samples that have these labels."""
        return sum(
            one.value
            for family in text_string_to_metric_families(self.text)
            for one in family.samples
            if one.name == name and labels.items() <= one.labels.items()
        )


@pytest.fixture(scope="module")
def running(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SurveySetup, Worker]]:
    survey = ztf_setup
    # Beside itself, the model has the metrics of a shadow model, too.
    shadow = {"SHADOW_MODEL_PATH": survey.settings["MODEL_PATH"]}
    setup = environment(kafka.bootstrap, **survey.settings, **shadow)
    produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], survey.sent)
    with worker(setup, tmp_path_factory.mktemp("worker")) as one:
        one.wait_for(f"{len(survey.sent)} in all")
        wait_for_count(kafka.bootstrap, setup["DEADLETTER_TOPIC"], 3, 30)
        yield survey, one


@pytest.fixture(scope="module")
def scraped(running: tuple[SurveySetup, Worker]) -> Scraped:
    survey, one = running
    status, headers, body = get(f"{address(one)}/metrics")
    assert status == 200
    return Scraped(survey=survey, kind=headers["Content-Type"], text=body.decode())


def test_it_is_prometheus_text_and_each_metric_is_declared_before_its_values(
    scraped: Scraped,
) -> None:
    assert scraped.kind.startswith("text/plain; version=")
    helped: Counter[str] = Counter()
    for line in scraped.text.splitlines():
        if found := re.fullmatch(r"# HELP (\S+) \S.*", line):
            helped[found[1]] += 1
        elif not line.startswith("#"):
            name = re.match(r"[a-z_]+", line)
            assert name
            assert any(name[0].startswith(declared) for declared in helped), line
    assert set(helped.values()) == {1}
    ours = {name for name in helped if name.startswith("stampapp_")}
    assert len(ours) > 15
    # Nothing of the global registry, where other packages declare theirs.
    assert {name.split("_")[0] for name in helped} == {"stampapp", "process"}


def test_the_figures_are_those_of_what_was_sent(scraped: Scraped) -> None:
    sent, value = len(scraped.survey.sent), scraped.value
    outcomes = {one: value("stampapp_alerts_total", outcome=one) for one in OUTCOMES}
    assert sum(outcomes.values()) == sent
    assert value("stampapp_alerts_total", cause="stamp-damaged") == 3
    assert value("stampapp_classified_total") == outcomes["classified"]
    assert value("stampapp_batch_alerts_sum") == sent
    assert value("stampapp_kafka_latency_seconds_count") == sent
    assert value("stampapp_exposure_latency_seconds_count") == outcomes["classified"]
    assert value("stampapp_unfinished_messages") == value("stampapp_lag_messages") == 0
    assert value("stampapp_ready") == 1
    batches = value("stampapp_batch_alerts_count")
    for stage in ("collect", "decode", "judge", "publish"):
        assert value("stampapp_stage_duration_seconds_count", stage=stage) == batches
        assert value("stampapp_stage_duration_seconds_sum", stage=stage) > 0
    assert value("stampapp_model_info", name=scraped.survey.name) == 1


def test_the_mean_probabilities_add_up(scraped: Scraped) -> None:
    classes = scraped.survey.classes
    counts = [scraped.value("stampapp_class_probability_count", class_name=c) for c in classes]
    assert len(set(counts)) == 1
    total = sum(scraped.value("stampapp_class_probability_sum", class_name=c) for c in classes)
    assert total == pytest.approx(counts[0], rel=1e-5)


def test_the_board_asks_for_what_is_exported(scraped: Scraped) -> None:
    unknown = [problem for one in TARGETS for problem in problems(one["expr"], scraped.labels)]
    assert unknown == []
    for one in TARGETS:
        known = ADDED.union(*(scraped.labels[name] for name in metrics(one["expr"])))
        assert set(re.findall(r"{{(\w+)}}", one["legendFormat"])) <= known
    for variable in BOARD["templating"]["list"][1:]:
        found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"])
        assert found
        assert found[2] in scraped.labels[found[1]] | ADDED


def test_the_rules_ask_for_what_is_exported(scraped: Scraped) -> None:
    # Prometheus itself exports whether a target answers.
    known_series = {**scraped.labels, "up": frozenset[str]()}
    assert [p for rule in RULES for p in problems(rule["expr"], known_series)] == []
    for rule in RULES:
        known = ADDED.union(*(known_series[name] for name in metrics(rule["expr"])))
        assert set(re.findall(r"\$labels\.(\w+)", json.dumps(rule))) <= known


def test_the_autoscalers_ask_for_what_is_exported(scraped: Scraped) -> None:
    (rule,) = yaml.safe_load((DEPLOY / "kubernetes" / "prometheus-adapter.yaml").read_text())[
        "externalRules"
    ]
    scalers = yaml.safe_load_all((DEPLOY / "kubernetes" / "autoscaling.yaml").read_text())
    for scaler in scalers:
        metric = scaler["spec"]["metrics"][0]["external"]["metric"]
        labels = ",".join(f'{k}="{v}"' for k, v in metric["selector"]["matchLabels"].items())
        asked = rule["metricsQuery"].replace("<<.Series>>", metric["name"])
        asked = asked.replace("<<.LabelMatchers>>", labels)
        assert list(problems(asked, scraped.labels)) == []


def test_a_misspelt_query_would_be_noticed(scraped: Scraped) -> None:
    wrong = {
        "sum(stampapp_alert_total)": "stampapp_alert_total is not exported",
        'rate(stampapp_alerts_total{result="x"}[5m])': "stampapp_alerts_total has no label result",
        "sum by (class) (stampapp_classified_total)": "has a label class",
    }
    for expression, what in wrong.items():
        assert what in " ".join(problems(expression, scraped.labels))
    with pytest.raises(ValueError, match="unclosed"):
        promql.parse("sum(rate(x[5m])")


def test_everything_that_is_exported_is_on_the_board(scraped: Scraped) -> None:
    shown = {re.sub(r"_(bucket|sum|count)$", "", n) for t in TARGETS for n in metrics(t["expr"])}
    ours = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in scraped.labels
        if name.startswith("stampapp_") and not name.endswith("_created")
    }
    # A worker that has failed is gone before it is scraped: the rules cover that.
    assert ours - shown == {"stampapp_failed"}


def test_the_rules_are_whole() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES) > 5
    for rule in RULES:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"].keys() == {"summary", "description"}


def test_the_panels_are_whole() -> None:
    panels = BOARD["panels"]
    assert (
        len({one["id"] for one in panels}) == len({one["title"] for one in panels}) == len(panels)
    )
    assert all(one["description"] for one in panels)


def test_while_a_sink_is_away_it_is_alive_but_not_ready(
    kafka: ApacheKafka, ztf_setup: SurveySetup, tmp_path: Path
) -> None:
    setup = environment(kafka.bootstrap, **ztf_setup.settings)
    with worker(setup, tmp_path) as one:
        base = address(one)
        _eventually(f"{base}/readyz", 200)
        produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], ztf_setup.sent)
        one.wait_for("batch of ")
        kafka.kill()
        try:
            state = _eventually(f"{base}/readyz", 503)
            assert state["model_loaded"]
            assert state["tasks"] > 5
            assert not state["sinks_deliver"] or not state["partitions_assigned"]
            assert get(f"{base}/healthz")[0] == 200
            assert "stampapp_ready 0.0" in get(f"{base}/metrics")[2].decode()
        finally:
            kafka.restart()
        one.wait_for(f"{len(ztf_setup.sent)} in all")
        assert _eventually(f"{base}/readyz", 200)["sinks_deliver"]


def _eventually(url: str, status: int) -> dict[str, Any]:
    deadline = time.monotonic() + AMPLE
    while True:
        found, _, body = get(url)
        if found == status:
            return dict(json.loads(body))
        assert time.monotonic() < deadline, (found, body)
        time.sleep(0.2)
