"""Read alerts from whatever a notebook has: paths, bytes, or alerts themselves."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from stampapp.alerts.packets import Decoded
from stampapp.api.survey_alert import SurveyAlert
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.config.schema_settings import SchemaSettings
from stampapp.errors import BadAlert, ConfigError
from stampapp.feeds import alert_files

AlertItem = str | os.PathLike[str] | bytes | bytearray | memoryview | SurveyAlert
AlertSource = AlertItem | Iterable[AlertItem]
_PATH = (str, os.PathLike)
_BYTES = (bytes, bytearray, memoryview)
_ITEM = (*_PATH, *_BYTES, SurveyAlert)


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
    it, and TypeError for another kind of source, such as an open file.

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
    found = given_path("schema_path", path) if path is not None else None
    return SchemaSettings(path=found, registry=None).open()


def given_path(argument: str, path: str | os.PathLike[str]) -> Path:
    """Return a path. Raises ConfigError for an empty one, which would be the working directory."""
    if not os.fspath(path):
        raise ConfigError(f"{argument} is empty: name a file or a folder")
    return Path(path)


def decoded_alerts(source: AlertSource, schemas: MessageSchemas) -> Iterator[Decoded]:
    """Return the alerts of a source in order, a BadAlert in place of what cannot be read.

    Raises ConfigError for a path that does not exist or has no alerts: before the first alert is
    read, unless the source is an iterator. Raises TypeError for what is no source.
    """
    items: Iterable[Any] = [source] if isinstance(source, _ITEM) else _several(source)
    if isinstance(items, list | tuple) and items and all(map(_is_path, items)):
        return _in_files(items, schemas)
    return chain.from_iterable(_decoded(item, schemas) for item in items)


def _several(source: Iterable[AlertItem]) -> Iterable[AlertItem]:
    # A file is an iterable of lines, a mapping of its keys.
    if isinstance(source, Mapping) or hasattr(source, "read") or not isinstance(source, Iterable):
        raise _no_source(source)
    return source


def _no_source(found: object) -> TypeError:
    what = "a path, bytes, an alert, or an iterable of these is expected"
    remedy = ": give the path of the file, or its .read()" if hasattr(found, "read") else ""
    return TypeError(f"{what}, not {type(found).__name__}{remedy}")


def _good_alerts(decoded: Iterator[Decoded]) -> Iterator[SurveyAlert]:
    for found in decoded:
        if isinstance(found, BadAlert):
            warnings.warn(f"{found.cause}: {found}", UnreadableAlertWarning, stacklevel=2)
        else:
            yield SurveyAlert.of(found)


def _decoded(item: object, schemas: MessageSchemas) -> Iterator[Decoded]:
    if isinstance(item, SurveyAlert):
        return iter([item.decoded()])
    if isinstance(item, _BYTES):
        return alert_files.read_bytes(bytes(item), schemas)
    if isinstance(item, _PATH):
        return _in_files([item], schemas)
    raise _no_source(item)


def _in_files(
    paths: Iterable[str | os.PathLike[str]], schemas: MessageSchemas
) -> Iterator[Decoded]:
    found = alert_files.find_alert_files([given_path("a path", path) for path in paths])
    return alert_files.read_alerts(found, schemas=schemas)


def _is_path(item: object) -> bool:
    return isinstance(item, _PATH)
