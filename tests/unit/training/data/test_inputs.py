from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from stampapp.classifiers.model_folder.description import Feature
from stampapp.features import images, metadata
from stampapp.training.data import examples, inputs
from stampapp.training.data.ztf import PLUGIN as ZTF
from tests.support import learnable_alerts

OPEN = Feature(name="ra", mean=0.0, std=1.0, lower=None, upper=None)


def test_features_with_knots_become_gaussian_scores() -> None:
    values = np.random.default_rng(3).exponential(size=(5000, 1))
    (found,) = inputs.fit_normalisation([OPEN], values, with_knots=True)
    assert len(found.knots) == 25
    assert (found.mean, found.std) == pytest.approx((0.0, 1.0), abs=0.02)
    # The median of this distribution is ln 2.
    assert metadata.normalise(np.array([math.log(2.0)]), found)[0] == pytest.approx(0.0, abs=0.05)


def test_statistics_are_those_of_clipped_values() -> None:
    values = np.array([-5.0, 0.0, 1.0, 2.0, 50.0])[:, None]
    (found,) = inputs.fit_normalisation([replace(OPEN, lower=-1.0, upper=10.0)], values)
    clipped = np.array([-1.0, 0.0, 1.0, 2.0, 10.0])
    assert (found.lower, found.upper) == (-1.0, 10.0)
    assert (found.mean, found.std) == pytest.approx((clipped.mean(), clipped.std()))


def test_open_clips_are_closed_at_the_training_quantiles() -> None:
    values = np.append(np.linspace(0.0, 1.0, 9999), 1e6)[:, None]
    (found,) = inputs.fit_normalisation([OPEN], values)
    assert (found.lower, found.upper) == pytest.approx((0.001, 0.999), abs=2e-4)
    (half,) = inputs.fit_normalisation([replace(OPEN, lower=-1.0)], values)
    assert half.lower == -1.0
    assert half.upper == found.upper


def test_constant_feature_has_deviation_one() -> None:
    (found,) = inputs.fit_normalisation([OPEN], np.full((20, 1), 3.0))
    assert found == replace(OPEN, mean=3.0)


def test_a_rare_flag_keeps_both_values() -> None:
    (found,) = inputs.fit_normalisation([OPEN], (np.arange(100) == 0).astype(float)[:, None])
    assert (found.lower, found.upper) == (0.0, 1.0)


def test_inputs_are_those_of_the_worker() -> None:
    alerts = [learnable_alerts.alert(2, index) for index in range(20)]
    seen = [examples.extract_inputs(alert, ZTF) for alert in alerts]
    known = examples.to_examples(seen, [learnable_alerts.CLASSES[n % 5] for n in range(20)], ZTF)
    learned = inputs.fit_normalisation(ZTF.features, known.features)
    found = inputs.prepare_inputs(known, learned, ZTF.classes)
    assert np.array_equal(found.images, images.normalise_stamps([one.crops for one in seen]))
    assert np.abs(found.features - metadata.feature_matrix(alerts, learned)).max() < 1e-4
    assert found.features.dtype == np.float32
    assert found.truth.tolist() == [0, 1, 2, 3, 4] * 4
    assert np.abs(found.features.mean(axis=0)).max() < 1e-5
    part = found.take(np.array([3, 1]))
    assert part.truth.tolist() == [3, 1]
    assert np.array_equal(part.images, found.images[[3, 1]])
