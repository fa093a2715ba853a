"""The results of a classification: a sequence of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import overload

from stampapp.results.alert_result import AlertResult
from stampapp.results.class_names import shown_name


class Results(Sequence[AlertResult]):
    """One AlertResult per alert, in the order of the alerts; `classes` are the model's."""

    def __init__(
        self, records: Iterable[AlertResult], *, name: str, version: str, classes: tuple[str, ...]
    ) -> None:
        self._records = tuple(records)
        self.name, self.version, self.classes = name, version, classes

    @overload
    def __getitem__(self, index: int) -> AlertResult: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> AlertResult | Results:
        """Return one result, or the Results of a slice."""
        if isinstance(index, slice):
            chosen = self._records[index]
            return Results(chosen, name=self.name, version=self.version, classes=self.classes)
        return self._records[index]

    def __len__(self) -> int:
        """Return the number of alerts."""
        return len(self._records)

    def __repr__(self) -> str:
        """Return how many alerts have each class."""
        counts = Counter(map(_shown_class, self._records))
        found = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        return f"<Results of {len(self)} alerts by {self.name} {self.version}: {found or 'none'}>"


def _shown_class(result: AlertResult) -> str:
    if result.error is not None:
        return "not classified"
    return shown_name(result.class_name) if result.class_name else "ruled out"
