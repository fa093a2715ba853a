"""Read JSON values strictly: each function returns the value or raises ConfigError with its key."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from stampapp.errors import ConfigError

T = TypeVar("T")
LARGEST_SIZE = 4096
_SHA256 = re.compile(r"[0-9a-f]{64}")
# A plain file name: nothing in a document may lead out of its folder.
_FILE_NAME = re.compile(r"[^/\\\0.][^/\\\0]*")


def members(
    value: object, key: str, names: Iterable[str], optional: Iterable[str] = ()
) -> Mapping[str, object]:
    """Return the object as a mapping that has these names, and no others but the optional ones."""
    if not isinstance(value, dict):
        raise _wrong(value, key, "an object")
    wanted = set(names)
    if missing := sorted(wanted - value.keys()):
        raise ConfigError(f"{key} lacks {', '.join(missing)}")
    if unknown := sorted(value.keys() - wanted - set(optional)):
        raise ConfigError(f"{key} has the unknown {', '.join(unknown)}")
    return value


def items(value: object, key: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    """Return what `read` makes of each item of a list that is not empty."""
    if not isinstance(value, list) or not value:
        raise _wrong(value, key, "a list of one or more")
    return tuple(read(item, f"{key}[{number}]") for number, item in enumerate(value))


def text(value: object, key: str) -> str:
    """Return printable text that is not blank."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _wrong(value, key, "printable text")
    return value


def names(value: object, key: str) -> tuple[str, ...]:
    """Return a list of texts, each there once."""
    found = items(value, key, text)
    if repeated := sorted({name for name in found if found.count(name) > 1}):
        raise ConfigError(f"{key} has {', '.join(repeated)} more than once")
    return found


def file_name(value: object, key: str) -> str:
    """Return the name of a file, without a folder and not hidden."""
    if not isinstance(value, str) or not _FILE_NAME.fullmatch(value):
        raise _wrong(value, key, "the name of a file in the same folder")
    return value


def sha256(value: object, key: str) -> str:
    """Return a SHA-256 as 64 lower-case hex digits."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise _wrong(value, key, "a SHA-256 (64 lower-case hex digits)")
    return value


def size(value: object, key: str) -> int:
    """Return a whole number from 1 to LARGEST_SIZE."""
    if type(value) is not int or not 0 < value <= LARGEST_SIZE:
        raise _wrong(value, key, f"a whole number from 1 to {LARGEST_SIZE}")
    return value


def finite(value: object, key: str) -> float:
    """Return a finite number."""
    # A bool is an int to Python, and its json reads NaN, Infinity and 1e999.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(value, key, "a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ConfigError(f"{key} is {number}, not a finite number")
    return number


def bound(value: object, key: str) -> float | None:
    """Return a finite number, or None for null."""
    return None if value is None else finite(value, key)


def _wrong(value: object, key: str, wanted: str) -> ConfigError:
    # Nested containers are not shown: their repr can be very long.
    simple = value is None or isinstance(value, str | int | float)
    found = repr(value)[:80] if simple else f"of type {type(value).__name__}"
    return ConfigError(f"{key} is {found}, not {wanted}")
