"""Figures of classified alerts, a folder for each class."""

from __future__ import annotations

import re
from pathlib import Path

from stampapp.alerts.alert import Alert
from stampapp.display.lines import counted
from stampapp.errors import ConfigError
from stampapp.output_path import make_folder
from stampapp.results.class_names import shown_name
from stampapp.results.outcome import Outcome

# The sender of an alert chooses its candid; it must not choose a path on this disk.
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST = 100


class FigureFolder:
    """Saves figures as `folder`/CLASS/CANDID.png."""

    def __init__(self, folder: Path) -> None:
        """Make the folder. Raises ConfigError if nothing can be written into it."""
        try:
            make_folder(folder)
        except ConfigError as error:
            raise ConfigError(f"--pictures: {error}") from error
        self.count = 0
        self._folder = folder

    def add(self, outcome: Outcome) -> None:
        """Save the figure of an alert, if any. Raises ConfigError if that is impossible."""
        if outcome.alert:
            self.save(outcome.alert, _subfolder(outcome))

    def save(self, alert: Alert, subfolder: str, note: str = "") -> None:
        """Save the figure of an alert, with a note. Raises ConfigError if that is impossible."""
        # A slow import, for the commands that draw nothing.
        from stampapp.stamps import alert_figure

        folder = self._folder / subfolder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--pictures: {folder} cannot be made: {error.strerror}") from error
        name = _UNSAFE.sub("_", str(alert.candid))[:_LONGEST]
        alert_figure.save_figure(alert, folder / f"{name}.png", note)
        self.count += 1

    def summary(self, these: str = "") -> str:
        """Return a sentence: how many pictures there are, and where."""
        are = "is" if self.count == 1 else "are"
        return f"{counted(self.count, 'picture')}{these} {are} in {self._folder}."


def _subfolder(outcome: Outcome) -> str:
    if outcome.classification is None:
        return "error"
    return shown_name(outcome.classification.class_name or "withdrawn")
