from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stampapp.classifiers.base import EngineInUse
from stampapp.commands import check as command
from stampapp.commands.check import (
    DryRunReport,
    report_json,
    report_settings,
    report_trials,
    run_checks,
)
from stampapp.config.compute import Engine
from stampapp.config.unread_keys import UnreadKey
from stampapp.errors import BadAlert
from stampapp.preflight import dry_run
from stampapp.preflight.access_check import AccessReport
from stampapp.preflight.dry_run import ClientTrial, ModelTrial, SettingsReport
from stampapp.preflight.required_access import required_access
from stampapp.preflight.schema_trial import SchemaTrial
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert
from tests.support.fake_classifier import classification
from tests.unit.inspection.test_topic_roles import NOON, REQUIRED, settings_with

SETTINGS = settings_with(SCRIBE_SERVER="db:9092")
FIRST, SECOND = (AccessReport(access=one) for one in required_access(SETTINGS, NOON))
GOOD = Outcome(kind=OutcomeKind.CLASSIFIED, alert=alert(), classification=classification(alert()))
TRIAL = ModelTrial(
    name="network",
    version="7",
    provenance="a model from model/ztf; it is old",
    engine=EngineInUse(name=Engine.NATIVE, instruction_set="avx2"),
    label="SN",
    outcome=GOOD,
)
READ = SettingsReport(readings=SETTINGS.readings, problem=None, unread_keys=(), settings=SETTINGS)
SCHEMAS = SchemaTrial(sources=("the registry http://one works",))
FINE = DryRunReport(
    settings=READ, access=(FIRST, SECOND), schemas=SCHEMAS, trial=TRIAL, client=ClientTrial()
)


def text(found: DryRunReport) -> str:
    return "\n".join((*report_settings(found.settings), *report_trials(found)))


def test_a_schema_source_that_does_not_work_is_an_error_or_a_warning() -> None:
    refused = replace(FINE, schemas=SchemaTrial(problem="it refuses the user"))
    assert (refused.exit_code, refused.errors()) == (2, ["it refuses the user"])
    away = replace(FINE, schemas=SchemaTrial(warning="it is away"))
    assert (away.exit_code, away.warnings()) == (1, ["it is away"])


def test_a_report_without_problems_has_every_section() -> None:
    lines = text(FINE)
    assert FINE.exit_code == 0
    for words in (
        "  CONSUMER_SERVER              environment  in:9092",
        "works  consumer+producer+metrics  PLAINTEXT    in:9092",
        "works  scribe                     PLAINTEXT    db:9092",
        "  the registry http://one works",
        "alerts are classified by network 7",
        "the network runs on the native engine (avx2)",
        "simulated as SN, is classified as",
        "Everything works",
    ):
        assert words in lines


def test_the_engine_is_reported_with_the_reason_for_it() -> None:
    classifier = report_json(FINE)["classifier"]
    assert (classifier["engine"], classifier["instruction_set"]) == ("native", "avx2")
    assert classifier["engine_reason"] is None
    engine = EngineInUse(name=Engine.TENSORFLOW, reason="DEVICE is gpu")
    found = replace(FINE, trial=replace(TRIAL, engine=engine))
    assert "the network runs on TensorFlow, because DEVICE is gpu" in text(found)
    classifier = report_json(found)["classifier"]
    assert (classifier["engine"], classifier["instruction_set"]) == ("tensorflow", None)
    assert classifier["engine_reason"] == "DEVICE is gpu"
    assert report_json(replace(FINE, trial=None))["classifier"]["engine"] is None


