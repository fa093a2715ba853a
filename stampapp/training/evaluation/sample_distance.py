"""Distances between a sample of real alerts and one of simulated alerts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stampapp.training.data.examples import Indices, Texts

Values = npt.NDArray[np.float64]
Folds = Iterable[tuple[Indices, Indices]]
PERCENTILES = (5, 50, 95)
FOLDS = 5
TREES = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A quantity in both samples: its Kolmogorov-Smirnov distance, and p05, p50, p95 of each."""

    name: str
    distance: float
    real: tuple[float, ...]
    simulated: tuple[float, ...]


def differences(real: Mapping[str, Values], simulated: Mapping[str, Values]) -> list[Difference]:
    """Return the difference of each quantity (name → values), the largest first."""
    compared = [
        Difference(
            name=name,
            distance=ks_distance(real[name], simulated[name]),
            real=_quantiles(real[name]),
            simulated=_quantiles(simulated[name]),
        )
        for name in real
    ]
    return sorted(compared, key=lambda one: -one.distance)


def _quantiles(values: Values) -> tuple[float, ...]:
    return tuple(np.percentile(values, PERCENTILES).tolist())


def ks_distance(one: Values, other: Values) -> float:
    """Return the largest distance between two samples' cumulative distributions."""
    grid = np.union1d(one, other)
    first, second = (np.searchsorted(np.sort(x), grid, side="right") / len(x) for x in (one, other))
    return float(np.abs(first - second).max())


def chance_distance(n: int, m: int) -> float:
    """Return the KS distance that 5 % of samples (n, m values) of one distribution exceed."""
    return 1.358 * math.sqrt((n + m) / (n * m))


def rows_with_class_mix(classes: Texts, labels: Texts, seed: int) -> Indices:
    """Return as many rows as possible whose labels have the mix of `classes`.

    Classes that are not among the labels are ignored.
    """
    rng = np.random.default_rng(seed)
    wanted = {name: int((classes == name).sum()) for name in np.unique(labels)}
    available = {name: int((labels == name).sum()) for name in wanted}
    scale = min((available[name] / n for name, n in wanted.items() if n), default=0.0)
    rows = [
        rng.permutation(np.flatnonzero(labels == name))[: int(n * scale)]
        for name, n in wanted.items()
    ]
    return np.sort(np.concatenate(rows))


@dataclass(frozen=True, kw_only=True, slots=True)
class Separability:
    """How well a classifier separates two samples: the area under its ROC curve.

    It is 0.5 if they are indistinguishable and 1 if they are always separated. `by_patch` keeps
    real alerts of a patch of the sky in one fold, None if there are fewer patches than folds;
    `random` does not, so the classifier has seen other alerts of the same exposures.
    """

    by_patch: float | None
    random: float

    def __str__(self) -> str:
        by_patch = "-" if self.by_patch is None else f"{self.by_patch:.3f}"
        return f"{by_patch} ({self.random:.3f})"


def separability(
    real: Mapping[str, Values], simulated: Mapping[str, Values], patches: Texts, seed: int
) -> Separability:
    """Return how well a forest separates the samples by these quantities, cross-validated.

    It weights both samples equally. `patches` names the patch of the sky of each real alert.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    rows = np.concatenate([np.column_stack(list(side.values())) for side in (real, simulated)])
    is_real = np.arange(len(rows)) < len(patches)
    # Simulated alerts are independent of each other.
    alone = [f"simulated {number}" for number in range(len(rows) - len(patches))]
    groups = np.concatenate([patches, alone])
    apart = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    mixed = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    enough = len(np.unique(patches)) >= FOLDS
    return Separability(
        by_patch=_area(rows, is_real, apart.split(rows, is_real, groups), seed) if enough else None,
        random=_area(rows, is_real, mixed.split(rows, is_real), seed),
    )


def _area(rows: Values, is_real: npt.NDArray[np.bool_], folds: Folds, seed: int) -> float:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    trees = ExtraTreesClassifier(
        TREES, min_samples_leaf=2, class_weight="balanced", random_state=seed
    )
    scores = cross_val_predict(trees, rows, is_real, cv=list(folds), method="predict_proba")[:, 1]
    return float(roc_auc_score(is_real, scores))
