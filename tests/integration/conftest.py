"""What tests with real brokers share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest


@pytest.fixture
async def time_to_close() -> AsyncIterator[None]:
    """Let connections end that a test has closed: that takes another turn of its event loop."""
    yield
    await asyncio.sleep(0.01)
