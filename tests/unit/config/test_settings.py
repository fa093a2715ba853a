from __future__ import annotations

import os
from pathlib import Path

import certifi
import pytest

from stampapp.alerts.detection_limit import DetectionLimit
from stampapp.alerts.surveys import Survey
from stampapp.config import settings
from stampapp.config.compute import ComputeSettings, Device, Engine, Precision
from stampapp.config.environment import Reader, environment_reader
from stampapp.config.model_settings import load_model_settings
from stampapp.config.settings import Settings
from stampapp.config.shipped_models import shipped_model
from stampapp.errors import ConfigError
from stampapp.kafka.cluster import PUBLISHING_ROLES, Cluster
from stampapp.kafka.compression import Compression

REQUIRED = {
    "CLASSIFIER_STRATEGY": "ZTF",
    "CONSUMER_TOPICS": "alerts_1,alerts_2",
    "CONSUMER_SERVER": "one:9092,two:9092",
    "CONSUMER_GROUP_ID": "stamps",
    "PRODUCER_TOPIC_FORMAT": "stamps_%s",
    "SCRIBE_TOPIC": "commands",
    "METRICS_TOPIC": "figures",
}
SECRETS = {"CONSUMER_SASL_USERNAME": "user", "CONSUMER_SASL_PASSWORD": "hush"}


def load(**changes: str) -> Settings:
    return settings.load_settings(Reader({**REQUIRED, **changes}.get))


def complaint(**changes: str) -> str:
    with pytest.raises(ConfigError) as error:
        load(**changes)
    return str(error.value)


def test_the_defaults_are_those_of_the_contract() -> None:
    found = load()
    assert found.model.survey is Survey.ZTF
    assert found.model.path == Path("model/ztf")
    assert (found.model.name, found.model.version) == (None, None)
    assert found.consumer_topics.entries == ("alerts_1", "alerts_2")
    assert found.group_id == "stamps"
    assert (found.batch_timeout, found.batch_messages) == (10.0, 256)
    assert (found.scribe_topic, found.metrics_topic) == ("commands", "figures")
    assert (found.metrics_source, found.metrics_survey) == ("StampClassifierStep", None)
    assert found.deadletter_topic == "stamps-deadletter"
    assert found.idempotence is True
    assert found.compression is Compression.NONE
    assert (found.web_host, found.web_port, found.log_level) == ("127.0.0.1", 6066, "INFO")
    nightly = found.output_topic
    assert nightly.topic_format == "stamps_%s"
    assert (nightly.date_format, nightly.change_hour, nightly.retention_days) == ("%Y%m%d", 22, 8)


def test_the_atlas_model_is_in_a_folder_of_its_own() -> None:
    assert load(CLASSIFIER_STRATEGY="atlas").model.path == Path("model/atlas")


def test_a_given_model_folder_is_distinguished_from_the_default() -> None:
    assert load(CLASSIFIER_STRATEGY="ATLAS").model.path_is_set is False
    assert load(CLASSIFIER_STRATEGY="ATLAS", MODEL_PATH=" ").model.path_is_set is False
    assert load(CLASSIFIER_STRATEGY="ATLAS", MODEL_PATH="model/atlas").model.path_is_set is True


