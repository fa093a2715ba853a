"""Ask a registry for schemas: each id once, and again until there is an answer."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import aiohttp

from stampapp.avro.registry_access import RegistryAccess
from stampapp.avro.schema import MAX_SCHEMA_BYTES, Schema, parse_schema
from stampapp.errors import BadAlert, ConfigError, SchemaError

log = logging.getLogger(__name__)
# Seconds for one request, and between two.
REQUEST_TIMEOUT = 10.0
_MIN_RETRY_DELAY, _MAX_RETRY_DELAY = 0.5, 15.0
# A schema as text within JSON.
MAX_ANSWER_BYTES = 4 * MAX_SCHEMA_BYTES
# A topic has a few; a producer of nonsense may name any.
MAX_SCHEMAS = 256
# Seconds that a command waits, where a worker waits for SCHEMA_REGISTRY_TIMEOUT.
COMMAND_TIMEOUT = 30.0

_ACCEPTED = "application/vnd.schemaregistry.v1+json, application/json"
T = TypeVar("T")
# What the registry says of an id; a BadAlert if its schema cannot be used.
Answer = Schema | BadAlert


class _NoAnswer(NamedTuple):
    """Why there is no schema: the registry has none, refuses the user, or is not usable now."""

    why: str
    unknown: bool = False
    refused: bool = False


class SchemaRegistry:
    """The schemas of a registry, by their ids."""

    def __init__(self, access: RegistryAccess) -> None:
        self.access = access
        self.retries = 0
        self._ssl = access.ssl_context()
        self._known: OrderedDict[int, Answer] = OrderedDict()
        self._asking = asyncio.Lock()
        self._failing_since: float | None = None

    @property
    def failing(self) -> bool:
        """Whether the last request failed and none has succeeded since."""
        return self._failing_since is not None

    def by_id(self, number: int) -> Schema:
        """Return the schema of an id, which `load` has asked for.

        Otherwise wait for COMMAND_TIMEOUT. Raises BadAlert if the registry has none that can be
        used, and SchemaError if there is no answer.
        """
        found = self._known.get(number)
        if found is None:
            found = _run_in_thread(self._ask_now(number))
        if isinstance(found, BadAlert):
            raise found.without_traceback()
        return found

    async def load(self, numbers: Iterable[int]) -> None:
        """Ask for the schemas of these ids, again and again until the registry gives them.

        An id that the registry does not know may be known soon. Raises SchemaError after the
        timeout.
        """
        wanted = set(numbers)
        if wanted <= self._known.keys():
            return
        # Batches wait at the same time, for the same ids.
        async with self._asking:
            for number in sorted(wanted - self._known.keys()):
                self._keep(number, await self._ask_until_answered(number))

    async def check(self) -> None:
        """Raise ConfigError if the registry refuses the user, SchemaError if it does not answer."""
        found = await self._ask(1)
        if isinstance(found, _NoAnswer) and not found.unknown:
            raise (ConfigError if found.refused else SchemaError)(f"{self._name}: {found.why}")

    async def _ask_now(self, number: int) -> Answer:
        deadline, delay = time.monotonic() + COMMAND_TIMEOUT, _MIN_RETRY_DELAY
        found = await self._ask(number)
        while isinstance(found, _NoAnswer):
            if found.unknown:
                found = BadAlert("schema-unknown", f"{self._name}: {found.why}")
            elif time.monotonic() > deadline:
                raise SchemaError(f"{self._name}: {found.why}")
            else:
                await asyncio.sleep(delay)
                delay *= 2
                found = await self._ask(number)
        self._keep(number, found)
        return found

    async def _ask_until_answered(self, number: int) -> Answer:
        deadline, delay = time.monotonic() + self.access.timeout, _MIN_RETRY_DELAY
        while isinstance(found := await self._ask(number), _NoAnswer):
            self._report_failure(number, found)
            if time.monotonic() > deadline:
                raise self._timeout_error(number, found)
            await asyncio.sleep(min(delay, max(0.0, deadline - time.monotonic())))
            delay = min(2 * delay, _MAX_RETRY_DELAY)
        self._report_success(number)
        return found

    def _keep(self, number: int, found: Answer) -> None:
        self._known[number] = found
        if len(self._known) > MAX_SCHEMAS:
            self._known.popitem(last=False)

    async def _ask(self, number: int) -> Answer | _NoAnswer:
        url = self.access.schema_url(number)
        try:
            async with (
                self._session() as session,
                # Credentials are for this server only.
                session.get(url, allow_redirects=False) as response,
            ):
                body = await _read(response)
        except TimeoutError:
            return _NoAnswer(f"no answer within {REQUEST_TIMEOUT:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return _NoAnswer(str(error) or type(error).__name__)
        return _answer(number, response.status, body)

    def _session(self) -> aiohttp.ClientSession:
        user, password = self.access.username, self.access.password or ""
        headers = {"Accept": _ACCEPTED, "Accept-Encoding": "identity"}
        if user is not None:
            headers["Authorization"] = aiohttp.encode_basic_auth(user, password, encoding="utf-8")
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT),
            connector=aiohttp.TCPConnector(ssl=self._ssl or True),
            headers=headers,
            # What is compressed has no limit of its size.
            auto_decompress=False,
        )

    def _report_failure(self, number: int, found: _NoAnswer) -> None:
        self.retries += 1
        self._failing_since = self._failing_since or time.monotonic()
        log.warning("%s has not given the schema %d: %s", self._name, number, found.why)

    def _report_success(self, number: int) -> None:
        if self._failing_since is None:
            log.info("%s has given the schema %d", self._name, number)
        else:
            seconds = time.monotonic() - self._failing_since
            log.warning("%s has given the schema %d, after %.1f s", self._name, number, seconds)
        self._failing_since = None

    def _timeout_error(self, number: int, found: _NoAnswer) -> SchemaError:
        return SchemaError(
            f"{self._name} has not given the schema {number} in {self.access.timeout:g} s"
            f" (SCHEMA_REGISTRY_TIMEOUT): {found.why}"
        )

    @property
    def _name(self) -> str:
        return f"the schema registry {self.access.url}"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, of which a byte more than MAX_ANSWER_BYTES is read at most."""
    body = bytearray()
    while len(body) <= MAX_ANSWER_BYTES and (part := await response.content.readany()):
        body += part
    return bytes(body[: MAX_ANSWER_BYTES + 1])


