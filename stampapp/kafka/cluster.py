"""The connection settings of a Kafka cluster, validated."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stampapp.errors import ConfigError

# The roles of the clusters of a worker: it consumes from the first and publishes to the others.
# Without the optional ones it runs, too: metrics are best effort.
REQUIRED_ROLES, OPTIONAL_ROLES = ("producer", "scribe"), ("metrics",)
PUBLISHING_ROLES = (*REQUIRED_ROLES, *OPTIONAL_ROLES)
CLUSTER_ROLES = ("consumer", *PUBLISHING_ROLES)
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A Kafka cluster in one of CLUSTER_ROLES."""

    role: str
    servers: tuple[str, ...]
    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: Path | None = None

    def __post_init__(self) -> None:
        prefix = self.role.upper()
        for server in self.servers:
            _check_server(server, f"{prefix}_SERVER")
        _check_choice(self.protocol, PROTOCOLS, f"{prefix}_SECURITY_PROTOCOL")
        _check_choice(self.mechanism, MECHANISMS, f"{prefix}_SASL_MECHANISM")
        if self.sasl and not (self.username and self.password):
            raise ConfigError(
                f"{prefix}_SECURITY_PROTOCOL is {self.protocol}: set {prefix}_SASL_USERNAME and"
                f" {prefix}_SASL_PASSWORD"
            )
        if self.cafile and not self.cafile.is_file():
            raise ConfigError(f"{prefix}_SSL_CAFILE: there is no file {self.cafile}")
        # Loaded now, so that an unusable file is reported with the other invalid settings.
        self.ssl_context()

    @property
    def sasl(self) -> bool:
        """Whether the client authenticates with a user name and password."""
        return self.protocol.startswith("SASL")

    @property
    def encrypted(self) -> bool:
        """Whether the connection is encrypted and the cluster's certificate verified."""
        return self.protocol.endswith("SSL")

    @property
    def bootstrap(self) -> str:
        """The servers, comma-separated, as Kafka clients expect them."""
        return ",".join(self.servers)

    @property
    def identity(self) -> tuple[object, ...]:
        """All settings but the role: equal for two roles on the same cluster and user."""
        return (
            self.servers,
            self.protocol,
            self.mechanism,
            self.username,
            self.password,
            self.cafile,
        )

    def client_options(self) -> dict[str, Any]:
        """Return the connection options of any aiokafka client."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": self.protocol,
            "ssl_context": self.ssl_context(),
        }
        if self.sasl:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return the TLS context, None without encryption. Raises ConfigError."""
        if not self.encrypted:
            return None
        try:
            return ssl.create_default_context(cafile=str(self.cafile) if self.cafile else None)
        except OSError as error:
            name = f"{self.role.upper()}_SSL_CAFILE"
            raise ConfigError(
                f"{name}: {self.cafile} has no usable CA certificate ({error})"
            ) from error


def group_identical(clusters: Iterable[Cluster]) -> tuple[tuple[Cluster, ...], ...]:
    """Group the roles that are the same cluster, in the order of their first roles."""
    groups: dict[object, list[Cluster]] = {}
    for one in clusters:
        groups.setdefault(one.identity, []).append(one)
    return tuple(map(tuple, groups.values()))


def _check_server(server: str, key: str) -> None:
    host, colon, port = server.rpartition(":")
    legal = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536
    if not (host and colon and legal):
        raise ConfigError(f"{key}: {server!r} is not host:port")


def _check_choice(value: str, choices: tuple[str, ...], key: str) -> None:
    if value not in choices:
        raise ConfigError(f"{key} is {value!r}: one of {', '.join(choices)} is expected")
