"""The expected outcome of a message, and malicious values."""

from __future__ import annotations

import os
import zlib
from typing import Any, NamedTuple

CLASSIFIED = "classified"


class HostileMessage(NamedTuple):
    """A message; `outcome` is the cause of its dead letter, or CLASSIFIED."""

    name: str
    outcome: str
    value: bytes | None


class AbortOnUnpickle:
    """Aborts the process that unpickles it."""

    def __reduce__(self) -> Any:
        return os.abort, ()


def bomb(mebibytes: int, *, gzipped: bool) -> bytes:
    """Return compressed zeros, without the checksum at the end, which is never reached."""
    packer = zlib.compressobj(9, wbits=-15)
    # A whole block, which can be repeated.
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"\x1f\x8b\x08" + bytes(7) if gzipped else b""
    return head + block * mebibytes + b"\x03\x00"
