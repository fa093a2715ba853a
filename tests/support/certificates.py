"""Certificates for servers on loopback, made with the `keytool` that comes with Java."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from stampapp.demo.embedded_broker import LOOPBACK
from tests.support.maven_jars import executable
from tests.support.shared import made_once

# The PKCS #12 file exists only during a test run, next to the key that it protects.
PASSWORD = "changeit"
REMEDIES = {
    "keytool": "install Java 17 or later (Debian: openjdk-17-jre-headless)",
    "openssl": "install OpenSSL (Debian: openssl)",
}
# To start quickly.
ECONOMY = ("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC")
ISSUER = ("-ext", "bc:c", "-ext", "ku:c=keyCertSign,cRLSign")


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificates:
    """`cafile` (PEM) is what clients trust, `keystore` (PKCS #12) what a broker shows them."""

    cafile: Path
    keystore: Path


def make_certificates(folder: Path) -> Certificates:
    """Make a certificate authority, and a broker's certificate for 127.0.0.1 without host name."""
    made = Certificates(cafile=folder / "ca.pem", keystore=folder / "broker.p12")
    _make(made.keystore, "ca", *ISSUER)
    _make(made.keystore, "broker", "-signer", "ca", "-ext", f"san=ip:{LOOPBACK}")
    _keytool(made.keystore, "-exportcert", "-rfc", "-alias", "ca", "-file", str(made.cafile))
    return made


def shared_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Return the certificates that all processes of a test run use."""

    def make(folder: Path) -> None:
        folder.mkdir()
        make_certificates(folder)

    folder = made_once("certificates", tmp_path_factory, make)
    return Certificates(cafile=folder / "ca.pem", keystore=folder / "broker.p12")


def _make(keystore: Path, name: str, *more: str) -> None:
    key = ("-keyalg", "EC", "-groupname", "secp256r1", "-validity", "2")
    _keytool(keystore, "-genkeypair", "-alias", name, "-dname", f"CN={name}", *key, *more)


def _keytool(keystore: Path, *arguments: str) -> None:
    store = ("-storetype", "PKCS12", "-keystore", str(keystore), "-storepass", PASSWORD)
    _run("keytool", *ECONOMY, *arguments, *store)


def _run(name: str, *arguments: str) -> None:
    command = [executable(name, REMEDIES[name]), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stdout}{done.stderr}")


def server_context(certificates: Certificates, folder: Path) -> ssl.SSLContext:
    """Return the TLS context of a server that shows the broker's certificate."""
    alone, pem = str(folder / "server.p12"), str(folder / "server.pem")
    source = ("-srckeystore", str(certificates.keystore), "-srcstorepass", PASSWORD)
    target = ("-destkeystore", alone, "-deststorepass", PASSWORD, "-srcalias", "broker")
    _run("keytool", *ECONOMY, "-importkeystore", *source, *target)
    _run("openssl", "pkcs12", "-in", alone, "-passin", f"pass:{PASSWORD}", "-nodes", "-out", pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
