"""Import a published model into a model folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stampapp.classifiers.model_folder.store import ModelDescription
from stampapp.classifiers.model_source import local_archive
from stampapp.classifiers.network.tensorflow_installed import require_tensorflow
from stampapp.classifiers.tf1_import import importer
from stampapp.config.download_settings import load_download_settings
from stampapp.config.model_address import ModelAddress
from stampapp.display.tables import name_value_lines
from stampapp.results.class_names import shown_name


def import_published_model(
    source: Path | ModelAddress, into: Path | None, name: str | None
) -> tuple[ModelDescription, Path]:
    """Import a published model; return the model and its folder.

    `source` is the path or the address of the zip, or the path of its unpacked folder. `into` is
    `model/<survey>` by default. `name` selects one of several checkpoints. Raises ConfigError if
    the model cannot be imported.
    """
    # Before anything is fetched.
    require_tensorflow()
    path = local_archive(source, load_download_settings())
    called = source.file_name if isinstance(source, ModelAddress) else None
    folder = into or importer.DEFAULT_FOLDER
    return importer.import_published(path, folder, name, called), folder


def model_lines(description: ModelDescription, into: Path) -> Iterator[str]:
    """Yield the lines of the report: what was imported, and where to."""
    kernel = f"{description.kernel}x{description.kernel}"
    features = ", ".join(feature.name for feature in description.features)
    facts = {
        "into": into,
        "as": f"{description.name} {description.version}, for {description.survey}",
        "network": f"{kernel} kernels, {description.network_file}",
        "classes": ", ".join(map(shown_name, description.classes)),
        "features": f"{len(description.features)}: {features}",
    }
    yield f"Imported {description.source}"
    yield from (f"  {line}" for line in name_value_lines(facts))
    yield "MODEL_NAME and MODEL_VERSION override the name and version in published messages."