@pytest.mark.parametrize(
    ("key", "text", "value", "field"),
    [
        ("CONSUME_TIMEOUT", "2.5", 2.5, "batch_timeout"),
        ("CONSUME_MESSAGES", "64", 64, "batch_messages"),
        ("CONSUMER_SESSION_TIMEOUT", "30", 30.0, "session_timeout"),
        ("CONSUMER_ISOLATION_LEVEL", "READ_UNCOMMITTED", "read_uncommitted", "isolation_level"),
        ("IN_FLIGHT_MESSAGES", "300", 300, "in_flight_messages"),
        ("IN_FLIGHT_MIB", "20", 20, "in_flight_mib"),
        ("CONSUME_MESSAGES", "50", 512, "in_flight_messages"),
        ("CLASSIFY_THREADS", "3", 3, "classify_threads"),
        ("JUDGE_THREADS", "3", 3, "classify_threads"),
        ("CLASSIFY_THREADS", "3", 1280, "in_flight_messages"),
        ("DELIVERY_TIMEOUT", "60", 60.0, "delivery_timeout"),
        ("STALL_TIMEOUT", "60", 60.0, "stall_timeout"),
        ("PRODUCER_IDEMPOTENCE", "no", False, "idempotence"),
        ("PRODUCER_COMPRESSION", "ZSTD", Compression.ZSTD, "compression"),
        ("WEB_HOST", "0.0.0.0", "0.0.0.0", "web_host"),
        ("WEB_PORT", "7000", 7000, "web_port"),
        ("WEB_PAGE", "false", False, "web_page"),
        ("LOG_LEVEL", "debug", "DEBUG", "log_level"),
        ("LOGGING_LEVEL", "debug", "DEBUG", "log_level"),
        ("LOG_FORMAT", "JSON", "json", "log_format"),
        ("DEADLETTER_TOPIC", "dead", "dead", "deadletter_topic"),
        ("DEADLETTER_TOPIC", "", None, "deadletter_topic"),
        ("SCRIBE_TOPIC", "other", "other", "scribe_topic"),
        ("METRICS_SOURCE", "step-ztf", "step-ztf", "metrics_source"),
        ("METRICS_SURVEY", "ZTF", "ZTF", "metrics_survey"),
    ],
)
def test_a_key_sets_its_field(key: str, text: str, value: object, field: str) -> None:
    assert getattr(load(**{key: text}), field) == value


def test_keys_of_the_model_and_the_night() -> None:
    found = load(
        MODEL_PATH="/models/x",
        MODEL_NAME="n",
        MODEL_VERSION="v",
        PRODUCER_DATE_FORMAT="%Y-%m-%d",
        PRODUCER_CHANGE_HOUR="0",
        PRODUCER_RETENTION_DAYS="2.5",
    )
    assert (found.model.path, found.model.name, found.model.version) == (
        Path("/models/x"),
        "n",
        "v",
    )
    nightly = found.output_topic
    assert (nightly.date_format, nightly.change_hour, nightly.retention_days) == (
        "%Y-%m-%d",
        0,
        2.5,
    )


def test_what_the_network_runs_on() -> None:
    assert load().model.compute == ComputeSettings(
        engine=Engine.AUTO, device=Device.AUTO, precision=Precision.FLOAT32
    )
    found = load(
        INFERENCE_ENGINE="TensorFlow", DEVICE="GPU", MODEL_PRECISION="bfloat16"
    ).model.compute
    assert found == ComputeSettings(
        engine=Engine.TENSORFLOW, device=Device.GPU, precision=Precision.BFLOAT16
    )
    assert load(INFERENCE_ENGINE="native").model.compute.engine is Engine.NATIVE


def test_the_rule_for_known_solar_system_objects_can_be_switched_off() -> None:
    assert load().model.solar_system_rule
    assert not load(SOLAR_SYSTEM_RULE="false").model.solar_system_rule


def test_max_detections_is_off_by_default_and_limits_the_alerts_of_its_survey() -> None:
    assert load().model.max_detections is None
    assert load().model.alerts == "ZTF alerts"
    found = load(MAX_DETECTIONS="3").model
    assert found.detection_limit == DetectionLimit(survey=Survey.ZTF, most=3)
    assert found.max_detections == 3
    assert found.alerts == "ZTF alerts of objects with at most 3 detections"


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "all"])
def test_max_detections_is_a_whole_number_from_1(text: str) -> None:
    with pytest.raises(ConfigError, match=f"MAX_DETECTIONS is '{text}': .* 1 to 2147483647 is"):
        load(MAX_DETECTIONS=text)


def test_a_survey_that_does_not_count_detections_refuses_max_detections() -> None:
    with pytest.raises(ConfigError, match="MAX_DETECTIONS is 2, but the alerts of ATLAS do not"):
        load(CLASSIFIER_STRATEGY="ATLAS", MAX_DETECTIONS="2")


def test_an_empty_key_is_unset() -> None:
    blank = dict.fromkeys(("CONSUME_TIMEOUT", "WEB_PORT", "MODEL_NAME", "PRODUCER_SERVER"), "")
    found = load(**blank)
    assert (found.batch_timeout, found.web_port, found.model.name) == (10.0, 6066, None)
    assert found.producer.servers == ("one:9092", "two:9092")


