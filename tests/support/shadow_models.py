"""Copies of model folders that give other results: shadow models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path


def copy_with_features(model: Path, folder: Path, version: str, scale: float) -> Path:
    """Copy a model to a new folder, as a version that divides its features by other numbers."""
    shutil.copytree(model, folder)
    description = json.loads((folder / "model.json").read_text())
    for feature in description["features"]:
        feature["std"] *= scale
    description["version"] = version
    (folder / "model.json").write_text(json.dumps(description))
    return folder
