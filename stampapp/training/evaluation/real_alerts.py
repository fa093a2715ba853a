"""How a network stands on real alerts: beside catalogues' labels, and beside another network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stampapp.errors import ConfigError
from stampapp.training import markdown
from stampapp.training.data.examples import Array, Doubles, Examples, Indices
from stampapp.training.data.labelled import Found
from stampapp.training.data.reference_labels import Reference
from stampapp.training.evaluation import predictions, scores
from stampapp.training.evaluation.predictions import Judgement
from stampapp.training.evaluation.scores import Estimate

OWN, REFERENCE = "this model", "reference"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Real alerts with labels: places among `classes`, -1 where none is known.

    `catalogued` are the classes that catalogues tell. `opinions` has who → probabilities
    (n, classes) for this model and, where there is one, the reference.
    """

    classes: tuple[str, ...]
    catalogued: tuple[str, ...]
    found: Found
    truth: Indices
    opinions: dict[str, Array | Doubles]


def beside(
    judged: Judgement, found: Found, catalogued: tuple[str, ...], reference: Reference | None
) -> Standing:
    """Put a network's judgement beside a reference's. Raises ConfigError where that lacks one."""
    opinions = {OWN: judged.probabilities}
    if reference:
        opinions[REFERENCE] = _of_reference(reference, found.examples, judged.classes)
    return Standing(
        classes=judged.classes,
        catalogued=catalogued,
        found=found,
        truth=judged.truth,
        opinions=opinions,
    )


def _of_reference(reference: Reference, examples: Examples, classes: Sequence[str]) -> Doubles:
    known = reference.probabilities
    if missing := [str(candid) for candid in examples.candids if candid not in known]:
        raise ConfigError(
            f"the reference has nothing on {len(missing)} of the alerts, the first is {missing[0]}"
        )
    return np.array([[known[candid][name] for name in classes] for candid in examples.candids])


def text(seen: Standing) -> str:
    """Return how good the network is by the labels, and how like the reference's."""
    rows = [(what, *(str(value) for value in values)) for what, values in _figures(seen)]
    parts = [
        f"{seen.found.note}. Intervals are of 95 %. Each alert goes through the network, also one "
        "that\na rule decides; where the rules count, the line says so.",
        markdown.table(("", *seen.opinions), rows),
    ]
    return "\n\n".join([*parts, *_matrices(seen)])


def _matrices(seen: Standing) -> Iterator[str]:
    n, found = len(seen.classes), {who: _classes(seen, who) for who in seen.opinions}
    yield "The network alone, beside the labels:"
    rows = seen.truth >= 0
    for who, theirs in found.items():
        matrix = scores.confusion(seen.truth[rows], theirs[rows], n)
        yield predictions.confusion(matrix, seen.classes, f"label \\ {who}")
    if REFERENCE in found:
        yield "Network beside network, on all alerts:"
        matrix = scores.confusion(found[REFERENCE], found[OWN], n)
        yield predictions.confusion(matrix, seen.classes, f"{REFERENCE} \\ {OWN}")


def _figures(seen: Standing) -> Iterator[tuple[str, list[Estimate | str]]]:
    names = ", ".join(seen.catalogued)
    alone = {who: _classes(seen, who) for who in seen.opinions}
    ruled = {who: _ruled(seen, found) for who, found in alone.items()}
    yield f"balanced accuracy over {names}", [_balanced(seen, one) for one in alone.values()]
    yield "the same, after the rules", [_balanced(seen, one) for one in ruled.values()]
    for name in seen.catalogued:
        place = seen.classes.index(name)
        own = seen.truth == place
        if own.any():
            total = int(own.sum())
            right = [int((found[own] == place).sum()) for found in alone.values()]
            yield f"{name} found, of {total}", [scores.wilson(one, total) for one in right]
    if REFERENCE in seen.opinions:
        same = alone[OWN] == alone[REFERENCE]
        free = same[seen.found.decided < 0]
        yield f"same class as the reference, all {len(same)}", [_share(same), "-"]
        ruled_out = len(same) - len(free)
        yield f"the same, without the {ruled_out} that a rule decides", [_share(free), "-"]


def _classes(seen: Standing, who: str) -> Indices:
    return np.asarray(seen.opinions[who].argmax(axis=1))


def _ruled(seen: Standing, found: Indices) -> Indices:
    """Return the classes after the rules; one more place means withdrawn."""
    vetoed = seen.found.vetoed[np.arange(len(found)), found]
    kept = np.where(vetoed, len(seen.classes), found)
    decided = seen.found.decided
    return np.where(decided >= 0, decided, kept)


def _balanced(seen: Standing, found: Indices) -> Estimate | str:
    rows = np.isin(seen.truth, [seen.classes.index(name) for name in seen.catalogued])
    if not rows.any():
        return "-"
    return scores.balanced_estimate(seen.truth[rows], found[rows], len(seen.classes) + 1)


def _share(same: Indices) -> Estimate | str:
    return scores.wilson(int(same.sum()), len(same)) if len(same) else "-"
