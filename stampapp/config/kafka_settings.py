"""Read the keys of one Kafka cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stampapp.config.casts import comma_separated
from stampapp.config.environment import Reader
from stampapp.kafka.cluster import Cluster


def read_cluster(reader: Reader, role: str, fallback: Cluster | None) -> Cluster | None:
    """Read the settings of a cluster; unset ones are those of `fallback`, the consumer's cluster.

    Returns None where a problem was noted.
    """
    read = reader.read
    host_alias = (f"{role}_HOST",) if role == "METRICS" else ()
    servers: tuple[str, ...] | None = read(
        f"{role}_SERVER",
        comma_separated,
        fallback.servers if fallback else None,
        f"bootstrap servers of the {role.lower()}'s cluster",
        aliases=host_alias,
        required=role == "CONSUMER",
    )
    secured = _read_security(reader, role)
    if secured["password"] and not secured["username"]:
        reader.problems.append(f"{role}_SASL_PASSWORD is set without {role}_SASL_USERNAME")
    if fallback and servers == fallback.servers:
        secured = _inherit_security(secured, fallback)
    defaults = _security_defaults(role, secured["username"] is not None)
    fields: dict[str, Any] = {key: secured[key] or defaults.get(key) for key in secured}
    if servers is None:
        return None
    return reader.build(lambda: Cluster(role=role.lower(), servers=servers, **fields))


def _inherit_security(secured: dict[str, Any], fallback: Cluster) -> dict[str, Any]:
    """Use the consumer's credentials, unless the role has a user of its own."""
    shared: dict[str, Any] = {"cafile": fallback.cafile}
    if secured["username"] is None:
        shared |= {key: getattr(fallback, key) for key in secured}
    return {key: value or shared.get(key) for key, value in secured.items()}


def _security_defaults(role: str, credentials: bool) -> dict[str, str]:
    if not credentials:
        return {"protocol": "PLAINTEXT", "mechanism": "SCRAM-SHA-512"}
    if role == "PRODUCER":
        return {"protocol": "SASL_PLAINTEXT", "mechanism": "SCRAM-SHA-256"}
    return {"protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-512"}


def _read_security(reader: Reader, role: str) -> dict[str, Any]:
    read = reader.read
    of = f"of the {role.lower()}'s cluster"
    return {
        "username": read(
            f"{role}_SASL_USERNAME", str, None, f"user {of}", aliases=(f"{role}_KAFKA_USERNAME",)
        ),
        "password": read(
            f"{role}_SASL_PASSWORD",
            str,
            None,
            f"password {of}",
            aliases=(f"{role}_KAFKA_PASSWORD",),
            secret=True,
        ),
        "protocol": read(f"{role}_SECURITY_PROTOCOL", str, None, f"PLAINTEXT, SSL, SASL_… {of}"),
        "mechanism": read(f"{role}_SASL_MECHANISM", str, None, f"PLAIN or SCRAM-SHA-… {of}"),
        "cafile": read(f"{role}_SSL_CAFILE", Path, None, f"CA certificates {of}"),
    }
