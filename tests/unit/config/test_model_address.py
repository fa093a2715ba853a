from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.config.model_address import ModelAddress, model_path
from stampapp.errors import ConfigError

SHA256 = "0123456789abcdef" * 4


@pytest.mark.parametrize("text", ["model/ztf", "/models/x", "C:/models", "https:/x", "a#sha256=b"])
def test_a_path(text: str) -> None:
    assert model_path(text) == Path(text)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/models/ztf.zip", "ztf.zip"),
        ("https://example.org:8443/ztf.zip?download=1", "ztf.zip"),
        ("https://example.org", "model.zip"),
    ],
)
def test_an_address(url: str, name: str) -> None:
    found = model_path(f"{url}#sha256={SHA256.upper()}")
    assert found == ModelAddress(url=url, sha256=SHA256)
    assert isinstance(found, ModelAddress)
    assert found.file_name == name
    assert model_path(str(found)) == found


@pytest.mark.parametrize("end", ["", "#", "#sha256=", f"#sha256={SHA256[1:]}", f"#md5={SHA256}"])
def test_an_address_without_a_checksum(end: str) -> None:
    with pytest.raises(ConfigError, match=r"append #sha256= and the 64 digits that sha256sum"):
        model_path(f"https://example.org/model.zip{end}")


def test_an_empty_path_is_not_the_working_directory() -> None:
    with pytest.raises(ConfigError, match="it is empty: give a path or an address"):
        model_path("")


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/model.zip", "ftp://example.org/x", "file:///model.zip", "https://"),
        *("https://example.org:0/x", "https://example.org:x/y", "https://exam ple.org/"),
        *("https://example.org/ü", "https://[::1/x", "https://a..b/x"),
    ],
)
def test_what_is_not_fetched(url: str) -> None:
    with pytest.raises(ConfigError, match="no other protocol than https"):
        model_path(f"{url}#sha256={SHA256}")


def test_credentials_are_not_part_of_an_address() -> None:
    with pytest.raises(ConfigError, match=r"give user and password in ~/\.netrc"):
        model_path(f"https://me:hush@example.org/model.zip#sha256={SHA256}")
