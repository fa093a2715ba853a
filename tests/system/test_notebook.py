"""The notebook of the Python interface runs from top to bottom, as a reader runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.stopwatch import AMPLE
from tests.support.worker import clean_environment

NOTEBOOK = Path(__file__).parents[2] / "docs" / "python.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook with its outputs, run in an empty folder. A cell that fails is an error."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=AMPLE, kernel_name="python3", resources=resources)
    # Warnings of the notebook are errors, too.
    return client.execute(env=clean_environment() | {"PYTHONWARNINGS": "error::UserWarning"})


def outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", ())


def test_every_cell_runs_and_nothing_is_written_to_stderr(executed: Any) -> None:
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert len(cells) > 10
    assert all(cell.execution_count for cell in cells)
    assert [one.text for one in outputs(executed) if one.output_type == "stream"] == []


def test_it_shows_stamps_tables_and_classes(executed: Any) -> None:
    shown = [one.data for one in outputs(executed) if "data" in one]
    assert any("image/png" in data for data in shown)
    tables = [data["text/html"] for data in shown if "text/html" in data]
    assert any("deg" in table and "probability_SN" in table for table in tables)
    text = "\n".join(data["text/plain"] for data in shown)
    assert "Results of 40 alerts by stampapp_ztf_simulated" in text
    assert 'Unit("deg")' in text
    assert "not-avro" in text


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert list(outputs(notebook)) == []
    assert {cell.get("execution_count") for cell in notebook.cells} == {None}
