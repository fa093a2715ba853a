"""Whether a shadow model is fit to replace the live one, by criteria that can be set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stampapp.results.model_comparison import ComparisonTally
from stampapp.results.outcome import OutcomeKind

# A class with fewer alerts of the live model has no criterion of its own.
MIN_OF_CLASS = 20
# The share of the alerts whose largest difference of a probability has a limit.
DIFFERENCE_SHARE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Criteria:
    """What is asked of a shadow model.

    `alerts` are compared at least. `agreement` is the least share with the same class, of all
    and, as `class_agreement`, of each class. `difference` is the largest difference of a
    probability that 95 % of the alerts may have. `errors` are the most alerts that only the shadow
    model cannot classify. `slowdown` is how many times as long as the live model it may take.
    """

    alerts: int = 100
    agreement: float = 0.95
    class_agreement: float = 0.9
    difference: float = 0.3
    errors: int = 0
    slowdown: float = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A criterion: what was found (None: nothing to find it in), its limit, and if it is met."""

    name: str
    found: float | None
    limit: float
    met: bool

    def __str__(self) -> str:
        found = "unknown" if self.found is None else f"{self.found:.4g}"
        return f"{self.name}: {found}, limit {self.limit:g}"


def findings(tally: ComparisonTally, slowdown: float | None, criteria: Criteria) -> list[Finding]:
    """Return each criterion; the shadow model is fit if all are met.

    `slowdown` is the mean time of the shadow model divided by that of the live model.
    """
    return [
        at_least("alerts compared", tally.compared, criteria.alerts),
        *_agreements(tally, criteria),
        at_most(
            f"largest difference of a probability of {100 * DIFFERENCE_SHARE:g} % of the alerts",
            tally.quantile(DIFFERENCE_SHARE),
            criteria.difference,
        ),
        at_most(
            "alerts that only the shadow model cannot classify", _errors(tally), criteria.errors
        ),
        at_most("time of the shadow model / of the live model", slowdown, criteria.slowdown),
    ]


def _agreements(tally: ComparisonTally, criteria: Criteria) -> Iterator[Finding]:
    share = tally.agreed / tally.compared if tally.compared else None
    yield at_least("share of the same class", share, criteria.agreement)
    for name in tally.live_classes:
        count, agreed = tally.of_class(name)
        if count >= MIN_OF_CLASS:
            yield at_least(
                f"share of the same class among {name}", agreed / count, criteria.class_agreement
            )


def _errors(tally: ComparisonTally) -> int:
    dead = OutcomeKind.DEAD_LETTERED.value
    return sum(count for (_, shadow), count in tally.pairs.items() if shadow == dead)


def at_least(name: str, found: float | None, limit: float) -> Finding:
    """Return the finding that a figure must reach a limit."""
    return Finding(name=name, found=found, limit=limit, met=found is not None and found >= limit)


def at_most(name: str, found: float | None, limit: float) -> Finding:
    """Return the finding that a figure must not exceed a limit."""
    return Finding(name=name, found=found, limit=limit, met=found is not None and found <= limit)
