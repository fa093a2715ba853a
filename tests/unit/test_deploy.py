"""What `deploy/` and the workflows say, against their schemas and against the program."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_source import download
from stampapp.commands.worker import SHUTDOWN_TIMEOUT
from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.config.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
SURVEYS = tuple(survey.lower() for survey in Survey)
# A survey has a user and messages of its own; everything else is alike.
OWN_KEYS = {
    "lsst": {
        "CONSUMER_SECURITY_PROTOCOL",
        "SCHEMA_REGISTRY_URL",
        "SCRIBE_CLASSIFIER_ID",
        "SCRIBE_TAXONOMY",
    }
}
PORT = 6066


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def objects(name: str) -> dict[str, dict[str, Any]]:
    """The objects of a file for Kubernetes, by their kind."""
    return {one["kind"]: one for one in yaml.safe_load_all((KUBERNETES / name).read_text())}


COMPOSE: dict[str, Any] = read(DEPLOY / "compose.yaml")["services"]
SECRET = objects("secret.example.yaml")["Secret"]["stringData"]
ADAPTER = read(KUBERNETES / "prometheus-adapter.yaml")["externalRules"]
IMAGE = (ROOT / "Dockerfile").read_text()


def checked(*arguments: str | Path) -> str:
    """Run a checker; return its findings, empty if there are none."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_the_compose_file_follows_the_compose_specification() -> None:
    assert not checked(
        "check_jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"
    )


def test_the_workflows_follow_their_schema() -> None:
    found = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert found
    assert not checked("check_jsonschema", "--builtin-schema", "vendor.github-workflows", *found)
    # Each job has an end.
    assert not checked(
        "check_jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", *found
    )


def test_actions_are_named_by_their_commits_and_may_do_little() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        used = re.findall(r"uses: (\S+)", path.read_text())
        assert all(re.search(r"@[0-9a-f]{40}$", one) for one in used if not one.startswith("./"))
        assert read(path)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_each_object_for_kubernetes_is_one(version: str) -> None:
    names = (*SURVEYS, "secret.example", "autoscaling")
    files = [KUBERNETES / f"{name}.yaml" for name in names]
    assert not checked("kubernetes_validate", "--strict", "-k", version, *files)


def test_a_checker_would_notice_what_is_wrong(tmp_path: Path) -> None:
    text = (KUBERNETES / "ztf.yaml").read_text()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("readinessProbe", "readynessProbe"))
    assert "readynessProbe" in checked("kubernetes_validate", "--strict", "-k", "1.34", wrong)
    wrong.write_text((DEPLOY / "compose.yaml").read_text().replace("read_only", "readonly"))
    assert "readonly" in checked(
        "check_jsonschema", "--builtin-schema", "vendor.compose-spec", wrong
    )


@pytest.mark.parametrize("survey", SURVEYS[1:])
def test_all_surveys_are_deployed_alike(survey: str) -> None:
    first, other = objects("ztf.yaml"), objects(f"{survey}.yaml")
    renamed = json.dumps(first).replace("ztf", survey).replace("ZTF", survey.upper())
    expected = json.loads(renamed)
    keys, own = (one["ConfigMap"].pop("data").keys() for one in (expected, other))
    assert own - keys == OWN_KEYS.get(survey, set())
    assert keys <= own
    (worker,) = other["Deployment"]["spec"]["template"]["spec"]["containers"]
    worker["envFrom"] = worker["envFrom"][:2]
    assert other == expected


def environments() -> Iterator[tuple[str, dict[str, str]]]:
    """The environment of every worker that is deployed."""
    for survey in SURVEYS:
        yield f"compose {survey}", COMPOSE[survey]["environment"]
        yield f"kubernetes {survey}", objects(f"{survey}.yaml")["ConfigMap"]["data"] | SECRET


@pytest.mark.parametrize(
    "environment", [pytest.param(found, id=name) for name, found in environments()]
)
def test_every_setting_is_one_and_they_suffice(environment: dict[str, str]) -> None:
    asked: set[str] = set()

    def lookup(key: str) -> str | None:
        asked.add(key)
        return environment.get(key)

    found: Settings = settings.load_settings(Reader(lookup))
    assert environment.keys() <= asked
    assert found.web_host == "0.0.0.0"
    assert found.web_port == PORT
    assert "%s" in found.output_topic.topic_format


@pytest.mark.parametrize("survey", SURVEYS)
def test_a_pod_is_as_the_image_and_the_worker_want_it(survey: str) -> None:
    pod = objects(f"{survey}.yaml")["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    context = pod["securityContext"]
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in IMAGE
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
    assert container["ports"] == [{"name": "web", "containerPort": PORT}]
    assert f"EXPOSE {PORT}" in IMAGE
    paths = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("liveness", "readiness")}
    assert paths["liveness"] == {"path": "/healthz", "port": "web"}
    assert paths["readiness"] == {"path": "/readyz", "port": "web"}
    assert pod["terminationGracePeriodSeconds"] > SHUTDOWN_TIMEOUT


