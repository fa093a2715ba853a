"""Class names as people see them. Messages and JSON have them in the spelling of the survey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")
_SHOWN = {name.casefold(): name for name in ("AGN", "SN", "VS", "asteroid", "bogus")}


def shown_name(class_name: str) -> str:
    """Return a class name in the spelling that is shown for all surveys."""
    return _SHOWN.get(class_name.casefold(), class_name)


def with_shown_names(by_class: Mapping[str, T]) -> dict[str, T]:
    """Return the same values by the names that are shown."""
    return {shown_name(name): value for name, value in by_class.items()}
