"""Say on stderr what is measured now."""

from __future__ import annotations

import sys


def announce(what: str) -> None:
    """Write a line to stderr at once."""
    print(f"… {what}", file=sys.stderr, flush=True)