def test_a_deployment_of_the_existing_step_without_authentication() -> None:
    found = load(
        PRODUCER_SERVER="public:9092",
        PRODUCER_DATE_FORMAT="%Y%m%d",
        PRODUCER_CHANGE_HOUR="23",
        PRODUCER_RETENTION_DAYS="1",
        SCRIBE_SERVER="one:9092",
        METRICS_HOST="one:9092",
        METRICS_SOURCE="stamp-classifier-step",
        METRICS_SURVEY="ZTF",
        MODEL_NAME="stamp_classifier",
        MODEL_VERSION="1.0.4",
        CONSUMER_KAFKA_USERNAME="",
        CONSUMER_KAFKA_PASSWORD="",
    )
    clusters = found.clusters
    assert {(one.protocol, one.username) for one in clusters} == {("PLAINTEXT", None)}
    assert found.metrics.servers == ("one:9092",)
    assert (found.output_topic.change_hour, found.output_topic.retention_days) == (23, 1)


@pytest.mark.parametrize("blank", [None, "", " "])
def test_all_required_keys_are_reported_at_once(blank: str | None) -> None:
    values = {} if blank is None else dict.fromkeys(REQUIRED, blank)
    with pytest.raises(ConfigError) as error:
        settings.load_settings(Reader(values.get))
    problems = str(error.value).splitlines()[1:]
    assert sorted(line.split(" is not set: ")[0] for line in problems) == sorted(REQUIRED)


