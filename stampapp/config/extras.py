"""The optional parts of the package, which `pip install 'stampapp[NAME]'` adds."""

from __future__ import annotations

from importlib.util import find_spec

from stampapp.errors import ConfigError


def require(extra: str, *modules: str) -> None:
    """Raise ConfigError that names the extra unless these modules are installed."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        verb = "are" if missing[1:] else "is"
        raise ConfigError(
            f"{' and '.join(missing)} {verb} not installed: pip install 'stampapp[{extra}]'"
        )
