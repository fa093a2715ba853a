"""Process each message in one process, and print its outcome and cost."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.fuzz.targets import classify_message
from tests.support.alerts import container, record
from tests.support.hostile import everything, of_atlas, of_lsst


def main() -> None:
    """Print a line of JSON for each message: its outcome, CPU seconds and MiB."""
    messages = list(everything())
    # Do not count what is imported and cached at the first alert of a survey.
    for first in (container(record()), *(list(some())[-1].value for some in (of_atlas, of_lsst))):
        classify_message(first)
    for one in messages:
        # Reset the peak memory.
        Path("/proc/self/clear_refs").write_text("5")
        before, start = peak(), time.process_time()
        outcome = classify_message(one.value)
        result = {
            "name": one.name,
            "outcome": outcome.error.cause if outcome.error else outcome.kind.value,
            "said": str(outcome.error),
            "seconds": time.process_time() - start,
            "mebibytes": peak() - before,
        }
        print(json.dumps(result), flush=True)


def peak() -> float:
    status = Path("/proc/self/status").read_text()
    return next(float(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024


if __name__ == "__main__":
    main()
