"""Explain why a cluster cannot be used, and name the settings to change."""

from __future__ import annotations

import socket
import ssl
from asyncio import IncompleteReadError
from dataclasses import dataclass

from aiokafka import errors as kafka

from stampapp.kafka.cluster import Cluster

# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH.
_HOSTNAME_MISMATCH = (62, 64)
# Read as a length: the first two bytes of a TLS alert, and more than any response of Kafka has.
_TLS_ALERT, _MAX_KAFKA_RESPONSE = 0x1503, 2**28
_FINAL_ERRORS = (
    kafka.SaslAuthenticationFailed,
    kafka.UnsupportedSaslMechanismError,
    kafka.IllegalSaslStateError,
    ssl.SSLCertVerificationError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionFailure:
    """Why one server (host:port) cannot be used, and the settings to check.

    `final`: the server refuses access or its certificate is not trusted, so waiting will not help.
    """

    server: str
    reason: str
    settings: tuple[str, ...]
    final: bool


def explain_failure(cluster: Cluster, server: str, error: BaseException) -> ConnectionFailure:
    """Return what a connection error means for an operator."""
    reason, settings = _explain(cluster, server, error)
    return ConnectionFailure(
        server=server,
        reason=reason,
        settings=tuple(f"{cluster.role.upper()}_{setting}" for setting in settings),
        final=isinstance(error, _FINAL_ERRORS),
    )


def describe_failures(cluster: Cluster, failures: list[ConnectionFailure]) -> str:
    """Describe in one sentence why none of the servers of a cluster can be used."""
    reasons = {one.reason: one for one in failures}
    if len(reasons) == 1:
        why = failures[0].reason
    else:
        why = "; ".join(f"{one.server}: {one.reason}" for one in failures)
    settings = dict.fromkeys(setting for one in failures for setting in one.settings)
    return f"{describe_cluster(cluster)} cannot be used: {why}; check {join_words(tuple(settings))}"


def describe_cluster(cluster: Cluster) -> str:
    """Return the name of a cluster for messages to people."""
    owner = cluster.role if cluster.role.endswith("s") else f"{cluster.role}'s"
    return f"the {owner} cluster {cluster.bootstrap}"


def describe_user(cluster: Cluster) -> str:
    """Return the user that a cluster sees, for messages to people."""
    return f"user {cluster.username!r}" if cluster.sasl else "a client without a user name"


def describe_group_rule(cluster: Cluster, group: str) -> str:
    """Return the rule that some brokers have for the names of groups, if this group breaks it."""
    user = cluster.username if cluster.sasl else None
    if not user or group.startswith(user):
        return ""
    return (
        ". On some brokers the name of a group must begin with the name of the user: for these set,"
        f" for example, CONSUMER_GROUP_ID={user}-{group}"
    )


def join_words(words: tuple[str, ...]) -> str:
    """Return the words as a list in a sentence: a, b and c."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _explain(cluster: Cluster, server: str, error: BaseException) -> tuple[str, tuple[str, ...]]:
    if isinstance(error, kafka.BrokerResponseError):
        return _explain_response(cluster, error)
    if isinstance(error, ssl.SSLError):
        return _explain_tls(cluster, error)
    if isinstance(error, kafka.KafkaConnectionError):
        return _explain_disconnect(cluster, error.__cause__)
    if isinstance(error, ConnectionResetError) and cluster.encrypted:
        why = (
            "it closes encrypted connections: perhaps it expects unencrypted ones"
            f" ({cluster.protocol} is set)"
        )
        return why, ("SECURITY_PROTOCOL", "SERVER")
    if isinstance(error, OSError):
        return _explain_network(server, error)
    detail = f"{type(error).__name__} {error}".strip()
    return f"it does not answer like a Kafka broker ({detail})", ("SERVER",)


def _explain_response(
    cluster: Cluster, error: kafka.BrokerResponseError
) -> tuple[str, tuple[str, ...]]:
    if isinstance(error, kafka.SaslAuthenticationFailed):
        settings = ("SASL_USERNAME", "SASL_PASSWORD", "SASL_MECHANISM")
        detail = ", ".join(map(str, error.args)) or "authentication failed"
        return f"it refuses {describe_user(cluster)} ({detail})", settings
    if isinstance(error, kafka.UnsupportedSaslMechanismError):
        return f"it does not offer {cluster.mechanism}", ("SASL_MECHANISM",)
    if isinstance(error, kafka.IllegalSaslStateError):
        return "it does not expect a user name", ("SECURITY_PROTOCOL", "SERVER")
    return f"it answers {error}", ("SERVER", "SECURITY_PROTOCOL")


def _explain_tls(cluster: Cluster, error: ssl.SSLError) -> tuple[str, tuple[str, ...]]:
    if not isinstance(error, ssl.SSLCertVerificationError):
        why = error.strerror or error
        return f"the TLS handshake fails ({why})", ("SECURITY_PROTOCOL", "SERVER")
    if error.verify_code in _HOSTNAME_MISMATCH:
        return f"its certificate is for another host ({error.verify_message})", ("SERVER",)
    anchors = cluster.cafile or "the system's CA certificates"
    return f"its certificate cannot be verified with {anchors} ({error.verify_message})", (
        "SSL_CAFILE",
    )


def _explain_disconnect(
    cluster: Cluster, cause: BaseException | None
) -> tuple[str, tuple[str, ...]]:
    expected = cause.expected if isinstance(cause, IncompleteReadError) else None
    settings = ("SECURITY_PROTOCOL", "SERVER")
    if expected and expected >> 16 == _TLS_ALERT:
        return f"it expects encryption: set {'' if cluster.sasl else 'SSL or '}SASL_SSL", settings
    if expected and expected > _MAX_KAFKA_RESPONSE:
        return "it does not answer like a Kafka broker", ("SERVER",)
    hint = "" if cluster.sasl else ": perhaps it expects a user name"
    return f"it closes the connection{hint} ({cluster.protocol} is set)", settings


def _explain_network(server: str, error: OSError) -> tuple[str, tuple[str, ...]]:
    if isinstance(error, socket.gaierror):
        return f"there is no host {server.rpartition(':')[0]!r} ({error.strerror})", ("SERVER",)
    if isinstance(error, ConnectionRefusedError):
        return "no program listens on that port", ("SERVER",)
    if isinstance(error, TimeoutError):
        return "it does not answer in time", ("SERVER", "SECURITY_PROTOCOL")
    return f"it cannot be reached ({error.strerror or error})", ("SERVER",)
