"""Reports as lines of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.system.faults.completeness import Outcome
from tests.system.faults.fault_round import Report

HEAD = (
    f"{'seed':>5} {'alerts':>7} {'classif.':>8} {'supers.':>7} {'ruled':>5} {'dead':>5}"
    f" {'repeats':>7} {'samples':>7} {'s':>5}  faults"
)


def line(report: Report) -> str:
    found = report.audit
    counts = [found.outcomes[one] for one in Outcome]
    verdict = f"  FAILED: {len(found.problems)}" if found.problems else ""
    return (
        f"{report.plan.seed:>5} {found.messages:>7} {counts[0]:>8} {counts[1]:>7} {counts[2]:>5}"
        f" {counts[3]:>5} {sum(found.repeats.values()):>7} {found.samples:>7}"
        f" {report.seconds:>5.0f}  {'; '.join(map(str, report.plan.faults))}"
        f"{'; transactions' if report.plan.transactional else ''}{verdict}"
    )


def totals(reports: Sequence[Report]) -> str:
    faults = Counter(fault.kind.value for one in reports for fault in one.plan.faults)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(faults.items()))
    messages = sum(one.audit.messages for one in reports)
    repeats = sum(sum(one.audit.repeats.values()) for one in reports)
    restarts = sum(len(one.exit_codes) for one in reports)
    failed = [one.plan.seed for one in reports if one.audit.problems]
    return (
        f"{len(reports)} rounds, {faults.total()} faults ({kinds}), {messages} alerts, {repeats}"
        f" messages published again, {restarts} workers started again,"
        f" {sum(one.seconds for one in reports):.0f} s;"
        f" {f'FAILED with the seeds {failed}' if failed else 'nothing lost'}."
    )
