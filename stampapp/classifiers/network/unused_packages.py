"""Hide installed packages from an import that would only take longer for them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager


@contextmanager
def hidden_packages(names: Collection[str]) -> Iterator[None]:
    """Let the import of these packages fail within the block, unless one is imported already."""
    hidden = [name for name in names if name not in sys.modules]
    # With None there, Python raises ModuleNotFoundError.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
