from __future__ import annotations

import re
from pathlib import Path

import pytest

from stampapp.config import settings
from stampapp.config.environment import DOTENV, ENVIRONMENT, Reader, environment_reader
from stampapp.config.step_keys import STEP_KEYS
from stampapp.config.unread_keys import unread_keys
from stampapp.errors import ConfigError
from tests.unit.inspection.test_topic_roles import REQUIRED

MIGRATION = sorted((Path(__file__).parents[3] / "docs").glob("migration*.md"))
# What shells, systemd, Docker, Kubernetes, Python, CUDA and continuous integration set.
OF_OTHERS = re.findall(
    r"\w+",
    """
    _ BASH_ENV CDPATH COLUMNS DISPLAY EDITOR ENV HISTFILE HOME HOSTNAME LANG LANGUAGE LC_ALL LESS
    LINES LOGNAME LS_COLORS MAIL OLDPWD PAGER PATH PS1 PWD SHELL SHLVL SSH_AUTH_SOCK SSH_CLIENT
    SSH_TTY SUDO_USER TERM TMPDIR TZ USER USERNAME VISUAL XAUTHORITY XDG_DATA_DIRS XDG_RUNTIME_DIR
    DBUS_SESSION_BUS_ADDRESS HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy
    CACHE_DIRECTORY CREDENTIALS_DIRECTORY INVOCATION_ID JOURNAL_STREAM LISTEN_FDS LOGS_DIRECTORY
    MAINPID NOTIFY_SOCKET RUNTIME_DIRECTORY STATE_DIRECTORY SYSTEMD_EXEC_PID WATCHDOG_USEC
    CONTAINER_NAME DEVICE_ID DOCKER_HOST IMAGE_NAME NODE_IP NODE_NAME POD_IP POD_NAME POD_NAMESPACE
    SERVICE_NAME SERVICE_VERSION VERSION APP_NAME APP_VERSION RELEASE_NAME ENVIRONMENT MODE
    NAMESPACE CONDA_PREFIX GPG_KEY PIP_INDEX_URL PYTHONPATH PYTHONUNBUFFERED PYTHON_VERSION
    VIRTUAL_ENV
    CUDA_HOME CUDA_VISIBLE_DEVICES LD_LIBRARY_PATH NVIDIA_VISIBLE_DEVICES OMP_NUM_THREADS
    OPENBLAS_NUM_THREADS TF_CPP_MIN_LOG_LEVEL TF_ENABLE_ONEDNN_OPTS XLA_FLAGS
    AWS_ACCESS_KEY_ID AWS_REGION GOOGLE_APPLICATION_CREDENTIALS OTEL_SERVICE_NAME SENTRY_DSN
    CI BUILD_NUMBER GITHUB_ACTIONS GITHUB_TOKEN GITLAB_CI JOB_NAME RUNNER_NAME
    JAVA_HOME JAVA_OPTS NODE_ENV NODE_VERSION WEB_CONCURRENCY WEB_ROOT LOG_DIR LOG_FILE MODULE_NAME
    KAFKA_HOME KAFKA_HEAP_OPTS KAFKA_LOG4J_OPTS KAFKA_VERSION BROKER_URL SSL_CERT_FILE
""",
)
# What Kubernetes sets for the services `metrics`, `kafka` and `web-page`.
OF_SERVICES = [
    f"{service}_{name}"
    for service in ("METRICS", "KAFKA", "WEB_PAGE")
    for name in (
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTP_METRICS",
        "PORT",
        "PORT_9092_TCP",
        "PORT_9092_TCP_ADDR",
        "PORT_9092_TCP_PORT",
        "PORT_9092_TCP_PROTO",
    )
]


def advice(*keys: str, source: str = ENVIRONMENT) -> dict[str, str]:
    """The advice for each of the keys that is reported."""
    reader = Reader(REQUIRED.get)
    settings.load_settings(reader)
    found = unread_keys(dict.fromkeys((*REQUIRED, *keys), source), reader.names)
    return {one.key: one.advice for one in found}


@pytest.mark.parametrize("source", [DOTENV, ENVIRONMENT])
@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("CONSUME_TIMEOUTS", "CONSUME_TIMEOUT"),
        ("CONSUMER_TOPIC", "CONSUMER_TOPICS"),
        ("CONSUME_TOPICS", "CONSUMER_TOPICS"),
        ("COSUMER_SERVER", "CONSUMER_SERVER"),
        ("CLASIFIER_STRATEGY", "CLASSIFIER_STRATEGY"),
        ("PRODUCER_TOPIC", "PRODUCER_TOPIC_FORMAT"),
        ("METRIC_TOPIC", "METRICS_TOPIC"),
        ("WEB_PROT", "WEB_PORT"),
        ("web_port", "WEB_PORT"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("IN_FLIGHT_MESAGES", "IN_FLIGHT_MESSAGES"),
        ("MODEL_PRECISON", "MODEL_PRECISION"),
    ],
)
def test_a_misspelt_key_is_reported_with_the_one_that_is_meant(
    key: str, meant: str, source: str
) -> None:
    assert advice(key, source=source) == {key: f"did you mean {meant}?"}


@pytest.mark.parametrize("source", [DOTENV, ENVIRONMENT])
@pytest.mark.parametrize("key", STEP_KEYS)
def test_a_key_of_the_existing_step_is_reported_with_what_became_of_it(
    key: str, source: str
) -> None:
    assert advice(key, source=source) == {key: STEP_KEYS[key]}


def test_the_pages_about_migration_have_the_same_keys_of_the_steps() -> None:
    text = "\n".join(page.read_text() for page in MIGRATION)
    rows = [line for line in text.splitlines() if "| not read" in line]
    named = re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in rows))
    assert sorted(named) == sorted(STEP_KEYS)


def test_a_key_that_resembles_none_is_reported_if_it_is_meant_for_us() -> None:
    none = "correct its name, or remove it"
    assert advice("MODEL_QQQQQQQQQQ", "QQQ") == {"MODEL_QQQQQQQQQQ": none}
    assert advice("QQQ", source=DOTENV) == {"QQQ": none}


def test_variables_of_other_programs_are_not_reported() -> None:
    assert advice(*OF_OTHERS, *OF_SERVICES) == {}


def test_a_key_of_ours_is_not_taken_for_that_of_a_service() -> None:
    assert advice("METRICS_PORT") == {"METRICS_PORT": "did you mean METRICS_HOST?"}


def test_both_places_are_read_and_the_text_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [*(f"{key}={value}" for key, value in REQUIRED.items()), "CONSUMER_TOPIC=hush"]
    (tmp_path / DOTENV).write_text("\n".join(lines))
    monkeypatch.setenv("SCRIBE_PASSWORD", "hush")
    found = [str(one) for one in settings.load_settings(environment_reader()).unread_keys]
    assert found == [
        "CONSUMER_TOPIC in .env is not a setting of stampapp: did you mean CONSUMER_TOPICS?",
        "SCRIBE_PASSWORD in the environment is not a setting of stampapp: did you mean"
        " SCRIBE_SASL_PASSWORD?",
    ]


def test_they_are_among_the_problems_of_the_settings() -> None:
    wrong = {key: value for key, value in REQUIRED.items() if key != "CONSUMER_TOPICS"}
    reader = Reader(wrong.get, {"CONSUMER_TOPIC": ENVIRONMENT})
    with pytest.raises(ConfigError, match=r"did you mean CONSUMER_TOPICS\?"):
        settings.load_settings(reader)
