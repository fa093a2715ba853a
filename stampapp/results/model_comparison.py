"""Compare what two models say about the same alerts: the live model, and one beside it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from stampapp.results.outcome import Classification, Outcome

# Differences are counted in steps of this size, rounded up.
STEP = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The classes that both models give to an alert, or the kind of outcome where there is none.

    `difference` is the largest difference of a class's probability (0 to 1), None where the second
    model gave no probabilities.
    """

    live: str
    shadow: str
    difference: float | None

    @property
    def agrees(self) -> bool:
        """Whether both gave the same class."""
        return self.live == self.shadow


def is_compared(live: Outcome) -> bool:
    """Return whether the live model's network has classified the alert.

    Where a rule decides before the network, it decides for every model.
    """
    found = live.classification
    return bool(live.alert and found and not (found.rule and found.class_name))


def compare(live: Outcome, shadow: Outcome) -> Comparison:
    """Compare two outcomes of an alert that `is_compared`."""
    both = live.classification and shadow.classification
    return Comparison(
        live=label(live),
        shadow=label(shadow),
        difference=largest_difference(live.classification, shadow.classification)  # type: ignore[arg-type]  # both are there
        if both
        else None,
    )


def label(outcome: Outcome) -> str:
    """Return the class, or the kind of outcome (ruled_out, dead_lettered) if there is none."""
    found = outcome.classification
    return (found and found.class_name) or outcome.kind.value


def largest_difference(one: Classification, other: Classification) -> float:
    """Return the largest difference of a probability; both have the same classes."""
    return max(abs(p - other.probabilities[name]) for name, p in one.probabilities.items())


@dataclass(slots=True)
class ComparisonTally:
    """Counts of comparisons, in bounded memory.

    `pairs` counts (live class, shadow class); `steps` counts the largest differences in units of
    STEP, rounded up.
    """

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    steps: Counter[int] = field(default_factory=Counter)

    def add(self, comparisons: Iterable[Comparison]) -> None:
        """Count comparisons."""
        for one in comparisons:
            self.pairs[one.live, one.shadow] += 1
            if one.difference is not None:
                # 0.002 / 0.001 is a little more than 2.
                self.steps[math.ceil(round(one.difference / STEP, 6))] += 1

    @property
    def compared(self) -> int:
        """The number of alerts that were compared."""
        return self.pairs.total()

    @property
    def agreed(self) -> int:
        """The number of alerts to which both gave the same class."""
        return sum(count for (live, shadow), count in self.pairs.items() if live == shadow)

    @property
    def live_classes(self) -> list[str]:
        """The live model's classes, the most frequent first."""
        return [name for name, _ in self._by_live().most_common()]

    @property
    def shadow_classes(self) -> list[str]:
        """The shadow model's classes: first those of the live model, in its order."""
        shadow = dict.fromkeys(name for _, name in sorted(self.pairs))
        live = self.live_classes
        return [*live, *(name for name in shadow if name not in live)]

    def of_class(self, live: str) -> tuple[int, int]:
        """Return how many alerts the live model gave a class, and on how many both agree."""
        return self._by_live()[live], self.pairs[live, live]

    def share_up_to(self, difference: float) -> float | None:
        """Return the share of alerts whose largest difference is at most this; None without any."""
        total = self.steps.total()
        most = math.floor(round(difference / STEP, 6))
        return sum(n for step, n in self.steps.items() if step <= most) / total if total else None

    def quantile(self, share: float) -> float | None:
        """Return the difference that this share of the alerts does not exceed, to STEP."""
        seen, wanted = 0, share * self.steps.total()
        for step, count in sorted(self.steps.items()):
            seen += count
            if seen >= wanted:
                return round(step * STEP, 3)
        return None

    def _by_live(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (live, _), count in self.pairs.items():
            found[live] += count
        return found
