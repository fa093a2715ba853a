"""Classify alerts by two models, and keep what they say in bounded memory."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from stampapp.alerts.alert import Alert
from stampapp.alerts.packets import Decoded
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier
from stampapp.classifiers.shadow import classify_again
from stampapp.commands.figure_folder import FigureFolder
from stampapp.results.class_names import shown_name
from stampapp.results.model_comparison import Comparison, ComparisonTally, compare, is_compared
from stampapp.results.outcome import Outcome

# Disagreements that are listed, and pictures of each pair of classes.
MOST_LISTED = 20
MOST_PICTURES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """An alert to which both models give different classes; the probabilities are those of each."""

    candid: str
    oid: str
    comparison: Comparison
    live_probability: float | None
    shadow_probability: float | None


@dataclass(kw_only=True, slots=True)
class ModelComparer:
    """Classifies alerts by both models, and keeps what they say in bounded memory.

    `read` are all alerts, `unclassified` those that the live model cannot classify, `by_rule` those
    that a rule decides for both. Times in seconds; `timed` is the number of alerts they are for.
    """

    live: Classifier
    shadow: Classifier
    figures: FigureFolder | None = None
    tally: ComparisonTally = field(default_factory=ComparisonTally)
    read: int = 0
    unclassified: int = 0
    by_rule: int = 0
    timed: int = 0
    live_seconds: float = 0.0
    shadow_seconds: float = 0.0
    # The largest differences; the number makes the order definite.
    _largest: list[tuple[float, int, Disagreement]] = field(default_factory=list)
    _drawn: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def slowdown(self) -> float | None:
        """How many times as long as the live model the shadow model takes; None before any."""
        return self.shadow_seconds / self.live_seconds if self.live_seconds else None

    @property
    def disagreements(self) -> list[Disagreement]:
        """The disagreements with the largest differences, the largest first."""
        return [one for _, _, one in sorted(self._largest, key=lambda one: (-one[0], one[1]))]

    def warm_up(self) -> None:
        """Do what would otherwise make the first batch slow."""
        self.live.warm_up()
        self.shadow.warm_up()

    def add(self, decoded: Sequence[Decoded]) -> None:
        """Classify alerts by both models; every alert counts, not only the first of its object."""
        prepared = batch.prepare_batch(decoded, self.live, first_only=False)
        # Without the alerts that the live model cannot read, which would take it no time.
        alerts = [one.alert for one in prepared.to_classify]
        start = time.perf_counter()
        live = batch.classify_batch(
            batch.prepare_batch(alerts, self.live, first_only=False), self.live
        )
        middle = time.perf_counter()
        shadow = classify_again(live, self.shadow)
        self.shadow_seconds += time.perf_counter() - middle
        self.live_seconds += middle - start
        self.timed += len(alerts)
        self.read += len(decoded)
        self.unclassified += len(decoded) - sum(1 for one in live if one.classification)
        for pair in zip(live, shadow, strict=True):
            self._add_pair(*pair)

    def _add_pair(self, live: Outcome, shadow: Outcome) -> None:
        if not is_compared(live):
            self.by_rule += bool(live.classification)
            return
        found = compare(live, shadow)
        self.tally.add([found])
        if live.alert and not found.agrees:
            self._keep(_disagreement(live.alert, live, shadow, found))
            self._draw(live.alert, found, live, shadow)

    def _keep(self, one: Disagreement) -> None:
        # An alert without a second result differs most.
        difference = 2.0 if one.comparison.difference is None else one.comparison.difference
        entry = (difference, -self.tally.compared, one)
        add = heapq.heappush if len(self._largest) < MOST_LISTED else heapq.heappushpop
        add(self._largest, entry)

    def _draw(self, alert: Alert, found: Comparison, live: Outcome, shadow: Outcome) -> None:
        pair = (found.live, found.shadow)
        if self.figures and self._drawn[pair] < MOST_PICTURES:
            self._drawn[pair] += 1
            note = f"live: {_words(live, found.live)}, shadow: {_words(shadow, found.shadow)}"
            self.figures.save(alert, "_".join(map(shown_name, pair)), note)


def _disagreement(alert: Alert, live: Outcome, shadow: Outcome, found: Comparison) -> Disagreement:
    return Disagreement(
        candid=alert.candid,
        oid=alert.oid,
        comparison=found,
        live_probability=_highest(live),
        shadow_probability=_highest(shadow),
    )


def _highest(outcome: Outcome) -> float | None:
    found = outcome.classification
    return max(found.probabilities.values()) if found else None


def _words(outcome: Outcome, name: str) -> str:
    highest = _highest(outcome)
    return shown_name(name) if highest is None else f"{shown_name(name)} {highest:.2f}"
