"""Import a published model: what `faust -A stampapp import-model` does and says."""

from __future__ import annotations

from pathlib import Path

from stampapp.classifiers.model_folder.store import ModelDescription


def import_model(path: Path, into: Path | None, name: str | None) -> tuple[ModelDescription, Path]:
    """Import a published model.zip, or its unpacked folder; return the model and its folder.

    `into` is `model/<survey>` where it is None. `name` chooses among several checkpoints. Raises
    ConfigError with what to do about it.
    """
    # TensorFlow takes seconds to import, and the other commands do without it.
    from stampapp.classifiers.tf1_import import importer

    folder = into or importer.DEFAULT_FOLDER
    return importer.import_published(path, folder, name), folder


def report(description: ModelDescription, into: Path) -> str:
    """Say to a human what was imported, and where to."""
    kernel = f"{description.kernel}x{description.kernel}"
    features = ", ".join(feature.name for feature in description.features)
    return "\n".join(
        (
            f"Imported {description.source}",
            f"  into      {into}",
            f"  as        {description.name} {description.version}, for {description.survey}",
            f"  network   {kernel} kernels, {description.network_file}",
            f"  classes   {', '.join(description.classes)}",
            f"  features  {len(description.features)}: {features}",
            "MODEL_NAME and MODEL_VERSION override what the messages will say.",
        )
    )
