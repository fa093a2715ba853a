"""The engines that this machine has, and the classifiers and networks that run on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Classifier
from stampapp.classifiers.model_folder import store
from stampapp.classifiers.network import keras_file
from stampapp.classifiers.network.hardware import BFLOAT16_FLAGS, processor_flags
from stampapp.classifiers.survey_classifier import Predictor
from stampapp.config.compute import ComputeSettings, Device, Engine, Precision
from stampapp.config.cpu_count import cores
from stampapp.config.model_settings import ModelSettings
from stampapp.native import engine as native

# The default of a worker.
CLASSIFY_THREADS = min(cores(), 4)
# As in the worker, concurrent batches share the cores.
_COMPUTE = ComputeSettings(device=Device.CPU, threads=max(1, cores() // CLASSIFY_THREADS))


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineChoice:
    """An engine by its name in the table, how it computes, and a worker's settings for it."""

    name: str
    compute: ComputeSettings
    settings: Mapping[str, str] = field(default_factory=dict)


def _choice(name: str, engine: Engine, precision: Precision = Precision.FLOAT32) -> EngineChoice:
    return EngineChoice(
        name=name,
        compute=replace(_COMPUTE, engine=engine, precision=precision),
        settings={"INFERENCE_ENGINE": engine, "MODEL_PRECISION": precision},
    )


NATIVE = _choice("native", Engine.NATIVE)
TENSORFLOW = _choice("TensorFlow", Engine.TENSORFLOW)
BFLOAT16 = _choice("bfloat16", Engine.TENSORFLOW, Precision.BFLOAT16)


def available() -> list[EngineChoice]:
    """Return the engines of this machine, the default of a worker first."""
    return [
        *([] if native.unavailable_reason() else [NATIVE]),
        TENSORFLOW,
        *([BFLOAT16] if processor_flags() & BFLOAT16_FLAGS else []),
    ]


def load_classifier(survey: Survey, model: Path, engine: EngineChoice) -> Classifier:
    """Return the classifier of a model folder on an engine, ready to classify."""
    chosen = ModelSettings(
        survey=survey, path=model, name=None, version=None, compute=engine.compute
    )
    classifier = classifiers.load(chosen)
    classifier.warm_up()
    return classifier


def load_networks(model: Path) -> dict[str, Predictor]:
    """Return the network of a model folder on each engine and instruction set, by name."""
    sets = [] if native.unavailable_reason() else native.instruction_sets()
    return {
        **{f"{NATIVE.name} {one}": load_native(model, one) for one in sets},
        **{
            one.name: load_tensorflow(model, one.compute.precision)
            for one in available()
            if one is not NATIVE
        },
    }


def load_native(model: Path, instruction_set: str | None = None) -> Predictor:
    """Return the network on the native engine, by default with the best instruction set."""
    weights = keras_file.read_weights(model, store.read_description(model))
    return native.NativeNetwork(weights, instruction_set)


def load_tensorflow(model: Path, precision: Precision = Precision.FLOAT32) -> Predictor:
    """Return the network on TensorFlow."""
    # On demand: it takes seconds to import.
    from stampapp.classifiers.network import devices
    from stampapp.classifiers.network.network import Network

    # It cannot be changed once TensorFlow has computed anything.
    devices.prepare_device(_COMPUTE)
    return Network.load(model, store.read_description(model), precision=precision)
