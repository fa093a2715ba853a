from __future__ import annotations

import certifi
import pytest
from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import AuthProtocol, SASLMechanism

from stampapp.app import create_app
from stampapp.config import settings
from stampapp.config.environment import Reader

KEYS = {
    "CLASSIFIER_STRATEGY": "ZTF",
    "CONSUMER_TOPICS": "alerts",
    "CONSUMER_SERVER": "one:9092",
    "CONSUMER_GROUP_ID": "group",
    "PRODUCER_TOPIC_FORMAT": "out_%s",
    "SCRIBE_TOPIC": "scribe",
    "METRICS_TOPIC": "metrics",
}
NAMED = {"CONSUMER_SASL_USERNAME": "user", "CONSUMER_SASL_PASSWORD": "hush"}


def credentials(**changes: str) -> object:
    return create_app(
        settings.load_settings(Reader({**KEYS, **changes}.get))
    ).conf.broker_credentials


def test_without_credentials_faust_gets_none() -> None:
    assert credentials() is None


def test_an_encrypted_cluster_without_names_is_verified_by_its_own_authority() -> None:
    found = credentials(CONSUMER_SECURITY_PROTOCOL="SSL", CONSUMER_SSL_CAFILE=certifi.where())
    assert isinstance(found, SSLCredentials)
    assert found.context.check_hostname


@pytest.mark.parametrize(("protocol", "encrypted"), [("SASL_SSL", True), ("SASL_PLAINTEXT", False)])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_faust_gets_the_consumers_credentials(
    protocol: str, encrypted: bool, mechanism: str
) -> None:
    found = credentials(
        **NAMED, CONSUMER_SECURITY_PROTOCOL=protocol, CONSUMER_SASL_MECHANISM=mechanism
    )
    assert isinstance(found, SASLCredentials)
    assert (found.username, found.password) == ("user", "hush")
    assert found.mechanism is SASLMechanism(mechanism)
    assert found.protocol is AuthProtocol(protocol)
    assert (found.ssl_context is not None) is encrypted
    assert "hush" not in repr(found)


def test_faust_itself_reads_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "kafka://elsewhere:9092")
    monkeypatch.setenv("STREAM_WAIT_EMPTY", "false")
    monkeypatch.setenv("WEB_PORT", "70000")
    app = create_app(settings.load_settings(Reader(KEYS.get)))
    assert [url.host for url in app.conf.broker] == ["one"]
    assert app.conf.stream_wait_empty
    assert app.conf.web_port == 6066
