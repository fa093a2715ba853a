"""The output of `classify` as a table, which an interrupted run goes on with."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Classifier
from stampapp.display.lines import counted
from stampapp.errors import ConfigError
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.results.outcome import Outcome
from stampapp.results.summary import Summary
from stampapp.tables.result_journal import ResultJournal
from stampapp.tables.result_table import TableSource
from stampapp.tables.table_files import write_results
from stampapp.version import __version__


class TableOutput:
    """Keeps results in a journal, and writes the table of all of them at the end."""

    def __init__(
        self, path: Path, journal: ResultJournal, classifier: Classifier, survey: Survey
    ) -> None:
        self._path, self._journal = path, journal
        self._classifier, self._survey = classifier, survey
        self._results: list[AlertResult] = []

    @property
    def before(self) -> Summary:
        """What earlier runs have done."""
        return self._journal.summary

    def add(self, outcome: Outcome) -> None:
        """Add the result of an outcome."""
        name, version = self._classifier.name, self._classifier.version
        self._results.append(alert_result(outcome, name, version))

    def keep(self, summary: Summary) -> None:
        """Write the results that were added to the journal. Raises ConfigError."""
        self._journal.append(self._results, summary)
        self._results = []

    def finish(self, summary: Summary) -> str:
        """Write the table; return a sentence about it. Raises ConfigError."""
        if not summary.read and summary.stopped:
            self._journal.delete()
            return f"{self._path} was not written."
        try:
            rows = write_results(self._path, self._journal.results, self._source())
        except ConfigError as error:
            self._journal.close()
            kept = f"All results are kept in {self._journal.path}: --resume writes the table"
            raise ConfigError(f"{error}. {kept}") from error
        results = counted(rows, "result")
        if summary.stopped:
            self._journal.close()
            return f"{self._path} has {results} so far; --resume goes on with the others."
        self._journal.delete()
        return f"{self._path} has {results}."

    def _source(self) -> TableSource:
        return TableSource(
            survey=self._survey,
            classes=self._classifier.classes,
            classifier_name=self._classifier.name,
            classifier_version=self._classifier.version,
            created=self._journal.created,
        )


def run_identity(
    files: Sequence[Path], classifier: Classifier, **options: object
) -> dict[str, str]:
    """Return what must be the same for a run to go on with the results of an earlier one.

    `options` are those that decide which results there are, or what they are.
    """
    stats = [(str(path.resolve()), path.stat()) for path in files]
    listed = [f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in stats]
    model = (classifier.name, classifier.version, classifier.network_sha256 or "")
    return {
        "the files (names, sizes or times)": hashlib.sha256(
            os.fsencode("\n".join(listed))
        ).hexdigest(),
        "the model": " ".join(model),
        "the version of stampapp": __version__,
        **{name: str(value) for name, value in options.items()},
    }
