"""A wrong cluster setting is reported within 15 s, with exit code 2."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import certifi
import pytest

from tests.support.secured_kafka import LOST, SASL, SASL_SSL, UNKNOWN_HOST
from tests.support.two_clusters import TwoClusters
from tests.support.worker import timed

WITHIN = 15.0
# Each takes a processor for about a second and a half.
AT_A_TIME = 2
GUESSED = "hush-guessed"


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """Wrong settings, and the expected messages.

    A value names a listener of the cluster where it says @listener.
    """

    settings: dict[str, str]
    says: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Boot:
    code: int
    seconds: float
    written: str
    complaint: str


Boots = dict[str, Future[Boot]]
SURVEY, RESULTS = "the consumer's cluster {survey}", "the producer's cluster {results}"
MISTAKES = {
    "a wrong password by SCRAM-SHA-512": Mistake(
        settings={"CONSUMER_SASL_PASSWORD": GUESSED},
        says=(
            f"{SURVEY} cannot be used: it refuses user 'reader' (",
            "check CONSUMER_SASL_USERNAME, CONSUMER_SASL_PASSWORD and CONSUMER_SASL_MECHANISM",
        ),
    ),
    "a wrong password by SCRAM-SHA-256": Mistake(
        settings={"PRODUCER_SASL_PASSWORD": GUESSED},
        says=(f"{RESULTS} cannot be used: it refuses user 'writer' (", "PRODUCER_SASL_PASSWORD"),
    ),
    "a wrong password by PLAIN": Mistake(
        settings={"SCRIBE_SASL_PASSWORD": GUESSED},
        says=(
            "the scribe's cluster {results} cannot",
            "it refuses user 'scribe'",
            "SCRIBE_SASL_PASSWORD",
        ),
    ),
    "an unknown user": Mistake(
        settings={"CONSUMER_SASL_USERNAME": "stranger"},
        says=(f"{SURVEY} cannot be used: it refuses user 'stranger'", "CONSUMER_SASL_USERNAME"),
    ),
    "another authority's certificates": Mistake(
        settings={"CONSUMER_SSL_CAFILE": certifi.where()},
        says=(f"{SURVEY} cannot be used: its certificate", certifi.where(), "CONSUMER_SSL_CAFILE"),
    ),
    "the system's certificates": Mistake(
        settings={"CONSUMER_SSL_CAFILE": ""},
        says=(f"{SURVEY} cannot be used", "the system's CA certificates", "CONSUMER_SSL_CAFILE"),
    ),
    "a file without certificates": Mistake(
        settings={"CONSUMER_SSL_CAFILE": __file__},
        says=(f"CONSUMER_SSL_CAFILE: {__file__} has no usable CA certificate",),
    ),
    "a name that is not in the certificate": Mistake(
        settings={"CONSUMER_SERVER": f"localhost:@{SASL_SSL}"},
        says=("its certificate is for another host", "'localhost'", "check CONSUMER_SERVER"),
    ),
    "an unknown host": Mistake(
        settings={"SCRIBE_SERVER": f"{UNKNOWN_HOST}:9092"},
        says=(f"the scribe's cluster {UNKNOWN_HOST}:9092 cannot be used", "check SCRIBE_SERVER"),
    ),
    "two servers that are not there": Mistake(
        settings={"PRODUCER_SERVER": f"{UNKNOWN_HOST}:9092,127.0.0.1:1"},
        says=(
            "127.0.0.1:1: no program listens on that port",
            f"{UNKNOWN_HOST}:9092: there is no host",
        ),
    ),
    "a server that never answers": Mistake(
        settings={"CONSUMER_SERVER": "@silent"},
        says=("it does not answer in time; check CONSUMER_SERVER and CONSUMER_SECURITY_PROTOCOL",),
    ),
    "brokers that name themselves otherwise": Mistake(
        settings={
            "CONSUMER_SERVER": f"127.0.0.1:@{LOST}",
            "CONSUMER_SECURITY_PROTOCOL": "PLAINTEXT",
        },
        says=(f"clients to {UNKNOWN_HOST}:", "(advertised.listeners)", "check CONSUMER_SERVER"),
    ),
    "no encryption where it is wanted": Mistake(
        settings={"CONSUMER_SECURITY_PROTOCOL": "SASL_PLAINTEXT"},
        says=(
            f"{SURVEY} cannot be used: it expects encryption: set SASL_SSL; check"
            " CONSUMER_SECURITY_PR",
        ),
    ),
    "neither encryption nor a name where they are wanted": Mistake(
        settings={"CONSUMER_SECURITY_PROTOCOL": "PLAINTEXT"},
        says=(
            f"{SURVEY} cannot be used: it expects encryption: set SSL or SASL_SSL; check"
            " CONSUMER_SECUR",
        ),
    ),
    "encryption where there is none": Mistake(
        settings={"PRODUCER_SECURITY_PROTOCOL": "SASL_SSL"},
        says=(
            f"{RESULTS} cannot be used: it closes encrypted connections",
            "PRODUCER_SECURITY_PROTOC",
        ),
    ),
    "no name where one is wanted": Mistake(
        settings={"PRODUCER_SECURITY_PROTOCOL": "PLAINTEXT"},
        says=(
            f"{RESULTS} cannot be used: it closes the connection: perhaps it expects a user name",
        ),
    ),
    "a name where none is wanted": Mistake(
        settings={"PRODUCER_SERVER": "127.0.0.1:@PLAINTEXT"},
        says=(
            "it does not expect a user name; check PRODUCER_SECURITY_PROTOCOL and PRODUCER_SERVER",
        ),
    ),
    "encryption without the name that is wanted": Mistake(
        settings={"CONSUMER_SECURITY_PROTOCOL": "SSL"},
        says=(
            f"{SURVEY} cannot be used: it closes the connection: perhaps it expects a user name"
            " (SSL",
        ),
    ),
    "another mechanism": Mistake(
        settings={"CONSUMER_SASL_MECHANISM": "SCRAM-SHA-256"},
        says=(
            f"{SURVEY} cannot be used: it does not offer SCRAM-SHA-256; check CONSUMER_SASL_MECH",
        ),
    ),
    "no right to read a topic": Mistake(
        settings={"CONSUMER_TOPICS": "others"},
        says=(
            f"{SURVEY} does not let user 'reader' read others: grant READ there,"
            " or check CONSUMER_TOPICS and CONSUMER_SASL_USERNAME",
        ),
    ),
    "no right to consume as a group": Mistake(
        settings={"CONSUMER_GROUP_ID": "others"},
        says=(
            f"{SURVEY} does not let user 'reader' consume as the group others: grant READ on"
            " the group, or check CONSUMER_GROUP_ID and CONSUMER_SASL_USERNAME",
        ),
    ),
    "no right to write predictions": Mistake(
        settings={"PRODUCER_TOPIC_FORMAT": "others"},
        says=(f"{RESULTS} does not let user 'writer' write to others: grant WRITE there",),
    ),
    "no right to write dead letters": Mistake(
        settings={"DEADLETTER_TOPIC": "others"},
        says=("write to others: grant WRITE there, or check DEADLETTER_TOPIC and PRODUCER_S",),
    ),
    "no right to write commands": Mistake(
        settings={"SCRIBE_TOPIC": "others"},
        says=("the scribe's cluster {results} does not let user 'scribe' write to others",),
    ),
    "something on every cluster": Mistake(
        settings={
            "CONSUMER_SASL_PASSWORD": GUESSED,
            "PRODUCER_SERVER": f"{UNKNOWN_HOST}:9092",
            "SCRIBE_TOPIC": "others",
        },
        says=(
            "the worker cannot use its clusters:\n",
            f"\n{SURVEY} cannot be used: it refuses user",
            f"\nthe producer's cluster {UNKNOWN_HOST}:9092 cannot be used: there is no host",
            "\nthe scribe's cluster {results} does not let user 'scribe' write to others",
        ),
    ),
}


@pytest.fixture(scope="module")
def boots(clusters: TwoClusters, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    """Start a worker for every mistake."""
    right = clusters.environment(LOG_LEVEL="DEBUG")
    with socket.socket() as silent, ThreadPoolExecutor(AT_A_TIME) as pool:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        places = {f"@{name}": str(port) for name, port in clusters.survey.ports.items()}
        places["@silent"] = f"127.0.0.1:{silent.getsockname()[1]}"
        workdir = tmp_path_factory.mktemp("boots")
        yield {
            name: pool.submit(_boot, right | _placed(mistake.settings, places), workdir)
            for name, mistake in MISTAKES.items()
        }


def _placed(settings: dict[str, str], places: dict[str, str]) -> dict[str, str]:
    def placed(value: str) -> str:
        for name, place in places.items():
            value = value.replace(name, place)
        return value

    return {key: placed(value) for key, value in settings.items()}


def _boot(environment: dict[str, str], workdir: Path) -> Boot:
    done, seconds = timed("worker", cwd=workdir, **environment)
    return Boot(
        code=done.returncode,
        seconds=seconds,
        written=done.stdout + done.stderr,
        complaint=done.stderr[done.stderr.rfind("stampapp cannot start: ") :],
    )


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported_with_its_cluster_and_setting(
    name: str, boots: Boots, clusters: TwoClusters
) -> None:
    boot = boots[name].result()
    assert boot.code == 2, boot.written
    places = {
        "survey": clusters.survey.address(SASL_SSL),
        "results": clusters.results.address(SASL),
    }
    for words in MISTAKES[name].says:
        assert words.format(**places) in boot.complaint
    assert "Traceback" not in boot.complaint
    assert boot.seconds < WITHIN


@pytest.mark.parametrize("name", MISTAKES)
def test_no_password_is_written_at_any_level(
    name: str, boots: Boots, clusters: TwoClusters
) -> None:
    boot = boots[name].result()
    for secret in (*clusters.passwords, GUESSED):
        assert secret not in boot.written
