"""Names and values as lines: with bars, in columns, or as running text."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_CELLS = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"
# Widths of the columns of names and of values; longer ones get lines of their own.
_NAME, _NUMBER = 16, 14
# Names of flags, or of nulls, to show; JSON has all.
_MAX_NAMES = 12


def bar(share: float, cells: int = _CELLS) -> str:
    """Return a share of one as a bar, to an eighth of a character; 1 is `cells` long."""
    share = min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
    full, rest = divmod(round(share * cells * 8), 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def shares(values: Mapping[str, float]) -> Iterator[str]:
    """Yield a line with a bar for each class, the most probable one first."""
    longest = max(map(len, values), default=0)
    for name, share in sorted(values.items(), key=lambda one: -one[1]):
        yield f"{name:<{longest}}  {share:.3f} {bar(share)}".rstrip()


def wrapped(values: Mapping[str, Any], width: int) -> Iterator[str]:
    """Yield names and values as running text of this width."""
    text = ", ".join(f"{name} {_value(value)}" for name, value in values.items())
    yield from textwrap.wrap(text, max(20, width), break_on_hyphens=False)


def grid(values: Mapping[str, Any], width: int) -> Iterator[str]:
    """Yield names and values in columns, those that are too long at the end."""
    pairs = [(name, _value(value)) for name, value in values.items()]
    longest = max((len(name) for name, _ in pairs if len(name) <= _NAME), default=0)
    cells = [f"{name:<{longest}} {value}" for name, value in pairs]
    short = [cell for cell in cells if len(cell) <= longest + _NUMBER]
    across = max(1, width // (longest + _NUMBER + 2))
    for row in _batched(short, across):
        yield "  ".join(f"{cell:<{longest + _NUMBER}}" for cell in row).rstrip()
    yield from (cell for cell in cells if len(cell) > longest + _NUMBER)


def grid_in_short(values: Mapping[str, Any], width: int) -> Iterator[str]:
    """Yield names and values in columns; flags, nulls and NaNs follow by name only."""
    flags = {name: value for name, value in values.items() if isinstance(value, bool)}
    nulls = [name for name, value in values.items() if _is_missing(value)]
    plain = {name: value for name, value in values.items() if name not in {*flags, *nulls}}
    yield from grid(plain, width)
    for word, names in (
        ("true", [name for name, value in flags.items() if value]),
        ("false", [name for name, value in flags.items() if not value]),
        ("no value", nulls),
    ):
        if names:
            yield from textwrap.wrap(f"{word}: {_few(names)}", max(20, width))


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _batched(cells: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(cells), size):
        yield cells[start : start + size]


def _value(value: object) -> str:
    if isinstance(value, float):
        # Julian dates, also modified ones, need more digits.
        return f"{value:.7g}" if abs(value) < 1e4 else f"{value:.13g}"
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