@pytest.mark.parametrize("survey", SURVEYS)
def test_a_pod_has_time_and_space_to_fetch_a_model_and_a_shadow_model(survey: str) -> None:
    pod = objects(f"{survey}.yaml")["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    probe = container["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] > 2 * download.TOTAL_TIMEOUT
    places = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert f"ENV MODEL_CACHE={places['models']}\n" in IMAGE
    (size,) = (one["emptyDir"]["sizeLimit"] for one in pod["volumes"] if one["name"] == "models")
    # Of each the zip, the unpacked files, and once more those of one that is damaged and replaced.
    assert int(size.removesuffix("Gi")) * 2**30 > 2 * 3 * download.LARGEST_FILE


@pytest.mark.parametrize("survey", SURVEYS)
def test_a_container_of_compose_has_time_to_end(survey: str) -> None:
    seconds = re.fullmatch(r"(\d+)s", COMPOSE[survey]["stop_grace_period"])
    assert seconds
    assert int(seconds[1]) > SHUTDOWN_TIMEOUT


def test_images_of_registries_are_named_in_full() -> None:
    """Podman looks for a short name in no registry, unless its configuration lists some."""
    pulled = [one["image"] for one in COMPOSE.values() if "build" not in one]
    assert pulled
    assert all(re.fullmatch(r"docker\.io/\w+/\w+:[v\d.]+", one) for one in pulled)
    assert re.search(r"^ARG BASE=docker\.io/library/python:", IMAGE, re.MULTILINE)


def test_compose_publishes_ports_on_loopback_only() -> None:
    published = [port for one in COMPOSE.values() for port in one.get("ports", [])]
    assert len(published) == len(SURVEYS) + 3
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_workers_of_compose_get_free_ports() -> None:
    """Several workers cannot share a port, and podman takes no range for one port."""
    assert [COMPOSE[survey]["ports"] for survey in SURVEYS] == [[f"127.0.0.1::{PORT}"]] * len(
        SURVEYS
    )


def test_the_topics_of_compose_are_those_that_its_workers_use() -> None:
    (script,) = COMPOSE["topics"]["command"]
    made = set(re.findall(r"[\w-]+", " ".join(re.findall(r"for topic in (.*?);", script))))
    for survey in SURVEYS:
        found = settings.load_settings(Reader(COMPOSE[survey]["environment"].get))
        used = {
            *found.consumer_topics.entries,
            found.scribe_topic,
            found.metrics_topic,
            found.deadletter_topic,
        }
        assert used <= made


def test_the_files_that_compose_mounts_are_there() -> None:
    mounted = [volume for one in COMPOSE.values() for volume in one.get("volumes", [])]
    own = [volume.split(":")[0] for volume in mounted if volume.startswith(".")]
    assert len(own) == 3
    assert all((DEPLOY / path).exists() for path in own)


def test_prometheus_finds_the_workers_of_compose_and_the_rules() -> None:
    prometheus = read(DEPLOY / "prometheus" / "prometheus.yml")
    found = [one["dns_sd_configs"][0] for one in prometheus["scrape_configs"]]
    assert [one["names"] for one in found] == [[survey] for survey in SURVEYS]
    assert {one["port"] for one in found} == {PORT}
    assert all((DEPLOY / "prometheus" / one).is_file() for one in prometheus["rule_files"])


def test_grafana_shows_the_board_from_the_prometheus_of_compose() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = read(provisioning / "datasources" / "prometheus.yaml")["datasources"]
    assert source["isDefault"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = read(provisioning / "dashboards" / "stampapp.yaml")["providers"]
    board = f"./grafana/stampapp.json:{provider['options']['path']}/stampapp.json:ro"
    assert board in COMPOSE["grafana"]["volumes"]
    uid = json.loads((DEPLOY / "grafana" / "stampapp.json").read_text())["uid"]
    assert f"/d/{uid}" in (DEPLOY / "compose.yaml").read_text()


def test_the_autoscalers_ask_for_the_lag_of_what_they_scale() -> None:
    scalers = list(yaml.safe_load_all((KUBERNETES / "autoscaling.yaml").read_text()))
    (rule,) = ADAPTER
    for survey, scaler in zip(SURVEYS, scalers, strict=True):
        found = objects(f"{survey}.yaml")
        spec = scaler["spec"]
        assert spec["scaleTargetRef"]["name"] == found["Deployment"]["metadata"]["name"]
        assert spec["minReplicas"] >= 1, "without a worker there is no lag metric"
        metric = spec["metrics"][0]["external"]["metric"]
        assert f'__name__="{metric["name"]}"' in rule["seriesQuery"]
        assert metric["selector"]["matchLabels"] == {"job": found["Service"]["metadata"]["name"]}


@pytest.mark.parametrize(
    "path", ["deploy/compose.yaml", ".github/workflows/release.yml", "Procfile"]
)
def test_every_survey_is_started_and_tried(path: str) -> None:
    text = (ROOT / path).read_text()
    assert [survey for survey in Survey if survey not in text] == []
