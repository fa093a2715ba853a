"""Apache Kafka with authentication and access control.

Its PLAINTEXT listener is for the tests: it needs no login, and everything is allowed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from stampapp.demo.embedded_broker import LOOPBACK
from tests.support.apache_kafka import ApacheKafka
from tests.support.certificates import PASSWORD, Certificates
from tests.support.kafka_settings import PLAIN
from tests.support.stopwatch import AMPLE

# Listeners by name, with their protocol; from the last, clients are sent on to nowhere.
SASL_SSL, SSL, SASL, LOST = "ENCRYPTED", "TRUSTED", "NAMED", "LOST"
LISTENERS = {SASL_SSL: "SASL_SSL", SSL: "SSL", SASL: "SASL_PLAINTEXT", LOST: "PLAINTEXT"}
UNKNOWN_HOST = "kafka.invalid"
MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}
GUARDED = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "auto.create.topics.enable": "false",
}


class SecuredKafka(ApacheKafka):
    """`mechanisms` names those of its SASL listeners; `users` (name → password) are for PLAIN."""

    def __init__(
        self,
        certificates: Certificates,
        *,
        mechanisms: Iterable[str],
        users: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        heap_mb: int = 256,
    ) -> None:
        self.cafile: Path = certificates.cafile
        secured = {**_ssl(certificates), **_sasl(tuple(mechanisms), users or {}), **GUARDED}
        super().__init__(
            listeners=LISTENERS, properties={**secured, **(properties or {})}, heap_mb=heap_mb
        )
        with self.settings.open("a") as file:
            file.write(f"advertised.listeners={self._advertised()}\n")

    def _advertised(self) -> str:
        hosts = dict.fromkeys((PLAIN, *LISTENERS), LOOPBACK) | {LOST: UNKNOWN_HOST}
        return ",".join(f"{name}://{host}:{self.ports[name]}" for name, host in hosts.items())

    def add_user(self, name: str, password: str, mechanism: str) -> None:
        """Add a SCRAM user, or change the password."""
        kind = ScramMechanism[mechanism.replace("-", "_")]
        change = UserScramCredentialUpsertion(
            name, ScramCredentialInfo(kind, 4096), password.encode()
        )
        admin = self._admin()
        for done in admin.alter_user_scram_credentials([change]).values():
            done.result(AMPLE)
        _until(lambda: name in admin.describe_user_scram_credentials().result(AMPLE))

    def grant(self, user: str, operation: str, **resource: str) -> None:
        """Allow e.g. "READ" to a user on topic=…, group=…, or topics=… for all that begin so."""
        granted = _binding(user, operation, resource)
        admin = self._admin()
        for done in admin.create_acls([granted]).values():
            done.result(AMPLE)
        _until(lambda: admin.describe_acls(_filter(granted)).result(AMPLE))

    def withdraw(self, user: str, operation: str, **resource: str) -> None:
        """Revoke a permission; takes the arguments of `grant`."""
        found = _filter(_binding(user, operation, resource))
        admin = self._admin()
        for done in admin.delete_acls([found]).values():
            assert done.result(AMPLE), f"{user} had not been granted {operation} on {resource}"
        _until(lambda: not admin.describe_acls(found).result(AMPLE))

    def topics(self) -> set[str]:
        """Return all topics, internal ones included."""
        return set(self._admin().list_topics(timeout=AMPLE).topics)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap})


def _until(holds: Callable[[], object]) -> None:
    """Wait until the broker has applied what its controller has decided."""
    deadline = time.monotonic() + AMPLE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _filter(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _binding(user: str, operation: str, resource: dict[str, str]) -> AclBinding:
    ((kind, name),) = resource.items()
    return AclBinding(
        ResourceType[kind.removesuffix("s").upper()],
        name,
        ResourcePatternType.PREFIXED if kind.endswith("s") else ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation[operation],
        AclPermissionType.ALLOW,
    )


def _ssl(certificates: Certificates) -> dict[str, str]:
    return {
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(certificates.keystore),
        "ssl.keystore.password": PASSWORD,
        "ssl.key.password": PASSWORD,
    }


def _sasl(mechanisms: tuple[str, ...], users: Mapping[str, str]) -> dict[str, str]:
    properties = {"sasl.enabled.mechanisms": ",".join(mechanisms)}
    for listener in (SASL_SSL.lower(), SASL.lower()):
        for mechanism in mechanisms:
            key = f"listener.name.{listener}.{mechanism.lower()}.sasl.jaas.config"
            known = users if mechanism == "PLAIN" else {}
            options = [f'user_{name}="{password}"' for name, password in known.items()]
            properties[key] = " ".join([MODULES[mechanism], "required", *options]) + ";"
    return properties
