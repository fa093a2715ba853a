"""The models that come with the package."""

from __future__ import annotations

from pathlib import Path

from stampapp.alerts.surveys import Survey

# In the repository a link to the folder `model` at its top.
_SHIPPED = Path(__file__).parents[1] / "model"


def shipped_model(survey: Survey) -> Path:
    """Return the model folder of a survey in the package."""
    return _SHIPPED / survey.lower()


def default_model(survey: Survey) -> Path:
    """Return `model/<survey>` in the working directory, else the shipped folder."""
    folder, shipped = Path("model") / survey.lower(), shipped_model(survey)
    # A folder without a model counts, too: where a mount is empty, the worker must not start with
    # another model than the intended one.
    return shipped if shipped.exists() and not folder.exists() else folder
