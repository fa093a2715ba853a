"""Classifies the stamps of sky-survey alerts: AGN, supernova, variable star, asteroid or bogus.

`load_classifier` and `read_alerts` are for notebooks and programs (docs/python.md); `app` is the
Faust application.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from stampapp.version import __version__

if TYPE_CHECKING:
    from stampapp.api.alert_source import UnreadableAlertWarning, read_alerts
    from stampapp.api.fits_stamps import FitsStamp, FitsStamps
    from stampapp.api.loading import load_classifier
    from stampapp.api.results import Results
    from stampapp.api.stamp_classifier import StampClassifier
    from stampapp.api.survey_alert import SurveyAlert
    from stampapp.app import app as app
    from stampapp.errors import BadAlert, ConfigError, StampError
    from stampapp.results.alert_result import AlertResult

__all__ = [
    "AlertResult",
    "BadAlert",
    "ConfigError",
    "FitsStamp",
    "FitsStamps",
    "Results",
    "StampClassifier",
    "StampError",
    "SurveyAlert",
    "UnreadableAlertWarning",
    "__version__",
    "load_classifier",
    "read_alerts",
]
_MODULES = {
    "AlertResult": "results.alert_result",
    "BadAlert": "errors",
    "ConfigError": "errors",
    "FitsStamp": "api.fits_stamps",
    "FitsStamps": "api.fits_stamps",
    "Results": "api.results",
    "StampClassifier": "api.stamp_classifier",
    "StampError": "errors",
    "SurveyAlert": "api.survey_alert",
    "UnreadableAlertWarning": "api.alert_source",
    "app": "app",
    "load_classifier": "api.loading",
    "read_alerts": "api.alert_source",
}


def __getattr__(name: str) -> object:
    # Lazy (PEP 562): `faust -A stampapp` finds the app here, but importing a single module neither
    # loads Faust nor reads the environment.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"stampapp.{_MODULES[name]}"), name)
    # The import may have set the attribute to the module of this name.
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
