"""`check` as operators and their scripts run it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import end_offsets
from tests.support.worker import command, timed
from tests.system.conftest import environment

MODELS = Path(__file__).parents[2] / "model"


def test_valid_settings_pass_and_nothing_is_published(kafka: ApacheKafka, tmp_path: Path) -> None:
    setup = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", MODEL_PATH=str(MODELS / "ztf"))
    group = setup.pop("CONSUMER_GROUP_ID")
    (tmp_path / ".env").write_text(f"CONSUMER_GROUP_ID={group}\n")
    done = command("check", cwd=tmp_path, **setup)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["CONSUMER_GROUP_ID", ".env", group] in lines
    assert ["CONSUMER_TOPICS", "environment", setup["CONSUMER_TOPICS"]] in lines
    assert ["LOG_LEVEL", "default", "INFO"] in lines
    roles = "consumer+producer+scribe+metrics"
    assert ["works", roles, "PLAINTEXT", kafka.bootstrap] in lines
    assert "stampapp_ztf_simulated" in done.stdout
    assert "simulated as VS, is classified as:" in done.stdout
    assert "█" in done.stdout
    assert done.stdout.splitlines()[-1] == "Everything works: a worker would run."
    for key in ("CONSUMER_TOPICS", "PRODUCER_TOPIC_FORMAT", "SCRIBE_TOPIC", "DEADLETTER_TOPIC"):
        assert not any(end_offsets(kafka.bootstrap, setup[key]).values())


def test_optional_problems_are_warnings(kafka: ApacheKafka, tmp_path: Path) -> None:
    setup = environment(
        kafka.bootstrap,
        CLASSIFIER_STRATEGY="ATLAS",
        MODEL_PATH=str(MODELS / "atlas"),
        METRICS_SERVER="127.0.0.1:1",
        METRICS_SASL_USERNAME="figures",
        METRICS_SASL_PASSWORD="open sesame",
        KAFKA_USERNAME="of an older release",
        # As Kubernetes sets it for a service of this name.
        METRICS_SERVICE_HOST="10.0.0.1",
    )
    (tmp_path / ".env").write_text("CONSUME_TIMEOUTS=1\n")
    done = command("check", "--json", cwd=tmp_path, **setup)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "sesame" not in done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["exit_code"], found["errors"]) == (1, [])
    misspelt, renamed, unreachable = found["warnings"]
    not_read = "is not a setting of stampapp"
    assert misspelt == f"CONSUME_TIMEOUTS in .env {not_read}: did you mean CONSUME_TIMEOUT?"
    assert renamed == (
        f"KAFKA_USERNAME in the environment {not_read}: rename it to CONSUMER_KAFKA_USERNAME"
    )
    assert found["unknown_keys"] == ["CONSUME_TIMEOUTS", "KAFKA_USERNAME"]
    assert "the metrics cluster 127.0.0.1:1 cannot be used" in unreachable
    assert found["classifier"]["name"] == "stampapp_atlas_simulated"
    assert sum(found["alert"]["probabilities"].values()) > 0.999
    readings = {one["key"]: one for one in found["settings"]}
    assert readings["METRICS_SASL_PASSWORD"]["value"] == "***"


def test_all_problems_are_reported_at_once(kafka: ApacheKafka, tmp_path: Path) -> None:
    setup = environment(
        kafka.bootstrap,
        CLASSIFIER_STRATEGY="ZTF",
        MODEL_PATH="nowhere",
        SCRIBE_SERVER="127.0.0.1:1",
        CONSUME_TIMEOUTS="1",
    )
    done = command("check", cwd=tmp_path, **setup)
    assert done.returncode == 2
    assert (
        "error: the scribe's cluster 127.0.0.1:1 cannot be used: no program listens" in done.stdout
    )
    settings, rest = done.stdout.split("Clusters")
    assert "nowhere" in rest
    # Written first, since the clusters and the model take seconds.
    assert "warning: CONSUME_TIMEOUTS in the environment is not a setting" in settings
    assert "CONSUME_TIMEOUTS" not in rest
    assert done.stdout.splitlines()[-1].startswith("A worker would not run")
    assert "Traceback" not in done.stderr


def test_wrong_settings_are_reported_without_waiting_for_the_model(tmp_path: Path) -> None:
    model = str(MODELS / "ztf")
    wrong = {"CLASSIFIER_STRATEGY": "ZTF", "MODEL_PATH": model, "WEB_PORT": "x", "WEB_PROT": "7"}
    done, seconds = timed("check", cwd=tmp_path, **wrong)
    assert done.returncode == 2
    for words in ("CONSUMER_SERVER is not set", "WEB_PORT is 'x'", "did you mean WEB_PORT?"):
        assert words in done.stdout
    assert "Traceback" not in done.stderr
    # With the model it took 8 s.
    assert seconds < 4
