"""Write labelled alerts to an Avro file for `classify` and their labels to a CSV for training."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fastavro

from stampapp.alerts import sorting_hat
from stampapp.alerts.alert import LabelledAlert
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.errors import ConfigError


def write_alerts(drawn: Iterable[LabelledAlert], alerts: Path, labels: Path) -> None:
    """Write a container of sorting-hat records, and a CSV with the columns candid and label.

    Both files appear at the end, or neither; older ones are replaced. Raises ConfigError if they
    cannot be written.
    """
    try:
        with (
            _replacing(alerts) as alert_draft,
            _replacing(labels) as label_draft,
            alert_draft.open("wb") as binary,
            label_draft.open("w", newline="", encoding="utf-8") as text,
        ):
            rows = csv.writer(text, lineterminator="\n")
            rows.writerow(("candid", "label"))
            fastavro.writer(binary, sorting_hat.SCHEMA, _records(drawn, rows.writerow))
    except OSError as error:
        raise ConfigError(f"{alerts} and {labels} cannot be written: {error.strerror}") from error


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path, and rename it to `path` at the end."""
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name a file")
    if not path.parent.is_dir():
        raise ConfigError(f"{path} cannot be written: there is no folder {path.parent}")
    draft = path.with_name(f".{path.name}.draft")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _records(
    drawn: Iterable[LabelledAlert], label: Callable[[tuple[str, str]], object]
) -> Iterator[dict[str, object]]:
    for one in drawn:
        label((one.alert.candid, survey_rules(one.alert.survey).spelled(one.label)))
        yield sorting_hat.encode_record(one.alert)