@pytest.mark.parametrize(
    ("key", "text", "remedy"),
    [
        ("CLASSIFIER_STRATEGY", "DECAM", "one of ZTF, ATLAS, LSST is expected"),
        ("CONSUMER_TOPICS", ",", "a comma-separated list is expected"),
        ("CONSUMER_SERVER", "one", "is not host:port"),
        ("SCRIBE_SERVER", "one:port", "is not host:port"),
        ("CONSUME_TIMEOUT", "0", "a number from 0.01 to 3600 is expected"),
        ("CONSUME_MESSAGES", "0", "a whole number from 1 to 10000 is expected"),
        ("CONSUME_MESSAGES", "1.5", "a whole number from 1 to 10000 is expected"),
        ("CONSUME_TIMEOUT", "ten", "a number from 0.01 to 3600 is expected"),
        ("CONSUME_TIMEOUT", "nan", "a number from 0.01 to 3600 is expected"),
        ("CONSUMER_SESSION_TIMEOUT", "1", "a number from 6 to 1800 is expected"),
        ("CONSUMER_ISOLATION_LEVEL", "no", "read_committed or read_uncommitted is expected"),
        ("IN_FLIGHT_MESSAGES", "0", "a whole number from 1 to 100000 is expected"),
        ("IN_FLIGHT_MIB", "0", "a whole number from 1 to 100000 is expected"),
        ("INFERENCE_ENGINE", "onnx", "one of auto, native, tensorflow is expected"),
        ("DEVICE", "tpu", "one of auto, cpu, gpu is expected"),
        ("MODEL_PRECISION", "float16", "one of float32, bfloat16 is expected"),
        ("CLASSIFY_THREADS", "0", "a whole number from 1 to 64 is expected"),
        ("PRODUCER_CHANGE_HOUR", "24", "a whole number from 0 to 23 is expected"),
        ("PRODUCER_TOPIC_FORMAT", "%s%s", "may have one %s"),
        ("PRODUCER_DATE_FORMAT", "%d/%m", "letters, digits"),
        ("CONSUMER_TOPICS", "one,t two", "a Kafka topic has 1 to 249 letters, digits"),
        ("SCRIBE_TOPIC", "..", "a Kafka topic has"),
        ("METRICS_TOPIC", "t" * 250, "a Kafka topic has"),
        ("DEADLETTER_TOPIC", "dead/letters", "a Kafka topic has"),
        ("PRODUCER_RETENTION_DAYS", "-1", "a number from 0.01 to 3650 is expected"),
        ("PRODUCER_IDEMPOTENCE", "maybe", "true or false is expected"),
        ("WEB_PORT", "70000", "a whole number from 1 to 65535 is expected"),
        ("LOG_LEVEL", "LOUD", "one of DEBUG, INFO"),
        ("METRICS_SECURITY_PROTOCOL", "TLS", "one of PLAINTEXT, SSL"),
        ("METRICS_SASL_MECHANISM", "MD5", "one of PLAIN, SCRAM"),
        ("CONSUMER_SECURITY_PROTOCOL", "SASL_SSL", "set CONSUMER_SASL_USERNAME and"),
        ("CONSUMER_SSL_CAFILE", "no/such.pem", "there is no file no/such.pem"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_the_remedy(key: str, text: str, remedy: str) -> None:
    found = complaint(**{key: text})
    assert key in found
    assert remedy in found
    assert len(found.splitlines()) == 2


def test_a_group_whose_name_makes_no_topic_needs_a_dead_letter_topic() -> None:
    found = complaint(CONSUMER_GROUP_ID="of stamps")
    assert "DEADLETTER_TOPIC must be set" in found
    assert "'of stamps-deadletter'" in found
    assert load(CONSUMER_GROUP_ID="of stamps", DEADLETTER_TOPIC="dead").group_id == "of stamps"
    assert load(CONSUMER_GROUP_ID="of stamps", DEADLETTER_TOPIC="").deadletter_topic is None


def test_without_a_group_the_dead_letter_topic_has_no_default() -> None:
    reader = Reader({**REQUIRED, "CONSUMER_GROUP_ID": ""}.get)
    with pytest.raises(ConfigError, match="CONSUMER_GROUP_ID"):
        settings.load_settings(reader)
    (found,) = [one for one in reader.readings if one.key == "DEADLETTER_TOPIC"]
    assert not found.value


def test_several_problems_are_reported_together() -> None:
    found = complaint(CONSUME_MESSAGES="x", WEB_PORT="y", SCRIBE_TOPIC="")
    assert len(found.splitlines()) == 4
    for key in ("CONSUME_MESSAGES", "WEB_PORT", "SCRIBE_TOPIC"):
        assert key in found


def test_every_cluster_is_the_consumers_where_nothing_else_is_said() -> None:
    found = load(**SECRETS, CONSUMER_SSL_CAFILE=certifi.where())
    assert found.consumer.protocol == "SASL_SSL"
    assert found.consumer.mechanism == "SCRAM-SHA-512"
    for role in PUBLISHING_ROLES:
        cluster: Cluster = getattr(found, role)
        assert cluster.role == role
        assert cluster.identity == found.consumer.identity


@pytest.mark.parametrize("role", ["PRODUCER", "SCRIBE", "METRICS"])
def test_another_cluster_does_not_get_the_consumers_password(role: str) -> None:
    found: Cluster = getattr(load(**SECRETS, **{f"{role}_SERVER": "three:9092"}), role.lower())
    assert found.servers == ("three:9092",)
    assert (found.username, found.password, found.protocol) == (None, None, "PLAINTEXT")


@pytest.mark.parametrize(
    ("role", "protocol", "mechanism"),
    [
        ("CONSUMER", "SASL_SSL", "SCRAM-SHA-512"),
        ("PRODUCER", "SASL_PLAINTEXT", "SCRAM-SHA-256"),
        ("SCRIBE", "SASL_SSL", "SCRAM-SHA-512"),
        ("METRICS", "SASL_SSL", "SCRAM-SHA-512"),
    ],
)
@pytest.mark.parametrize("infix", ["SASL", "KAFKA"])
def test_credentials_by_either_name_decide_about_the_protocol(
    role: str, protocol: str, mechanism: str, infix: str
) -> None:
    names = {f"{role}_{infix}_USERNAME": "me", f"{role}_{infix}_PASSWORD": "hush"}
    found: Cluster = getattr(load(**names), role.lower())
    assert (found.username, found.password) == ("me", "hush")
    assert (found.protocol, found.mechanism) == (protocol, mechanism)


def test_settings_of_a_cluster_take_precedence_over_inherited_ones() -> None:
    found = load(
        **SECRETS, SCRIBE_SECURITY_PROTOCOL="SASL_PLAINTEXT", SCRIBE_SASL_MECHANISM="PLAIN"
    )
    assert (found.scribe.protocol, found.scribe.mechanism) == ("SASL_PLAINTEXT", "PLAIN")
    assert (found.scribe.username, found.scribe.password) == ("user", "hush")


def test_the_older_name_of_the_metrics_server() -> None:
    assert load(METRICS_HOST="m:9092").metrics.servers == ("m:9092",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("METRICS_SERVER", "METRICS_HOST"),
        ("LOG_LEVEL", "LOGGING_LEVEL"),
        ("CONSUMER_SASL_USERNAME", "CONSUMER_KAFKA_USERNAME"),
        ("SCRIBE_SASL_PASSWORD", "SCRIBE_KAFKA_PASSWORD"),
    ],
)
def test_two_names_that_contradict_each_other(one: str, other: str) -> None:
    found = complaint(**{one: "one:1", other: "other:2"})
    assert f"{one} and {other} contradict each other: set one of them" in found
    if "PASSWORD" in one:
        assert "one:1" not in found
        assert "other:2" not in found


def test_the_password_is_nowhere_to_be_seen() -> None:
    found = load(**SECRETS)
    assert found.consumer.password == "hush"
    assert "hush" not in repr(found)
    masked = [one for one in found.readings if one.key == "CONSUMER_SASL_PASSWORD"]
    assert [one.value for one in masked] == ["***"]
    assert "hush" not in complaint(**SECRETS, CONSUMER_SECURITY_PROTOCOL="TLS", WEB_PORT="x")


def test_every_key_is_noted_once_with_its_meaning_and_origin() -> None:
    readings = {one.key: one for one in load(METRICS_HOST="m:1").readings}
    assert len(readings) == len(load().readings)
    assert all(one.meaning for one in readings.values())
    assert readings["METRICS_SERVER"].origin == "METRICS_HOST"
    assert readings["CONSUMER_GROUP_ID"].origin == "CONSUMER_GROUP_ID"
    assert readings["WEB_PORT"].origin == "default"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without our keys."""
    monkeypatch.chdir(tmp_path)
    for key in {one.key for one in load().readings} & os.environ.keys():
        monkeypatch.delenv(key)
    return tmp_path


def test_the_environment_wins_over_the_env_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {**REQUIRED, "WEB_PORT": "7001", "LOG_LEVEL": "ERROR", "DEADLETTER_TOPIC": ""}
    (folder / ".env").write_text("# why\n" + "".join(f"{k}={v}\n" for k, v in lines.items()))
    monkeypatch.setenv("WEB_PORT", "7002")
    found = settings.load_settings(environment_reader())
    assert (found.web_port, found.log_level, found.deadletter_topic) == (7002, "ERROR", None)
    assert found.output_topic.topic_format == "stamps_%s"


def test_without_an_env_file_the_environment_is_enough(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not (folder / ".env").exists()
    for key, value in REQUIRED.items():
        monkeypatch.setenv(key, value)
    assert settings.load_settings(environment_reader()).group_id == "stamps"


def test_the_offline_commands_need_no_key_of_kafka(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_model_settings(Survey.ZTF, None).path == shipped_model(Survey.ZTF)
    assert load_model_settings(Survey.ATLAS, None).path_is_set is False
    assert load_model_settings(Survey.ATLAS, Path("model/atlas")).path_is_set is True
    monkeypatch.setenv("CLASSIFIER_STRATEGY", "ATLAS")
    monkeypatch.setenv("MODEL_PATH", "elsewhere")
    found = load_model_settings(None, None)
    assert (found.survey, found.path) == (Survey.ATLAS, Path("elsewhere"))
    found = load_model_settings(Survey.ZTF, Path("given"))
    assert (found.survey, found.path) == (Survey.ZTF, Path("given"))


def test_the_offline_commands_need_to_know_the_survey(folder: Path) -> None:
    with pytest.raises(ConfigError, match="CLASSIFIER_STRATEGY is not set: the survey: ZTF or"):
        load_model_settings(None, None)
