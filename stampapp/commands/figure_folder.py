"""Figures of classified alerts, a folder for each class."""

from __future__ import annotations

import re
from pathlib import Path

from stampapp.errors import ConfigError
from stampapp.results.class_names import shown_name
from stampapp.results.outcome import Outcome

# The sender of an alert chooses its candid; it must not choose a path on this disk.
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST = 100


class FigureFolder:
    """Saves figures as `folder`/CLASS/CANDID.png."""

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self._folder = folder

    def add(self, outcome: Outcome) -> None:
        """Save the figure of an alert, if any. Raises ConfigError if that is impossible."""
        # A slow import, for the commands that draw nothing.
        from stampapp.stamps import alert_figure

        if outcome.alert is None:
            return
        folder = self._folder / _subfolder(outcome)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--pictures: {folder} cannot be made: {error.strerror}") from error
        name = _UNSAFE.sub("_", str(outcome.alert.candid))[:_LONGEST]
        alert_figure.save_figure(outcome.alert, folder / f"{name}.png")
        self.count += 1


def _subfolder(outcome: Outcome) -> str:
    if outcome.classification is None:
        return "error"
    return shown_name(outcome.classification.class_name or "withdrawn")
