"""Read alerts from whatever a notebook has: paths, bytes, or alerts themselves."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from stampapp.alerts.packets import Decoded
from stampapp.api.survey_alert import SurveyAlert
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.config.schema_settings import SchemaSettings
from stampapp.errors import BadAlert
from stampapp.feeds import alert_files

AlertItem = str | os.PathLike[str] | bytes | SurveyAlert
AlertSource = AlertItem | Iterable[AlertItem]
_PATH = (str, os.PathLike)


class UnreadableAlertWarning(UserWarning):
    """An alert could not be read, and was left out; the text says which one and why."""


def read_alerts(
    source: AlertSource, *, schema_path: str | os.PathLike[str] | None = None
) -> Iterator[SurveyAlert]:
    """Return an iterator of the alerts of a file, an archive, a folder, or several of them.

    A path may be an Avro file, a Kafka message (.msg), a tar archive of these, either gzipped or
    not, or a folder; bytes are the content of such a file. Alerts are read one by one, so that a
    night needs no more memory than one alert. `schema_path` is for messages that do not have their
    schema in them: a folder of .avsc files, or the one of bare data; by default the schemas of
    installed packages are used.

    An alert that cannot be read gives an UnreadableAlertWarning and is left out; `classify` of the
    same path has a record of it. Raises ConfigError where there is no such path, or no alerts in
    it.

    >>> import stampapp
    >>> from importlib.resources import files
    >>> path = files("stampapp") / "model/lsst/sample.avro"
    >>> for alert in stampapp.read_alerts(path):
    ...     print(alert.candid, sorted(alert.stamps))
    9000000024000000000 ['difference', 'science', 'template']
    """
    return _good_alerts(decoded_alerts(source, open_schemas(schema_path)))


def open_schemas(path: str | os.PathLike[str] | None) -> MessageSchemas:
    """Return the schemas of a folder or file, and of installed packages. Raises ConfigError."""
    return SchemaSettings(path=Path(path) if path is not None else None, registry=None).open()


def decoded_alerts(source: AlertSource, schemas: MessageSchemas) -> Iterator[Decoded]:
    """Return the alerts of a source in order, a BadAlert in place of what cannot be read.

    Raises ConfigError for a path that does not exist or has no alerts: before the first alert is
    read, unless the source is an iterator.
    """
    items = [source] if isinstance(source, (*_PATH, bytes, SurveyAlert)) else source
    if isinstance(items, list | tuple) and items and all(map(_is_path, items)):
        return _in_files(items, schemas)
    return chain.from_iterable(_decoded(item, schemas) for item in items)


def _good_alerts(decoded: Iterator[Decoded]) -> Iterator[SurveyAlert]:
    for found in decoded:
        if isinstance(found, BadAlert):
            warnings.warn(f"{found.cause}: {found}", UnreadableAlertWarning, stacklevel=2)
        else:
            yield SurveyAlert.of(found)


def _decoded(item: object, schemas: MessageSchemas) -> Iterator[Decoded]:
    if isinstance(item, SurveyAlert):
        return iter([item.decoded()])
    if isinstance(item, bytes):
        return alert_files.read_bytes(item, schemas)
    if isinstance(item, _PATH):
        return _in_files([item], schemas)
    what = "a path, bytes, an alert, or an iterable of these is expected"
    raise TypeError(f"{what}, not {type(item).__name__}")


def _in_files(
    paths: Iterable[str | os.PathLike[str]], schemas: MessageSchemas
) -> Iterator[Decoded]:
    found = alert_files.find_alert_files([Path(path) for path in paths])
    return alert_files.read_alerts(found, schemas=schemas)


def _is_path(item: object) -> bool:
    return isinstance(item, _PATH)
