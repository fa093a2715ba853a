"""The results of a classification: a sequence of records, and tables of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from stampapp.config.extras import require
from stampapp.display.lines import counted
from stampapp.results.alert_result import AlertResult
from stampapp.results.class_names import shown_name
from stampapp.results.outcome import OutcomeKind
from stampapp.tables.result_table import TableSource, result_table

if TYPE_CHECKING:
    from astropy.table import Table


class Results(Sequence[AlertResult]):
    """One AlertResult per alert, in the order of the alerts; `source` says what made them."""

    def __init__(self, records: Iterable[AlertResult], source: TableSource) -> None:
        self._records = tuple(records)
        self.source = source

    @overload
    def __getitem__(self, index: int) -> AlertResult: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> AlertResult | Results:
        """Return one result, or the Results of a slice."""
        if isinstance(index, slice):
            return Results(self._records[index], self.source)
        return self._records[index]

    def __len__(self) -> int:
        """Return the number of alerts."""
        return len(self._records)

    def __repr__(self) -> str:
        """Return how many alerts have each class."""
        counts = Counter(map(_shown_class, self._records))
        found = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        made_by = f"{self.source.classifier_name} {self.source.classifier_version}"
        return f"<Results of {counted(len(self), 'alert')} by {made_by}: {found or 'none'}>"

    def to_table(self) -> Table:
        """Return an astropy Table with a row per alert, and units in days, degrees and magnitudes.

        Its `meta` says which classifier made it, and when. What is not known is masked.
        """
        return result_table(self._records, self.source)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame with the columns of `to_table`.

        Raises ConfigError where pandas is not installed, which the extra `tables` adds.
        """
        require("tables", "pandas")
        return self.to_table().to_pandas()


def _shown_class(result: AlertResult) -> str:
    if result.class_name:
        return shown_name(result.class_name)
    return "ruled out" if result.outcome is OutcomeKind.RULED_OUT else "not classified"
