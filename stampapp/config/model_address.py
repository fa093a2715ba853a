"""The address of a model that is fetched, with the checksum by which it is verified."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from stampapp.errors import ConfigError

_SHA256 = re.compile(r"sha256=([0-9a-f]{64})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelAddress:
    """The https address of a zip, and the zip's SHA-256 in lower-case hex."""

    url: str
    sha256: str

    def __post_init__(self) -> None:
        check_url(self.url)
        if urlsplit(self.url).username is not None:
            raise ConfigError("the address is logged: give user and password in ~/.netrc")

    def __str__(self) -> str:
        return f"{self.url}#sha256={self.sha256}"

    @property
    def file_name(self) -> str:
        """The name of the zip."""
        return PurePosixPath(urlsplit(self.url).path).name or "model.zip"


def model_path(text: str) -> Path | ModelAddress:
    """Cast a model folder or an address. Raises ConfigError, which says what is expected."""
    if not text:
        # Path("") would be the working directory.
        raise ConfigError("it is empty: give a path or an address")
    if "://" not in text:
        return Path(text)
    url, _, fragment = text.partition("#")
    check_url(url)
    if not (found := _SHA256.fullmatch(fragment)):
        raise ConfigError(
            "an address needs the checksum of its zip: append #sha256= and the 64 digits that"
            " sha256sum prints"
        )
    return ModelAddress(url=url, sha256=found[1].lower())


def given_model(argument: str, text: str) -> Path | ModelAddress:
    """Cast an argument of the command line. Raises ConfigError, which names the argument."""
    try:
        return model_path(text)
    except ConfigError as error:
        raise ConfigError(f"{argument} is {text!r}: {error}") from error


def check_url(url: str) -> None:
    """Raise ConfigError unless this is an https URL that can be requested as it is."""
    try:
        found = urlsplit(url)
        usable = found.scheme == "https" and found.hostname and found.port != 0
        # Otherwise a label that is empty or too long would be an error of the first request.
        (found.hostname or "").encode("idna")
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError("https://host[:port]/path is expected, and no other protocol than https")
