"""Fetch a file by https within limits of size and time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from stampapp.config.download_settings import CAFILE_KEY
from stampapp.config.model_address import check_url
from stampapp.errors import ConfigError

LARGEST_FILE = 256 << 20
# Seconds for everything, and without a byte.
TOTAL_TIMEOUT = 300.0
IDLE_TIMEOUT = 30.0
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


def fetch(url: str, target: Path, context: ssl.SSLContext) -> None:
    """Write what is at `url` to the new file `target`.

    Redirects are followed to https only. A proxy is taken from HTTPS_PROXY and NO_PROXY, user and
    password from ~/.netrc. Raises ConfigError.
    """
    try:
        _run_in_thread(_fetch(url, target, context))
    except (ConfigError, TimeoutError, aiohttp.ClientError, OSError) as error:
        raise ConfigError(f"{url} cannot be fetched: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"{error}; if its CA is not one of the system's, set {CAFILE_KEY}"
        # Those of aiohttp are TimeoutErrors, too.
        case TimeoutError():
            return (
                f"the server sent nothing for {IDLE_TIMEOUT:g} s, or not all of it in"
                f" {TOTAL_TIMEOUT:g} s"
            )
        case aiohttp.ClientPayloadError():
            return "the connection ended before the file did"
        case _:
            return str(error) or type(error).__name__


async def _fetch(url: str, target: Path, context: ssl.SSLContext) -> None:
    idle = aiohttp.ClientTimeout(total=None, sock_connect=IDLE_TIMEOUT, sock_read=IDLE_TIMEOUT)
    async with (
        asyncio.timeout(TOTAL_TIMEOUT),
        aiohttp.ClientSession(
            timeout=idle,
            connector=aiohttp.TCPConnector(ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            # What is compressed has no limit of its size.
            auto_decompress=False,
            trust_env=True,
        ) as session,
    ):
        for _ in range(_MOST_REDIRECTS + 1):
            # The address is sent as it is: a signed one must not be quoted anew.
            request = session.get(URL(url, encoded=True), allow_redirects=False)
            async with request as response, _aborted_on_failure(response):
                if response.status not in _REDIRECTS:
                    await _save(response, target)
                    return
                url = _redirected(url, response)
        raise ConfigError(f"it redirects more than {_MOST_REDIRECTS} times")


@asynccontextmanager
async def _aborted_on_failure(response: aiohttp.ClientResponse) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        # To close it in order takes an answer of the server, after the event loop has ended.
        if response.connection and response.connection.transport:
            response.connection.transport.abort()
        raise


def _redirected(url: str, response: aiohttp.ClientResponse) -> str:
    found = urljoin(url, response.headers.get("Location", ""))
    try:
        check_url(found)
    except ConfigError as error:
        raise ConfigError(f"it redirects to {found!r:.200}: {error}") from error
    return found


async def _save(response: aiohttp.ClientResponse, target: Path) -> None:
    if response.status != 200:
        raise ConfigError(f"the server answers {response.status} {response.reason or ''}".rstrip())
    left = LARGEST_FILE
    with target.open("xb") as file:
        while part := await response.content.readany():
            left -= len(part)
            if left < 0 or (response.content_length or 0) > LARGEST_FILE:
                raise ConfigError(f"it is larger than {LARGEST_FILE >> 20} MiB: no model is")
            file.write(part)


def _run_in_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run it beside an event loop that the caller may have; Ctrl-C cancels it."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = Future()

    async def run() -> None:
        task = asyncio.ensure_future(work)
        started.set_result((asyncio.get_running_loop(), task))
        await task

    with ThreadPoolExecutor(1, "model-download") as executor:
        done = executor.submit(lambda: asyncio.run(run()))
        try:
            done.result()
        except BaseException:
            if not done.done():
                loop, task = started.result()
                loop.call_soon_threadsafe(task.cancel)
            raise
