"""Add the self-test to a model folder that was written without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stampapp.classifiers.model_folder import store
from stampapp.classifiers.model_folder.self_test import SELF_TEST_FILE, SelfTest


def add_answers(folder: Path) -> tuple[Path, SelfTest]:
    """Let TensorFlow answer the self-test, and write it; return the file and the answers.

    Raises ConfigError where the folder has no usable model or cannot be written.
    """
    description = store.read_description(folder)
    # TensorFlow takes seconds to import, and the other commands do without it.
    from stampapp.classifiers.network.network import Network
    from stampapp.classifiers.network.reference_answers import answer_self_test

    answers = answer_self_test(Network.load(folder, description), description)
    store.add_self_test(folder, description, answers)
    return folder / SELF_TEST_FILE, answers


def answer_lines(path: Path, answers: SelfTest) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"Wrote {path}: TensorFlow's probabilities for {len(answers.images)} inputs."
