"""Try what a worker does at its start: settings, clusters, model, and one alert."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stampapp.config import settings
from stampapp.config.environment import Reading, environment_reader
from stampapp.config.settings import Settings
from stampapp.config.shadow_settings import KEY
from stampapp.config.unread_keys import UnreadKey, unread_keys
from stampapp.errors import ConfigError
from stampapp.kafka import client_parts
from stampapp.kafka.cluster import PUBLISHING_ROLES, Cluster
from stampapp.kafka.producer import start_producer, stop_producer
from stampapp.preflight.access_check import AccessReport, check_clusters
from stampapp.results.message_format import MessageOptions
from stampapp.results.outcome import Outcome, Prediction

if TYPE_CHECKING:
    # Not at run time: importing numpy would slow down every command.
    from stampapp.classifiers.base import Classifier, EngineInUse

_STOP_TIMEOUT = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsReport:
    """The settings as they were read, and the keys that nothing reads."""

    readings: tuple[Reading, ...]
    problem: str | None
    unread_keys: tuple[UnreadKey, ...]
    settings: Settings | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientTrial:
    """Why a worker would not run with this Kafka client (`problem`), or only slowly (`warning`)."""

    problem: str | None = None
    warning: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelTrial:
    """The classifier and its outcome for a sample alert of known class (`label`).

    `engine` is what computes its network.

    `problem` is why a worker would not run, `untried` why there was no alert to try, `warning` what
    the messages lack.
    """

    name: str = ""
    version: str = ""
    provenance: str = ""
    engine: EngineInUse | None = None
    problem: str | None = None
    untried: str | None = None
    warning: str | None = None
    label: str | None = None
    outcome: Outcome | None = None


def read_settings() -> SettingsReport:
    """Read every setting of a worker."""
    reader = environment_reader()
    problem, found = None, None
    try:
        found = settings.load_settings(reader)
    except ConfigError as error:
        problem = str(error)
    return SettingsReport(
        readings=tuple(reader.readings),
        problem=problem,
        unread_keys=unread_keys(reader.sources, reader.names),
        settings=found,
    )


def try_client() -> ClientTrial:
    """Try the native parts of the Kafka client."""
    try:
        client_parts.require_codecs()
    except ConfigError as error:
        return ClientTrial(problem=str(error))
    return ClientTrial(warning=client_parts.slow_client_warning())


async def try_clusters(worker: Settings) -> list[AccessReport]:
    """Check the permissions on every cluster, and start a producer where one is needed.

    Nothing is published, and no group is joined.
    """
    found = await check_clusters(worker)
    return list(await asyncio.gather(*(_try_producer(one, worker) for one in found)))


async def _try_producer(report: AccessReport, worker: Settings) -> AccessReport:
    roles = [
        permission.role
        for permission in report.access.permissions
        if permission.role in PUBLISHING_ROLES
    ]
    if report.errors or report.optional_errors or not roles:
        return report
    cluster: Cluster = replace(report.access.cluster, role=roles[0])
    try:
        producer = await start_producer(
            cluster, idempotence=worker.idempotence, compression=worker.compression
        )
    except ConfigError as error:
        problem = (str(error),)
        if report.access.optional:
            return replace(report, optional_errors=problem)
        return replace(report, errors=problem)
    await stop_producer(producer, _STOP_TIMEOUT)
    return report


def try_models(worker: Settings) -> tuple[ModelTrial, ModelTrial | None]:
    """Try the model, and the shadow model if there is one, on the same sample alert."""
    from stampapp import classifiers
    from stampapp.classifiers.shadow import load_shadow

    try:
        live = classifiers.load(worker.model)
    except ConfigError as error:
        return ModelTrial(problem=str(error)), None
    warning = worker.messages.class_id_warning(live.classes)
    trial = replace(_try_model(live, worker), warning=warning)
    if worker.shadow is None:
        return trial, None
    try:
        shadow = load_shadow(worker.shadow.model, live)
    except ConfigError as error:
        return trial, ModelTrial(problem=str(error))
    found = _try_model(shadow, worker)
    if found.problem:
        # It would be switched off.
        return trial, replace(found, problem=None, warning=f"{KEY}: {found.problem}")
    return trial, replace(found, untried=None)


def _try_model(classifier: Classifier, worker: Settings) -> ModelTrial:
    """Classify the sample alert of the live model, and encode the result."""
    from stampapp.classifiers import batch
    from stampapp.classifiers.model_folder import sample_alert
    from stampapp.classifiers.model_source import local_folder

    found = ModelTrial(
        name=classifier.name,
        version=classifier.version,
        provenance=classifier.provenance,
        engine=classifier.engine,
    )
    try:
        folder = local_folder(worker.model.path, worker.model.download)
        sample = sample_alert.read_sample(folder, worker.model.survey)
    except ConfigError as error:
        return replace(found, untried=str(error))
    try:
        prepared = batch.prepare_batch(
            batch.decode_batch([sample.message]),
            classifier,
            first_only=False,
            check=worker.messages.check_alert,
        )
        (outcome,) = batch.classify_batch(prepared, classifier)
        _encode(outcome, worker.messages)
    except Exception as error:  # any error of a model would stop the worker
        return replace(found, problem=f"the model fails: {error!r}")
    return replace(found, label=sample.label, outcome=outcome)


def _encode(outcome: Outcome, messages: MessageOptions) -> None:
    from stampapp.results import encoding, scribe_commands

    if outcome.alert and outcome.classification:
        one = Prediction(alert=outcome.alert, classification=outcome.classification, headers=())
        encoding.encode_prediction(one, messages, datetime.now(UTC))
        scribe_commands.encode_commands(one, messages)
