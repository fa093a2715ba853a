"""Why a cluster cannot be used, in words that name the setting to change. Pure."""

from __future__ import annotations

import socket
import ssl
from asyncio import IncompleteReadError
from dataclasses import dataclass

from aiokafka import errors as kafka

from stampapp.kafka.cluster import Cluster

# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH.
_OF_ANOTHER_HOST = (62, 64)
# The first two bytes of a TLS alert, and more than any answer that Kafka gives: read as lengths.
_TLS_ALERT, _NO_ANSWER_OF_KAFKA = 0x1503, 2**28
_FINAL = (
    kafka.SaslAuthenticationFailed,
    kafka.UnsupportedSaslMechanismError,
    kafka.IllegalSaslStateError,
    ssl.SSLCertVerificationError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionFailure:
    """What happened at one server (host:port), and the settings that decide about it.

    `final` is what no waiting mends: the server is there and turns us away, or we distrust it.
    """

    server: str
    reason: str
    keys: tuple[str, ...]
    final: bool


def explain_failure(cluster: Cluster, server: str, error: BaseException) -> ConnectionFailure:
    """Return what an error of a connection means to an operator."""
    reason, keys = _reading(cluster, server, error)
    return ConnectionFailure(
        server=server,
        reason=reason,
        keys=tuple(f"{cluster.role.upper()}_{key}" for key in keys),
        final=isinstance(error, _FINAL),
    )


def describe_failures(cluster: Cluster, refusals: list[ConnectionFailure]) -> str:
    """Return one sentence about a cluster none of whose servers can be used."""
    reasons = {one.reason: one for one in refusals}
    if len(reasons) == 1:
        why = refusals[0].reason
    else:
        why = "; ".join(f"{one.server}: {one.reason}" for one in refusals)
    keys = dict.fromkeys(key for one in refusals for key in one.keys)
    return f"{describe_cluster(cluster)} cannot be used: {why}; see {join_words(tuple(keys))}"


def describe_cluster(cluster: Cluster) -> str:
    """Return how messages name a cluster."""
    whose = cluster.role if cluster.role.endswith("s") else f"{cluster.role}'s"
    return f"the {whose} cluster {cluster.bootstrap}"


def describe_user(cluster: Cluster) -> str:
    """Return how messages name the one whom a cluster takes us for."""
    return f"user {cluster.username!r}" if cluster.sasl else "us (no user name is set)"


def join_words(words: tuple[str, ...]) -> str:
    """Return words as a sentence lists them."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _reading(cluster: Cluster, server: str, error: BaseException) -> tuple[str, tuple[str, ...]]:
    if isinstance(error, kafka.BrokerResponseError):
        return _answered(cluster, error)
    if isinstance(error, ssl.SSLError):
        return _encrypted(cluster, error)
    if isinstance(error, kafka.KafkaConnectionError):
        return _cut_off(cluster, error.__cause__)
    if isinstance(error, ConnectionResetError) and cluster.encrypted:
        why = f"it hangs up when we encrypt: perhaps it wants none ({cluster.protocol} is set)"
        return why, ("SECURITY_PROTOCOL", "SERVER")
    if isinstance(error, OSError):
        return _unreached(server, error)
    detail = f"{type(error).__name__} {error}".strip()
    return f"what answers there is no Kafka broker that we can use ({detail})", ("SERVER",)


def _answered(cluster: Cluster, error: kafka.BrokerResponseError) -> tuple[str, tuple[str, ...]]:
    if isinstance(error, kafka.SaslAuthenticationFailed):
        keys = ("SASL_USERNAME", "SASL_PASSWORD", "SASL_MECHANISM")
        said = ", ".join(map(str, error.args)) or "authentication failed"
        return f"{describe_user(cluster)} is not let in ({said})", keys
    if isinstance(error, kafka.UnsupportedSaslMechanismError):
        return f"it does not offer {cluster.mechanism}", ("SASL_MECHANISM",)
    if isinstance(error, kafka.IllegalSaslStateError):
        return "it takes no user names there", ("SECURITY_PROTOCOL", "SERVER")
    return f"it answers {error}", ("SERVER", "SECURITY_PROTOCOL")


def _encrypted(cluster: Cluster, error: ssl.SSLError) -> tuple[str, tuple[str, ...]]:
    if not isinstance(error, ssl.SSLCertVerificationError):
        why = error.strerror or error
        return f"no encrypted connection comes about ({why})", ("SECURITY_PROTOCOL", "SERVER")
    if error.verify_code in _OF_ANOTHER_HOST:
        return f"its certificate is for another host ({error.verify_message})", ("SERVER",)
    anchors = cluster.cafile or "the system's CA certificates"
    return f"its certificate does not stand up to {anchors} ({error.verify_message})", (
        "SSL_CAFILE",
    )


def _cut_off(cluster: Cluster, cause: BaseException | None) -> tuple[str, tuple[str, ...]]:
    expected = cause.expected if isinstance(cause, IncompleteReadError) else None
    keys = ("SECURITY_PROTOCOL", "SERVER")
    if expected and expected >> 16 == _TLS_ALERT:
        return f"it wants encryption: {'' if cluster.sasl else 'SSL or '}SASL_SSL", keys
    if expected and expected > _NO_ANSWER_OF_KAFKA:
        return "what answers there is no Kafka broker", ("SERVER",)
    wish = "" if cluster.sasl else ": perhaps it wants a user name"
    return f"it hangs up on us{wish} ({cluster.protocol} is set)", keys


def _unreached(server: str, error: OSError) -> tuple[str, tuple[str, ...]]:
    if isinstance(error, socket.gaierror):
        return f"no host is known as {server.rpartition(':')[0]!r} ({error.strerror})", ("SERVER",)
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there", ("SERVER",)
    if isinstance(error, TimeoutError):
        return "it does not answer in time", ("SERVER", "SECURITY_PROTOCOL")
    return f"it cannot be reached ({error.strerror or error})", ("SERVER",)
