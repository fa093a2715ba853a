"""Treats each message in one process, and prints what became of it and what that took."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.fuzz.targets import classify_message
from tests.support.alerts import container, record
from tests.support.hostile import everything


def main() -> None:
    """Print a line of JSON for each: its outcome, the s of a processor and the MiB that it took."""
    messages = list(everything())
    # What is imported and kept at the first alert of a survey is no message's fault.
    for first in (container(record()), messages[-1].value):
        classify_message(first)
    for one in messages:
        # The kernel forgets the peak of the one before.
        Path("/proc/self/clear_refs").write_text("5")
        before, start = peak(), time.process_time()
        outcome = classify_message(one.value)
        told = {
            "name": one.name,
            "outcome": outcome.error.cause if outcome.error else outcome.kind.value,
            "said": str(outcome.error),
            "seconds": time.process_time() - start,
            "mebibytes": peak() - before,
        }
        print(json.dumps(told), flush=True)


def peak() -> float:
    status = Path("/proc/self/status").read_text()
    return next(float(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024


if __name__ == "__main__":
    main()
