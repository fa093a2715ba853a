"""An archive of the classes that a broker loads: with it, one starts in less than half the time.

It is made once for each version of Kafka and of Java, and kept beside the jars. Java ignores an
archive that does not fit; the broker then only starts more slowly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from tests.support.shared import alone_in


def class_archive(java: str, jars: Path, record: Callable[[Path], None]) -> Path:
    """Return the archive of this Java; `record` writes one where there is none yet."""
    archive = jars.with_name(f"{jars.name}-java-{_build(java)}.jsa")
    with alone_in(jars):
        if not archive.exists():
            draft = archive.with_suffix(".draft")
            record(draft)
            if draft.exists():
                draft.rename(archive)
    return archive


def _build(java: str) -> str:
    """Return what differs between installations of Java, and after an update."""
    program = Path(java).resolve()
    return hashlib.sha256(f"{program} {program.stat().st_mtime_ns}".encode()).hexdigest()[:12]
