"""The comparison of two models as text for a person, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from stampapp.classifiers.base import Classifier
from stampapp.commands.model_comparer import Disagreement, ModelComparer
from stampapp.display.tables import Column, table_lines
from stampapp.results.class_names import shown_name
from stampapp.results.model_comparison import ComparisonTally
from stampapp.results.model_verdict import Finding

DIFFERENCES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
_INDENT = "  "


def comparison_lines(
    found: ModelComparer, verdict: Sequence[Finding], width: int | None
) -> Iterator[str]:
    """Yield the report, in a terminal of this width (None: a pipe)."""
    inner = width and width - len(_INDENT)
    yield f"live model:   {_name(found.live)}"
    yield f"shadow model: {_name(found.shadow)}"
    yield (
        f"{found.read} alerts: {found.tally.compared} compared, {found.by_rule} decided by a rule"
        f" for both, {found.unclassified} that the live model cannot classify"
    )
    yield "Alerts by the class of the live model (rows) and of the shadow model (columns)"
    yield from _indented(_confusion(found.tally, inner))
    yield "Share of the alerts whose largest difference of a probability is at most"
    yield from _indented(_differences(found.tally, inner))
    if found.timed:
        live, shadow = (1000 * s / found.timed for s in (found.live_seconds, found.shadow_seconds))
        yield f"Mean time of an alert: live {live:.2f} ms, shadow {shadow:.2f} ms"
    if found.disagreements:
        yield "Different classes, the largest differences first"
        yield from _indented(_disagreements(found.disagreements, inner))
    yield "Criteria"
    yield from (f"{_INDENT}{'met      ' if one.met else 'NOT met  '}{one}" for one in verdict)
    fit = "is fit" if is_fit(verdict) else "is not fit"
    yield f"By these criteria, the shadow model {fit} to replace the live one."


def is_fit(verdict: Sequence[Finding]) -> bool:
    """Return whether every criterion is met."""
    return all(one.met for one in verdict)


def _name(classifier: Classifier) -> str:
    return f"{classifier.name} {classifier.version}, {classifier.provenance}"


def _indented(lines: Iterator[str]) -> Iterator[str]:
    yield from (_INDENT + line for line in lines)


def _confusion(tally: ComparisonTally, width: int | None) -> Iterator[str]:
    names = tally.shadow_classes
    columns = [
        Column(name="live"),
        *(Column(name=shown_name(name), right=True) for name in names),
        Column(name="agreement", right=True),
    ]
    rows = []
    for live in tally.live_classes:
        count, agreed = tally.of_class(live)
        counts = [str(tally.pairs[live, name]) for name in names]
        rows.append([shown_name(live), *counts, f"{agreed / count:.3f}"])
    yield from table_lines(columns, rows, width)


def _differences(tally: ComparisonTally, width: int | None) -> Iterator[str]:
    shares = [(limit, tally.share_up_to(limit)) for limit in DIFFERENCES]
    rows = [[f"{limit:g}", f"{share:.3f}"] for limit, share in shares if share is not None]
    columns = [Column(name="difference", right=True), Column(name="share", right=True)]
    yield from table_lines(columns, rows, width)


def _disagreements(found: Sequence[Disagreement], width: int | None) -> Iterator[str]:
    columns = [Column(name=name) for name in ("candid", "object", "live", "shadow")]
    rows = [
        [
            one.candid,
            one.oid,
            _class(one.comparison.live, one.live_probability),
            _class(one.comparison.shadow, one.shadow_probability),
            "" if one.comparison.difference is None else f"{one.comparison.difference:.3f}",
        ]
        for one in found
    ]
    yield from table_lines(columns, rows, width, detail="difference")


def _class(name: str, probability: float | None) -> str:
    return shown_name(name) if probability is None else f"{shown_name(name)} {probability:.3f}"


def comparison_json(found: ModelComparer, verdict: Sequence[Finding]) -> dict[str, Any]:
    """Return what `--json` prints."""
    tally, timed = found.tally, found.timed
    return {
        "fit": is_fit(verdict),
        "criteria": [asdict(one) for one in verdict],
        "live": _model_json(found.live, found.live_seconds / timed if timed else None),
        "shadow": _model_json(found.shadow, found.shadow_seconds / timed if timed else None),
        "read": found.read,
        "compared": tally.compared,
        "decided_by_rule": found.by_rule,
        "not_classified": found.unclassified,
        "agreed": tally.agreed,
        "counts": [
            {"live": live, "shadow": shadow, "alerts": count}
            for (live, shadow), count in sorted(tally.pairs.items())
        ],
        "differences": [
            {"at_most": limit, "share": tally.share_up_to(limit)} for limit in DIFFERENCES
        ],
        "disagreements": [_disagreement_json(one) for one in found.disagreements],
    }


def _model_json(classifier: Classifier, seconds: float | None) -> dict[str, Any]:
    return {
        "name": classifier.name,
        "version": classifier.version,
        "provenance": classifier.provenance,
        "seconds_per_alert": seconds,
    }


def _disagreement_json(one: Disagreement) -> dict[str, Any]:
    return {
        "candid": one.candid,
        "oid": one.oid,
        **asdict(one.comparison),
        "live_probability": one.live_probability,
        "shadow_probability": one.shadow_probability,
    }
