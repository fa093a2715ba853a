"""The connection settings of a schema registry, validated."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from stampapp.errors import ConfigError

_KEY = "SCHEMA_REGISTRY"


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryAccess:
    """A registry with Confluent's REST interface. `timeout` in seconds is for all tries."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: Path | None = None
    timeout: float = 600.0

    def __post_init__(self) -> None:
        self._check_url()
        if (self.username is None) != (self.password is None):
            raise ConfigError(f"set both {_KEY}_USERNAME and {_KEY}_PASSWORD, or neither")
        if ":" in (self.username or ""):
            raise ConfigError(f"{_KEY}_USERNAME has a colon, which HTTP does not allow")
        if self.cafile and not self.cafile.is_file():
            raise ConfigError(f"{_KEY}_SSL_CAFILE: there is no file {self.cafile}")
        # Loaded now, so that an unusable file is reported with the other invalid settings.
        self.ssl_context()

    def _check_url(self) -> None:
        try:
            found = urlsplit(self.url)
            usable = found.scheme in {"http", "https"} and found.hostname and found.port != 0
            # Otherwise a label that is empty or too long would be an error of the first request.
            (found.hostname or "").encode("idna")
        except ValueError:
            usable = False
        # urlsplit leaves out some of what cannot be printed.
        if not usable or not self.url.isprintable() or " " in self.url:
            raise ConfigError(f"{_KEY}_URL: http://host[:port][/path] or https is expected")
        if found.username is not None or found.query or found.fragment:
            # The URL is logged.
            raise ConfigError(
                f"{_KEY}_URL has more than host, port and path: give credentials as"
                f" {_KEY}_USERNAME and {_KEY}_PASSWORD"
            )

    def schema_url(self, number: int) -> str:
        """Return where the registry has the schema of an id."""
        return f"{self.url.rstrip('/')}/schemas/ids/{number}"

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return the TLS context, None without encryption. Raises ConfigError."""
        if urlsplit(self.url).scheme != "https":
            return None
        try:
            return ssl.create_default_context(cafile=str(self.cafile) if self.cafile else None)
        except OSError as error:
            raise ConfigError(
                f"{_KEY}_SSL_CAFILE: {self.cafile} has no usable CA certificate ({error})"
            ) from error
