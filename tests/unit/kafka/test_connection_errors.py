from __future__ import annotations

import socket
import ssl
from asyncio import IncompleteReadError
from dataclasses import replace

import pytest
from aiokafka import errors as kafka

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import (
    ConnectionFailure,
    describe_cluster,
    describe_failures,
    explain_failure,
)

PLAIN = Cluster(role="scribe", servers=("one:9092", "two:9093"))
NAMED = replace(PLAIN, protocol="SASL_PLAINTEXT", username="user", password="hush")
SSL = replace(PLAIN, protocol="SSL")
SECURE = replace(NAMED, protocol="SASL_SSL")


def disconnect(expected: int) -> kafka.KafkaError:
    """The error of aiokafka for a connection that ends in the middle of a response."""
    error = kafka.KafkaConnectionError("Connection at one:9092 closed")
    error.__cause__ = IncompleteReadError(b"", expected)
    return error


def unverified(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("cluster", "error", "reason", "keys"),
    [
        (
            NAMED,
            kafka.SaslAuthenticationFailed("invalid credentials"),
            "it refuses user 'user' (invalid credentials)",
            "SASL_USERNAME SASL_PASSWORD SASL_MECHANISM",
        ),
        (
            NAMED,
            kafka.SaslAuthenticationFailed(),
            "it refuses user 'user' (authentication failed)",
            "SASL_USERNAME SASL_PASSWORD SASL_MECHANISM",
        ),
        (
            NAMED,
            kafka.UnsupportedSaslMechanismError(object()),
            "it does not offer SCRAM-SHA-512",
            "SASL_MECHANISM",
        ),
        (
            NAMED,
            kafka.IllegalSaslStateError(object()),
            "it does not expect a user name",
            "SECURITY_PROTOCOL SERVER",
        ),
        (
            NAMED,
            kafka.BrokerNotAvailableError(),
            "it answers [Error 8] BrokerNotAvailableError",
            "SERVER SECURITY_PROTOCOL",
        ),
        (
            SSL,
            unverified(19, "self-signed certificate in certificate chain"),
            "its certificate cannot be verified with the system's CA certificates"
            " (self-signed certificate in certificate chain)",
            "SSL_CAFILE",
        ),
        (
            SSL,
            unverified(62, "Hostname mismatch"),
            "its certificate is for another host (Hostname mismatch)",
            "SERVER",
        ),
        (
            SSL,
            unverified(64, "IP address mismatch"),
            "its certificate is for another host (IP address mismatch)",
            "SERVER",
        ),
        (
            SSL,
            ssl.SSLError(1, "wrong version number"),
            "the TLS handshake fails (wrong version number)",
            "SECURITY_PROTOCOL SERVER",
        ),
        (
            SECURE,
            ConnectionResetError(),
            "it closes encrypted connections: perhaps it expects unencrypted ones (SASL_SSL is"
            " set)",
            "SECURITY_PROTOCOL SERVER",
        ),
        (PLAIN, ConnectionResetError(104, "reset"), "it cannot be reached (reset)", "SERVER"),
        (
            NAMED,
            disconnect(0x15030300),
            "it expects encryption: set SASL_SSL",
            "SECURITY_PROTOCOL SERVER",
        ),
        (
            PLAIN,
            disconnect(0x15030100),
            "it expects encryption: set SSL or SASL_SSL",
            "SECURITY_PROTOCOL SERVER",
        ),
        (
            PLAIN,
            disconnect(int.from_bytes(b"HTTP")),
            "it does not answer like a Kafka broker",
            "SERVER",
        ),
        (
            SSL,
            disconnect(4),
            "it closes the connection: perhaps it expects a user name (SSL is set)",
            "SECURITY_PROTOCOL SERVER",
        ),
        (
            SECURE,
            disconnect(4),
            "it closes the connection (SASL_SSL is set)",
            "SECURITY_PROTOCOL SERVER",
        ),
        (
            NAMED,
            kafka.KafkaConnectionError("No connection"),
            "it closes the connection (SASL_PLAINTEXT is set)",
            "SECURITY_PROTOCOL SERVER",
        ),
        (
            PLAIN,
            socket.gaierror(-2, "Name or service not known"),
            "there is no host 'one' (Name or service not known)",
            "SERVER",
        ),
        (PLAIN, ConnectionRefusedError(), "no program listens on that port", "SERVER"),
        (PLAIN, TimeoutError(), "it does not answer in time", "SERVER SECURITY_PROTOCOL"),
        (
            PLAIN,
            OSError(113, "No route to host"),
            "it cannot be reached (No route to host)",
            "SERVER",
        ),
        (
            PLAIN,
            ValueError("Buffer underrun"),
            "it does not answer like a Kafka broker (ValueError Buffer underrun)",
            "SERVER",
        ),
    ],
)
def test_error_is_explained_with_its_settings(
    cluster: Cluster, error: Exception, reason: str, keys: str
) -> None:
    found = explain_failure(cluster, "one:9092", error)
    assert (found.server, found.reason) == ("one:9092", reason)
    assert found.settings == tuple(f"SCRIBE_{key}" for key in keys.split())
    assert "hush" not in found.reason


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (kafka.SaslAuthenticationFailed(), True),
        (kafka.UnsupportedSaslMechanismError(), True),
        (unverified(19, "self-signed"), True),
        (ConnectionRefusedError(), False),
        (TimeoutError(), False),
        (socket.gaierror(-3, "try again"), False),
        (disconnect(4), False),
    ],
)
def test_wrong_password_is_final_and_an_outage_is_not(error: Exception, final: bool) -> None:
    assert explain_failure(NAMED, "one:9092", error).final is final


def failure(server: str, reason: str, *keys: str) -> ConnectionFailure:
    return ConnectionFailure(server=server, reason=reason, settings=keys, final=False)


def test_same_reason_for_all_servers_is_given_once() -> None:
    refusals = [failure("one:9092", "no program listens on that port", "A", "B")] * 2
    assert describe_failures(PLAIN, refusals) == (
        "the scribe's cluster one:9092,two:9093 cannot be used: no program listens on that port;"
        " check A and B"
    )


def test_different_reasons_are_given_by_server() -> None:
    refusals = [failure("one:9092", "gone", "A", "B"), failure("two:9093", "mute", "B", "C")]
    assert describe_failures(PLAIN, refusals).endswith(
        "cannot be used: one:9092: gone; two:9093: mute; check A, B and C"
    )


def test_cluster_description_names_the_role() -> None:
    assert describe_cluster(PLAIN) == "the scribe's cluster one:9092,two:9093"
    assert (
        describe_cluster(replace(PLAIN, role="metrics")) == "the metrics cluster one:9092,two:9093"
    )
