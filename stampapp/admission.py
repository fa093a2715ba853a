"""Whether every cluster lets us in and do our work: asked before the first message is consumed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from aiokafka import errors as kafka
from aiokafka.conn import AIOKafkaConnection

from stampapp import admin
from stampapp.clusters import Cluster
from stampapp.connections import ask
from stampapp.errands import Errand, absent, denied, errands, group_denied
from stampapp.errors import ConfigError
from stampapp.questions import Answer, group_refused, who_and_what
from stampapp.refusals import place
from stampapp.settings import Settings

log = logging.getLogger(__name__)
# A broker that was reached a moment ago, under the name that it gives itself (seconds).
_SECOND_PATIENCE = 4.0


async def check(settings: Settings) -> None:
    """Try every cluster, all at once. Raises one ConfigError that lists all that is wrong.

    Metrics are best effort: what is wrong with them alone is logged.
    """
    todo = errands(settings, datetime.now(UTC))
    found = await asyncio.gather(*(_problems(errand, settings) for errand in todo))
    fatal = list(chain.from_iterable(found))
    if fatal:
        head = [] if len(fatal) == 1 else ["the clusters are not usable:"]
        raise ConfigError("\n".join([*head, *fatal]))


async def _problems(errand: Errand, settings: Settings) -> list[str]:
    """Return what the worker cannot go on with; log the rest."""
    try:
        vital, optional = await _lacking(errand, settings)
    except ConfigError as error:
        vital, optional = ([], [str(error)]) if errand.optional else ([str(error)], [])
    if optional:
        log.error("Going on without metrics: %s", "; ".join(optional))
    return vital


async def _lacking(errand: Errand, settings: Settings) -> tuple[list[str], list[str]]:
    answer = await ask(errand.cluster, partial(who_and_what, topics=errand.topics))
    vital, optional = denied(errand, answer)
    if await _by_their_own_names(errand, answer, _about_group(errand)):
        vital.append(group_denied(errand.cluster, str(errand.group)))
    if not vital:
        await _tell_what_is_missing(errand, answer, settings)
    return vital, optional


def _about_group(errand: Errand) -> Callable[[AIOKafkaConnection], Awaitable[bool]]:
    async def question(connection: AIOKafkaConnection) -> bool:
        return errand.group is not None and await group_refused(connection, errand.group)

    return question


async def _by_their_own_names(
    errand: Errand, answer: Answer, question: Callable[[AIOKafkaConnection], Awaitable[bool]]
) -> bool:
    """Ask a broker at the address that clients are sent to, which may be another than ours."""
    if not answer.brokers:
        return False
    named = replace(errand.cluster, servers=answer.brokers)
    try:
        return await ask(named, question, _SECOND_PATIENCE)
    except ConfigError as error:
        raise ConfigError(
            f"{place(errand.cluster)} answers, but sends its clients on to"
            f" {named.bootstrap} (advertised.listeners): {error}"
        ) from error


async def _tell_what_is_missing(errand: Errand, answer: Answer, settings: Settings) -> None:
    output = settings.output_topic
    ours = {output.name_at(datetime.now(UTC)): output.retention_ms, settings.deadletter_topic: None}
    for need in absent(errand, answer):
        cluster = replace(errand.cluster, role=need.role)
        if need.role != "producer":
            hint: str | None = "where topics do not come to be by themselves, create it"
        elif need.topic in ours:
            hint = await _reason_not_to_create(cluster, need.topic, ours[need.topic])
        else:
            # The next night's.
            continue
        if hint:
            log.warning(
                "Topic %s does not exist on %s: %s, or see %s",
                *(need.topic, place(cluster), hint, need.key),
            )


async def _reason_not_to_create(
    cluster: Cluster, topic: str, retention_ms: int | None
) -> str | None:
    creating = admin.create_topic(cluster, topic, retention_ms, only_try=True)
    try:
        await asyncio.wait_for(creating, _SECOND_PATIENCE)
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        return (
            f"we may not create it ({error!r}), so it must come to be by itself; have CREATE"
            " granted on it, create it"
        )
    return None
