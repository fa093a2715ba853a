"""Run the command `classify` with the options that were given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Classifier
from stampapp.commands.classify import classify_files
from stampapp.commands.figure_folder import FigureFolder
from stampapp.commands.result_lines import ResultLines
from stampapp.config.cpu_count import cores
from stampapp.config.model_address import given_model
from stampapp.config.model_settings import ModelSettings, load_model_settings
from stampapp.config.schema_settings import load_schemas
from stampapp.display.progress import report
from stampapp.errors import ConfigError
from stampapp.feeds.alert_files import find_alert_files
from stampapp.results.summary import Summary

if TYPE_CHECKING:
    from stampapp.commands.table_output import TableOutput


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassifyRequest:
    """The options of the command. `survey` and `model` override the settings."""

    paths: tuple[Path, ...]
    as_json: bool
    every_alert: bool
    survey: Survey | None
    model: str | None
    pictures: Path | None
    output: Path | None
    resume: bool


def run(request: ClassifyRequest) -> int:
    """Classify the alerts of the files; return the exit code. Raises ConfigError."""
    _check_output(request)
    given = given_model("--model", request.model) if request.model is not None else None
    model = load_model_settings(request.survey, given)
    schemas = load_schemas()
    # Before the model is loaded, which takes seconds.
    files = find_alert_files(request.paths)
    figures = FigureFolder(request.pictures) if request.pictures else None
    classifier = _load(model)
    table = _table_output(request, files, classifier, model)
    before = table.before if table else Summary()
    summary = classify_files(
        files,
        classifier,
        table or ResultLines(classifier, sys.stdout, as_json=request.as_json),
        every_alert=request.every_alert,
        limit=model.detection_limit,
        schemas=schemas,
        figures=figures,
        before=before,
    )
    report(str(summary))
    if table:
        report(table.finish(summary))
    if figures:
        these = " of this run" if before.read else ""
        report(figures.summary(these))
    return 1 if summary.errors or summary.stopped else 0


def _check_output(request: ClassifyRequest) -> None:
    if request.output is None:
        if request.resume:
            raise ConfigError("--resume goes on with the table of --output: name it")
        return
    if request.as_json:
        raise ConfigError("--output writes a table, --json lines: choose one of them")
    # A slow import, only for tables.
    from stampapp.tables.table_files import table_writer

    table_writer(request.output)


def _load(model: ModelSettings) -> Classifier:
    # TensorFlow would start a thread for each processor, whatever the quota of a container; the
    # native engine would use one.
    compute = replace(model.compute, threads=cores())
    classifier = classifiers.load(replace(model, compute=compute))
    if classifier.engine.reason:
        report(f"The network runs on {classifier.engine}.")
    return classifier


def _table_output(
    request: ClassifyRequest, files: Sequence[Path], classifier: Classifier, model: ModelSettings
) -> TableOutput | None:
    if request.output is None:
        return None
    # A slow import, only for tables.
    from stampapp.commands.table_output import TableOutput, run_identity
    from stampapp.tables.result_journal import ResultJournal

    if request.output.resolve() in [path.resolve() for path in files]:
        raise ConfigError(f"--output is {request.output}, which has alerts: name another file")
    options = {
        "--survey": model.survey,
        "--every-alert": request.every_alert,
        "--pictures": request.pictures,
        "MAX_DETECTIONS": None if request.every_alert else model.detection_limit,
        "SOLAR_SYSTEM_RULE": model.solar_system_rule,
    }
    identity = run_identity(files, classifier, **options)
    journal = ResultJournal(request.output, identity, resume=request.resume)
    return TableOutput(request.output, journal, classifier, model.survey)