def test_the_shadow_model_has_its_result_for_the_same_alert() -> None:
    shadow = replace(TRIAL, name="next", version="8")
    found = replace(FINE, shadow=shadow)
    assert found.exit_code == 0
    assert "alerts are classified by next 8" in text(found).split("Shadow model", 1)[1]
    assert report_json(FINE)["shadow"] is None
    assert report_json(found)["shadow"]["classifier"]["name"] == "next"
    assert report_json(found)["shadow"]["alert"]["class_name"] == "SN"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"access": [replace(FIRST, errors=("no entry",))]}, 2, "error: no entry"),
        ({"access": [replace(FIRST, optional_errors=("no figures",))]}, 1, "warning: no figures"),
        ({"access": [replace(FIRST, missing_topics=("no topic",))]}, 1, "warning: no topic"),
        ({"client": ClientTrial(problem="no zstd")}, 2, "error: no zstd"),
        ({"client": ClientTrial(warning="slow")}, 1, "warning: slow"),
        ({"trial": ModelTrial(problem="no model")}, 2, "error: no model"),
        ({"trial": ModelTrial(untried="no sample")}, 1, "warning: no sample"),
        ({"trial": ModelTrial(warning="no id for SN")}, 1, "warning: no id for SN"),
        ({"shadow": ModelTrial(problem="no model beside")}, 2, "error: no model beside"),
        ({"shadow": ModelTrial(warning="it fails")}, 1, "warning: it fails"),
        ({"settings": replace(READ, problem="not usable:\nX is not set")}, 2, "  X is not set"),
    ],
)
def test_problems_are_printed_and_decide_the_exit_code(
    changes: dict[str, Any], code: int, words: str
) -> None:
    found = replace(FINE, **changes)
    assert found.exit_code == code
    assert words in text(found).splitlines()
    assert report_json(found)["exit_code"] == code


def test_a_model_for_other_alerts_is_a_warning() -> None:
    bad = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("feature-missing", "no drb"))
    found = replace(FINE, trial=replace(TRIAL, outcome=bad))
    assert found.exit_code == 1
    assert "(feature-missing: no drb)" in text(found)


def test_a_key_that_nothing_reads_is_a_warning() -> None:
    one = UnreadKey(key="CONSUMER_TOPIC", source=".env", advice="did you mean CONSUMER_TOPICS?")
    found = replace(FINE, settings=replace(READ, unread_keys=(one,)))
    assert f"warning: {one}" in text(found)
    assert found.exit_code == 1
    assert report_json(found)["unknown_keys"] == ["CONSUMER_TOPIC"]


def test_json_has_the_same_report() -> None:
    found = report_json(FINE)
    assert found["clusters"][1]["roles"] == ["scribe"]
    assert found["classifier"]["name"] == "network"
    assert found["alert"]["class_name"] == classification(alert()).class_name
    assert {"key", "value", "name", "source"} == found["settings"][0].keys()
    json.dumps(found, allow_nan=False)


def test_secrets_stay_secret_even_where_settings_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSUMER_SASL_PASSWORD", "open sesame")
    lines = [f"{key}={value}" for key, value in REQUIRED.items() if key != "SCRIBE_TOPIC"]
    lines += ["SCRIBE_SASL_PASSWORD=open sesame", "SCRIBE_PASSWORD=open sesame", "WEB_PORT=x"]
    Path(".env").write_text("\n".join(lines))
    monkeypatch.setattr(dry_run, "try_models", pytest.fail)
    for as_json in (False, True):
        out = io.StringIO()
        assert run_checks(out, as_json=as_json) == 2
        assert "sesame" not in out.getvalue()
        assert "SCRIBE_TOPIC is not set" in out.getvalue()
        assert "WEB_PORT is 'x'" in out.getvalue()
    settings = {one.key: one for one in dry_run.read_settings().readings}
    assert settings["CONSUMER_SASL_PASSWORD"].source == "environment"
    assert settings["CONSUMER_TOPICS"].source == ".env"
    assert settings["LOG_LEVEL"].source == "default"
    assert [one.key for one in dry_run.read_settings().unread_keys] == ["SCRIBE_PASSWORD"]


def test_a_cluster_that_is_left_out_has_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = replace(
        FINE, settings=replace(READ, settings=None, problem="wrong"), access=(), trial=None
    )
    assert "Clusters" not in text(unknown)
    assert "Model" not in text(unknown)
    assert command.roles(FIRST) == ["consumer", "producer", "metrics"]
