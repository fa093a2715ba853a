"""Formatted storage of brokers: to format one takes Kafka's tool half a second of a processor.

It is made once for each version of Kafka and kept beside the jars; brokers start on copies.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support.shared import alone_in


def formatted_storage(jars: Path, node: str, make: Callable[[Path], None]) -> Path:
    """Return a storage for a node with this id; `make` formats one where there is none yet."""
    home = jars.with_name(f"{jars.name}-storage")
    with alone_in(home):
        storage, draft = home / node, home / f"{node}.draft"
        if not storage.exists():
            shutil.rmtree(draft, ignore_errors=True)
            make(draft)
            draft.rename(storage)
    return storage
