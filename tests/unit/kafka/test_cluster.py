from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import certifi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.errors import ConfigError
from stampapp.kafka.cluster import Cluster, group_identical

PLAIN = Cluster(role="scribe", servers=("one:9092", "two:9093"))
SECURE = replace(PLAIN, protocol="SASL_PLAINTEXT", username="user", password="hush")
CA = Path(certifi.where())


def test_cluster_without_security() -> None:
    assert PLAIN.bootstrap == "one:9092,two:9093"
    assert not PLAIN.sasl
    assert PLAIN.client_options() == {
        "bootstrap_servers": ["one:9092", "two:9093"],
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


def test_cluster_with_credentials() -> None:
    assert SECURE.sasl
    assert SECURE.client_options() == {
        "bootstrap_servers": ["one:9092", "two:9093"],
        "security_protocol": "SASL_PLAINTEXT",
        "ssl_context": None,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "user",
        "sasl_plain_password": "hush",
    }


@pytest.mark.parametrize(
    "cluster", [replace(PLAIN, protocol="SSL"), replace(SECURE, protocol="SASL_SSL")]
)
@pytest.mark.parametrize("cafile", [None, CA])
def test_encrypted_cluster_is_verified(cluster: Cluster, cafile: Path | None) -> None:
    context = replace(cluster, cafile=cafile).client_options()["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_repr_has_no_password() -> None:
    assert "hush" not in repr(SECURE)
    assert "hush" not in str(SECURE)


def test_identity_ignores_the_role() -> None:
    assert replace(SECURE, role="metrics").identity == SECURE.identity


@pytest.mark.parametrize(
    "change",
    [
        {"servers": ("one:9092",)},
        {"protocol": "SASL_SSL"},
        {"mechanism": "PLAIN"},
        {"username": "other"},
        {"password": "other"},
        {"cafile": CA},
    ],
)
def test_identity_includes_all_other_settings(change: dict[str, Any]) -> None:
    assert replace(SECURE, **change).identity != SECURE.identity


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"servers": ("one",)}, r"SCRIBE_SERVER: 'one' is not host:port"),
        ({"servers": ("one:9092", ":9092")}, r"SCRIBE_SERVER: ':9092' is not host:port"),
        ({"servers": ("one:0",)}, r"SCRIBE_SERVER: 'one:0' is not host:port"),
        ({"servers": ("one:65536",)}, r"SCRIBE_SERVER: 'one:65536' is not host:port"),
        ({"servers": ("one:²",)}, r"SCRIBE_SERVER: 'one:²' is not host:port"),
        ({"servers": ("one:" + "9" * 5000,)}, r"SCRIBE_SERVER: 'one:99"),
        ({"protocol": "TLS"}, "SCRIBE_SECURITY_PROTOCOL is 'TLS': one of PLAINTEXT, SSL, SASL_PL"),
        ({"mechanism": "MD5"}, "SCRIBE_SASL_MECHANISM is 'MD5': one of PLAIN, SCRAM-SHA-256, SC"),
        ({"username": None}, "set SCRIBE_SASL_USERNAME and SCRIBE_SASL_PASSWORD"),
        ({"password": None}, "set SCRIBE_SASL_USERNAME and SCRIBE_SASL_PASSWORD"),
        ({"cafile": Path("no/such.pem")}, "SCRIBE_SSL_CAFILE: there is no file no/such.pem"),
    ],
)
def test_invalid_setting_is_reported_with_a_remedy(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        replace(SECURE, **change)
    assert "hush" not in str(error.value)


@given(st.text(max_size=12))
def test_any_invalid_server_names_its_setting(server: str) -> None:
    try:
        cluster = replace(PLAIN, servers=(server,))
    except ConfigError as error:
        refused = str(error)
    else:
        assert 0 < int(cluster.servers[0].rpartition(":")[2]) < 65536
        return
    assert refused.startswith("SCRIBE_SERVER: ")


def test_reports_a_file_without_certificates(tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("nothing here")
    with pytest.raises(
        ConfigError, match=r"SCRIBE_SSL_CAFILE: .*empty.pem has no usable CA certific"
    ):
        replace(PLAIN, protocol="SSL", cafile=path).ssl_context()


def test_roles_on_one_cluster_form_a_group() -> None:
    first, second = replace(SECURE, role="consumer"), replace(SECURE, role="metrics")
    other = replace(SECURE, role="producer", servers=("elsewhere:9092",))
    assert group_identical([first, other, second]) == ((first, second), (other,))
