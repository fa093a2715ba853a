from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stampapp.classifiers.model_folder.self_test import SELF_TEST_FILE, read_self_test
from stampapp.classifiers.network.network import Network
from stampapp.commands.add_self_test import add_answers, answer_lines
from stampapp.errors import ConfigError
from tests.support.models import write_atlas


def test_an_older_folder_gets_the_answers_of_tensorflow(tmp_path: Path) -> None:
    description = write_atlas(tmp_path)
    file = tmp_path / SELF_TEST_FILE
    written = file.read_bytes()
    file.unlink()
    path, answers = add_answers(tmp_path)
    assert path == file
    # As if it had been written with the model.
    assert file.read_bytes() == written
    found = read_self_test(tmp_path, description)
    assert found is not None
    np.testing.assert_array_equal(found.probabilities, answers.probabilities)
    predicted = Network.load(tmp_path, description).predict(found.images, found.features)
    np.testing.assert_allclose(predicted, found.probabilities, atol=1e-6)
    (line,) = answer_lines(path, answers)
    assert line == f"Wrote {file}: TensorFlow's probabilities for 8 inputs."


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no model in"):
        add_answers(tmp_path)
    assert list(tmp_path.iterdir()) == []
