"""Malicious, damaged and odd messages, each with its expected outcome."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.hostile.alerts import of_atlas, of_ztf
from tests.support.hostile.containers import containers
from tests.support.hostile.expected import CLASSIFIED, HostileMessage
from tests.support.hostile.packets import of_lsst

__all__ = [
    "CLASSIFIED",
    "HostileMessage",
    "containers",
    "everything",
    "of_atlas",
    "of_lsst",
    "of_ztf",
]


def everything() -> Iterator[HostileMessage]:
    yield from containers()
    yield from of_ztf()
    yield from of_atlas()
    yield from of_lsst()
