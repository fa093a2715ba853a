"""The registry of surveys, and the loader of the file that a package has for a survey."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from stampapp.errors import ConfigError

T = TypeVar("T")


class Survey(StrEnum):
    """The surveys whose alerts are classified. Each has a file of its name in several packages."""

    ZTF = "ZTF"
    ATLAS = "ATLAS"
    LSST = "LSST"


def plugin(package: str, survey: Survey, kind: type[T]) -> T:
    """Return the constant `PLUGIN` of the file that a package has for a survey.

    The file is imported when it is first asked for. Raises ConfigError where there is none.
    """
    found = _plugin(package, survey)
    if not isinstance(found, kind):
        raise TypeError(f"PLUGIN in stampapp.{package}.{survey.lower()} is no {kind.__name__}")
    return found


@cache
def _plugin(package: str, survey: Survey) -> Any:
    module = f"stampapp.{package}.{survey.lower()}"
    if find_spec(module) is None:
        raise ConfigError(f"the survey {survey} has no {module}, which {package} needs")
    return import_module(module).PLUGIN
