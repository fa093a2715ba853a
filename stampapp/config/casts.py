"""Cast the text of a setting; the ValueError says what is expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from stampapp.alerts.surveys import Survey
from stampapp.kafka.nightly_topic import TOPIC_RULE, is_legal_topic

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def number(minimum: float, maximum: float, kind: type[T]) -> Callable[[str], T]:
    """Return a cast to a number within these bounds, both included."""
    what = "a whole number" if kind is int else "a number"
    bounds = (minimum, maximum)

    def cast(text: str) -> T:
        try:
            value: Any = kind(text)  # type: ignore[call-arg]
        except ValueError:
            value = None
        if value is None or not minimum <= value <= maximum:
            # Of seven digits and more, the format `g` would leave some out.
            least, most = (f"{one:.0f}" if kind is int else f"{one:g}" for one in bounds)
            raise ValueError(f"{what} from {least} to {most} is expected")
        return value  # type: ignore[no-any-return]

    return cast


def boolean(text: str) -> bool:
    """Cast yes/no words to a bool."""
    words: Mapping[str, bool] = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(
        ("false", "0", "no", "off"), False
    )
    if text.lower() not in words:
        raise ValueError("true or false is expected")
    return words[text.lower()]


def comma_separated(text: str) -> tuple[str, ...]:
    """Cast a comma-separated list."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise ValueError("a comma-separated list is expected")
    return found


def log_level_name(text: str) -> str:
    """Cast the name of a log level."""
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    if text.upper() not in levels:
        raise ValueError(f"one of {', '.join(levels)} is expected")
    return text.upper()


def one_of(*words: str) -> Callable[[str], str]:
    """Return a cast to one of these words, written in any case."""

    def cast(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"{' or '.join(words)} is expected")
        return text.lower()

    return cast


def survey_name(text: str) -> Survey:
    """Cast the name of a survey."""
    return member(Survey, text)


def member(kind: type[E], text: str) -> E:
    """Cast the value of an enumeration, written in any case."""
    for one in kind:
        if one.casefold() == text.casefold():
            return one
    raise ValueError(f"one of {', '.join(kind)} is expected")


def topic_name(text: str) -> str:
    """Cast the name of a topic; an empty one means no topic, where that is allowed."""
    if text and not is_legal_topic(text):
        raise ValueError(TOPIC_RULE)
    return text
