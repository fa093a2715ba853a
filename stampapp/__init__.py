"""Classifies the stamps of sky-survey alerts: AGN, supernova, variable star, asteroid or bogus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stampapp.version import __version__ as __version__

if TYPE_CHECKING:
    from stampapp.app import app as app


def __getattr__(name: str) -> object:
    # Lazy (PEP 562): `faust -A stampapp` finds the app here, but importing a single module neither
    # loads Faust nor reads the environment.
    if name == "app":
        from stampapp.app import app

        # The import has set the attribute `app` to the module of this name.
        globals()["app"] = app
        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
