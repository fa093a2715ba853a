"""CPU time of the network alone on each engine, and what share of the processor's best that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import engines, network_flops
from benchmarks.announcement import announce
from benchmarks.network_flops import NetworkShape
from benchmarks.turns import measure_in_turns
from stampapp.classifiers.model_folder import store
from stampapp.classifiers.survey_classifier import Array, Predictor

SIZES = (50, 256)
SECONDS_EACH = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkSpeed:
    """A network's speed: `cpu_ms` an alert by engine and batch size.

    `kernel` is the side of its convolutions; `direct` and `winograd` are its operations an alert by
    either method.
    """

    name: str
    kernel: int
    direct: int
    winograd: int
    cpu_ms: Mapping[str, Mapping[int, float]]


def measure_network(name: str, model: Path) -> NetworkSpeed:
    """Measure the network of a model folder on each engine of this machine, in turns."""
    announce(f"the network {name} alone")
    shape = network_flops.shape_of(store.read_description(model))
    predictors = engines.load_networks(model)
    by_size = {size: cpu_ms(predictors, shape, size, SECONDS_EACH) for size in SIZES}
    return NetworkSpeed(
        name=name,
        kernel=shape.kernel,
        direct=network_flops.direct_flop(shape),
        winograd=network_flops.winograd_flop(shape),
        cpu_ms={
            engine: {size: found[engine] for size, found in by_size.items()}
            for engine in predictors
        },
    )


def cpu_ms(
    predictors: Mapping[str, Predictor], shape: NetworkShape, size: int, seconds: float
) -> dict[str, float]:
    """Return the CPU milliseconds an alert of each, in batches of `size`, measured in turns."""
    inputs = random_inputs(shape, size)
    work: dict[str, Callable[[], object]] = {
        name: partial(one.predict, *inputs) for name, one in predictors.items()
    }
    costs = measure_in_turns(work, seconds)
    return {name: 1000 * cost.cpu / size for name, cost in costs.items()}


def random_inputs(shape: NetworkShape, size: int) -> tuple[Array, Array]:
    """Return images and features: the time that a network takes does not depend on their values."""
    rng = np.random.default_rng(1)
    images = rng.random((size, shape.crop, shape.crop, shape.channels), np.float32)
    return images, rng.standard_normal((size, shape.features), np.float32)