def _answer(number: int, status: int, body: bytes) -> Answer | _NoAnswer:
    if status == 404:
        return _NoAnswer(f"it does not know the schema {number} (404)", unknown=True)
    if status in {401, 403}:
        return _NoAnswer(
            f"it refuses the user ({status}): check SCHEMA_REGISTRY_USERNAME and"
            " SCHEMA_REGISTRY_PASSWORD",
            refused=True,
        )
    if status != 200:
        return _NoAnswer(f"it answers with the status {status}")
    if len(body) > MAX_ANSWER_BYTES:
        return BadAlert("schema", f"the schema {number} has more than {MAX_ANSWER_BYTES} B")
    try:
        document = json.loads(body)
        # Absent or null is Avro, the first type that there was.
        text, kind = document["schema"], document.get("schemaType") or "AVRO"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # A proxy's page, perhaps.
        return _NoAnswer(f"its answer is no schema: it begins with {body[:40]!r}")
    return _parse(number, kind, text)


def _parse(number: int, kind: object, text: object) -> Answer:
    if kind != "AVRO" or not isinstance(text, str):
        return BadAlert("schema", f"the schema {number} is of the type {kind!r}, not Avro")
    try:
        return parse_schema(text.encode("utf-8", "replace"))
    except BadAlert as error:
        return BadAlert(error.cause, f"the schema {number} of the registry: {error}")


def _run_in_thread(work: Coroutine[Any, Any, T]) -> T:
    # The caller may be in a thread with an event loop of its own.
    with ThreadPoolExecutor(1, "schema-registry") as executor:
        return executor.submit(asyncio.run, work).result()
