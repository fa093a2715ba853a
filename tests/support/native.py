"""What tests of the native engine need."""

from __future__ import annotations

import pytest

from stampapp.native import engine

needs_native = pytest.mark.skipif(
    engine.unavailable_reason() is not None, reason=str(engine.unavailable_reason())
)
