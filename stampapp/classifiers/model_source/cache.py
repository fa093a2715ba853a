"""Keep fetched models in a folder, named by their checksums, and verify them at each use.

For each model there are the zip, `<sha256>.zip`, and its model folder, `<sha256>`. A process that
writes holds the lock `<sha256>.lock`, so that several workers that start at once fetch once.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stampapp.classifiers.model_folder.store import sha256_of
from stampapp.classifiers.model_source import download
from stampapp.classifiers.model_source.model_zip import open_model, unpack
from stampapp.config.download_settings import CACHE_KEY, DownloadSettings
from stampapp.config.model_address import ModelAddress
from stampapp.errors import ConfigError

log = logging.getLogger(__name__)
# Seconds that a process waits for another one that fetches the same model.
LOCK_TIMEOUT = download.TOTAL_TIMEOUT + 30.0


def cached_zip(address: ModelAddress, settings: DownloadSettings) -> Path:
    """Return the zip of an address, fetched where the cache does not have it.

    Raises ConfigError.
    """
    path = settings.cache / f"{address.sha256}.zip"
    with _explained(settings.cache):
        if not _is_intact(path, address):
            with _scratch(address, settings.cache) as scratch:
                # Another process may have fetched it meanwhile.
                if not _is_intact(path, address):
                    _fetch(address, settings, scratch / "zip").replace(path)
    return path


def cached_folder(address: ModelAddress, settings: DownloadSettings) -> Path:
    """Return the model folder of an address: its zip, unpacked. Raises ConfigError."""
    folder = settings.cache / address.sha256
    packed = cached_zip(address, settings)
    with _explained(settings.cache):
        if not _is_unpacked(packed, folder, address):
            with _scratch(address, settings.cache) as scratch:
                if not _is_unpacked(packed, folder, address):
                    _unpack(packed, scratch, folder, address)
    return folder


def _is_intact(path: Path, address: ModelAddress) -> bool:
    if not path.is_file():
        return False
    if intact := sha256_of(path) == address.sha256:
        return intact
    log.warning("%s is damaged and is fetched again", path)
    return False


def _is_unpacked(packed: Path, folder: Path, address: ModelAddress) -> bool:
    if not folder.is_dir():
        return False
    with open_model(packed, str(address)) as model:
        try:
            return model.equals(folder)
        except OSError:
            # It is replaced, as what differs.
            return False


def _fetch(address: ModelAddress, settings: DownloadSettings, target: Path) -> Path:
    log.info("Fetching the model %s", address)
    started = time.monotonic()
    download.fetch(address.url, target, settings.ssl_context())
    size = target.stat().st_size
    if (found := sha256_of(target)) != address.sha256:
        raise ConfigError(
            f"{address.url} is not the file that its checksum is for: it has {size} bytes and the"
            f" SHA-256 {found}, not {address.sha256}. Correct #sha256= if the new file is the one"
            " that you want"
        )
    log.info("Fetched %d bytes in %.1f s", size, time.monotonic() - started)
    return target


def _unpack(packed: Path, scratch: Path, folder: Path, address: ModelAddress) -> None:
    draft = scratch / "model"
    unpack(packed, draft, str(address))
    if folder.exists():
        log.warning("%s is damaged and is unpacked again", folder)
        folder.replace(scratch / "damaged")
    draft.replace(folder)


@contextmanager
def _explained(cache: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"fetched models cannot be kept in {cache} ({error.strerror}): set {CACHE_KEY} to a"
            " folder that can be written to, and that has room for them"
        ) from error


@contextmanager
def _scratch(address: ModelAddress, cache: Path) -> Iterator[Path]:
    """Yield an empty folder in the cache, while no other process writes the same model."""
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"{address.sha256}.lock"):
        prefix = f".{address.sha256}-"
        for left in cache.glob(f"{prefix}*"):
            # Of a process that was killed.
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=prefix) as name:
            yield Path(name)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    deadline = time.monotonic() + LOCK_TIMEOUT
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ConfigError(
                        f"another process has held {path} for more than {LOCK_TIMEOUT:g} s: stop it"
                    ) from None
                time.sleep(0.1)
        yield
