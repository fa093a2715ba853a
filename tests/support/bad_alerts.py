"""Calls that may raise BadAlert, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from stampapp.errors import BadAlert

P = ParamSpec("P")
R = TypeVar("R")


def attempt(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | BadAlert:
    """Return the result or the BadAlert; every other exception is the test's failure."""
    try:
        return function(*args, **kwargs)
    except BadAlert as error:
        return error


def cause(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> str:
    """Return the cause of the BadAlert that the call must raise."""
    found = attempt(function, *args, **kwargs)
    assert isinstance(found, BadAlert), f"no BadAlert but {found!r:.200}"
    return found.cause
