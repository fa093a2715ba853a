"""What the page shows of the shadow model, as a JSON document."""

from __future__ import annotations

from typing import Any

from stampapp.results.class_names import shown_name
from stampapp.results.model_comparison import ComparisonTally

# The page names the differences that this share of the alerts does not exceed.
SHARES = (0.5, 0.95)


def shadow_document(
    tally: ComparisonTally,
    *,
    model: str,
    seconds_each: float | None,
    dropped: int,
    switched_off: str | None,
) -> dict[str, Any]:
    """Return the comparisons since the start; `seconds_each` is the mean time of an alert."""
    columns = tally.shadow_classes
    return {
        "model": model,
        "compared": tally.compared,
        "agreed": tally.agreed,
        "differences": [tally.quantile(share) for share in SHARES],
        "seconds_each": seconds_each,
        "dropped": dropped,
        "switched_off": switched_off,
        "shadow_classes": [shown_name(name) for name in columns],
        "rows": [
            [shown_name(live), *(tally.pairs[live, name] for name in columns)]
            for live in tally.live_classes
        ],
    }
