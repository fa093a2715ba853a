"""Read keys: cast their values, note where they come from, and collect all problems."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from decouple import Config, RepositoryEmpty, RepositoryEnv

from stampapp.errors import ConfigError

T = TypeVar("T")
DOTENV, ENVIRONMENT = ".env", "environment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One key as it was read, for `check`. A secret is masked; a key that is unset is empty.

    `origin` is the name under which it was found, or "default"; `source` is environment,
    .env or default.
    """

    key: str
    value: str
    origin: str
    meaning: str
    source: str


class Reader:
    """Reads keys, and collects all problems so that they can be reported at once."""

    def __init__(
        self,
        lookup: Callable[[str], str | None],
        sources: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._lookup = lookup
        # Where each key is set, those of other programs included.
        self.sources = sources
        self.readings: list[Reading] = []
        self.problems: list[str] = []
        # Every name that was read, aliases included.
        self.names: set[str] = set()

    def read(  # noqa: PLR0913  # a key is declared in one place
        self,
        key: str,
        cast: Callable[[str], T],
        default: T | None,
        meaning: str,
        *,
        aliases: tuple[str, ...] = (),
        secret: bool = False,
        required: bool = False,
        blank_is_a_value: bool = False,
    ) -> T:
        """Return the cast value of the first of the key's names that is set, or the default."""
        found = {name: self._raw(name, blank_is_a_value) for name in (key, *aliases)}
        texts = {name: text for name, text in found.items() if text is not None}
        if len(set(texts.values())) > 1:
            self.problems.append(f"{' and '.join(texts)} contradict each other: set one of them")
        if not texts:
            if required:
                self.problems.append(f"{key} is not set: {meaning}")
            self._note(key, _text(default), "default", meaning, secret)
            return default  # type: ignore[return-value]  # `finish` raises, so the value is not used
        name, text = next(iter(texts.items()))
        self._note(key, text, name, meaning, secret)
        return self._cast(name, text, cast, default, secret)

    def is_set(self, key: str) -> bool:
        """Return whether a key that was read is set."""
        return any(one.key == key and one.origin != "default" for one in self.readings)

    def _raw(self, name: str, blank_is_a_value: bool) -> str | None:
        self.names.add(name)
        text = self._lookup(name)
        blank = text is None or not text.strip()
        return text if not blank or (text is not None and blank_is_a_value) else None

    def _cast(
        self, name: str, text: str, cast: Callable[[str], T], default: T | None, secret: bool
    ) -> T:
        try:
            return cast(text if secret else text.strip())
        except (ValueError, ConfigError) as error:
            self.problems.append(f"{name} is {'***' if secret else repr(text)}: {error}")
            return default  # type: ignore[return-value]  # as above

    def _note(self, key: str, value: str, origin: str, meaning: str, secret: bool) -> None:
        shown = "***" if secret and origin != "default" else value
        source = "default" if origin == "default" else self.sources.get(origin, ENVIRONMENT)
        self.readings.append(
            Reading(key=key, value=shown, origin=origin, meaning=meaning, source=source)
        )

    def build(self, make: Callable[[], T]) -> T | None:
        """Call `make`, noting a ConfigError among the problems."""
        try:
            return make()
        except ConfigError as error:
            self.problems.append(str(error))
            return None

    def finish(self) -> None:
        """Raise one ConfigError that lists every problem."""
        if self.problems:
            raise ConfigError("\n".join(["the settings are not usable:", *self.problems]))


def environment_reader() -> Reader:
    """Return a reader of the environment and of the `.env` file in the working directory."""
    path = Path(DOTENV)
    file = RepositoryEnv(str(path)) if path.is_file() else RepositoryEmpty()
    config, in_file = Config(file), getattr(file, "data", {})
    sources = dict.fromkeys(in_file, DOTENV) | dict.fromkeys(os.environ, ENVIRONMENT)
    return Reader(lambda key: config(key, default=None), sources)


def cache_folder() -> Path:
    """Return the user's folder for files that can be fetched again."""
    if folder := os.environ.get("XDG_CACHE_HOME"):
        return Path(folder)
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        # In a container without the user's name; Docker then says that / is its home.
        return Path("/.cache")


def _text(default: object) -> str:
    """Return a default as it would be written in a setting; empty where there is none."""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    return "" if default is None else str(default)
