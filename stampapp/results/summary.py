"""How many alerts were classified, and how many have another outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stampapp.display.lines import counted
from stampapp.results.outcome import Outcome, OutcomeKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The number of alerts that were read, and of these with each outcome."""

    read: int = 0
    classified: int = 0
    ruled_out: int = 0
    errors: int = 0
    # Of the superseded ones, those whose object has more than MAX_DETECTIONS detections.
    over_max_detections: int = 0
    # Why it ended before all alerts were read; None if it did not.
    stopped: str | None = None

    @property
    def superseded(self) -> int:
        """The number of alerts that an earlier one of their object superseded."""
        outcomes = (self.classified, self.ruled_out, self.errors, self.over_max_detections)
        return self.read - sum(outcomes)

    def after(self, read: int, outcome: Outcome | None) -> Summary:
        """Return the summary after `read` alerts, the last of which has this outcome.

        None is that of an alert which an earlier one of its object supersedes.
        """
        kind = outcome.kind if outcome else None
        return replace(
            self,
            read=read,
            classified=self.classified + (kind is OutcomeKind.CLASSIFIED),
            ruled_out=self.ruled_out + (kind is OutcomeKind.RULED_OUT),
            errors=self.errors + (kind is OutcomeKind.DEAD_LETTERED),
            over_max_detections=self.over_max_detections + (kind is OutcomeKind.SUPERSEDED),
        )

    def __str__(self) -> str:
        alerts, over = counted(self.read, "alert"), self.over_max_detections
        by_detections = f" {over} superseded by MAX_DETECTIONS," if over else ""
        stopped = f"Stopped {self.stopped} after " if self.stopped else ""
        return stopped + (
            f"{alerts}: {self.classified} classified, {self.ruled_out} ruled out,"
            f" {self.superseded} superseded by an earlier one of their object,{by_detections}"
            f" {self.errors} with an error"
        )
