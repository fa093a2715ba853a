"""Run the network of a model folder on the native engine, once its self-test has passed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stampapp.classifiers.model_folder.self_test import SelfTest
from stampapp.errors import ConfigError
from stampapp.native.engine import NativeNetwork

Array = npt.NDArray[np.float32]

# The most that a probability may differ from TensorFlow's.
TOLERANCE = 1e-5
# Fewer alerts are not worth another thread.
_FEWEST = 32


class ThreadedNetwork:
    """A network whose batches are divided among several threads."""

    def __init__(self, network: NativeNetwork, threads: int) -> None:
        self._network, self._threads = network, threads
        self._pool = ThreadPoolExecutor(threads, "classify")

    def warm_up(self) -> None:
        self._network.warm_up()

    def predict(self, images: Array, features: Array) -> Array:
        """Return the probabilities; see NativeNetwork."""
        bounds = share_bounds(len(images), self._threads)
        slices = [slice(*pair) for pair in pairwise(bounds)]
        parts = self._pool.map(
            lambda one: self._network.predict(images[one], features[one]), slices
        )
        return np.concatenate(list(parts))


def share_bounds(n: int, threads: int) -> list[int]:
    """Return the bounds of nearly equal shares of n alerts, at most one a thread, at least one."""
    shares = max(1, min(threads, n // _FEWEST))
    return [n * share // shares for share in range(shares + 1)]


def require_same_answers(network: NativeNetwork, test: SelfTest) -> None:
    """Raise ConfigError where the network answers otherwise than TensorFlow did."""
    found = network.predict(test.images, test.features)
    difference = float(np.abs(found - test.probabilities).max())
    # A comparison with NaN is false.
    if not difference <= TOLERANCE:
        raise ConfigError(
            f"the native engine ({network.instruction_set}) fails the model's self-test: its"
            f" probabilities differ from TensorFlow's by {difference:.2g}, more than {TOLERANCE:g}:"
            " set INFERENCE_ENGINE=tensorflow"
        )
