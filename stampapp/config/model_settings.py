"""The settings of a classifier, which need no Kafka: survey, model, device."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from stampapp.alerts.detection_limit import DetectionLimit
from stampapp.alerts.surveys import Survey
from stampapp.config.casts import boolean, member, number, survey_name
from stampapp.config.compute import ComputeSettings, Device, Engine, Precision
from stampapp.config.download_settings import DownloadSettings, read_download
from stampapp.config.environment import Reader, environment_reader
from stampapp.config.model_address import ModelAddress, model_path
from stampapp.config.shipped_models import default_model

_DEFAULT_COMPUTE = ComputeSettings()
# The largest number that the field of an alert can hold.
_MOST_DETECTIONS = 2**31 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSettings:
    """Which model classifies which alerts, and on what device.

    Where name or version is None, the model says it. `path` is a model folder, or the address of
    one, and `path_key` the setting that names it. `path_is_set` is whether MODEL_PATH is set: a
    survey's installed package is preferred to the default path, but not to one that is set. With
    `solar_system_rule`, a known object of the solar system gets its class without the network. An
    alert over the `detection_limit` is not classified.
    """

    survey: Survey
    path: Path | ModelAddress
    name: str | None
    version: str | None
    path_is_set: bool = True
    path_key: str = "MODEL_PATH"
    solar_system_rule: bool = True
    detection_limit: DetectionLimit | None = None
    compute: ComputeSettings = _DEFAULT_COMPUTE
    download: DownloadSettings = field(default_factory=DownloadSettings)

    @property
    def alerts(self) -> str:
        """The alerts that are classified, for people."""
        limit = self.detection_limit
        return f"{self.survey} alerts {limit}" if limit else f"{self.survey} alerts"

    @property
    def max_detections(self) -> int | None:
        """The setting MAX_DETECTIONS."""
        return self.detection_limit.most if self.detection_limit else None


def read_model(reader: Reader, survey: Survey | None = None) -> ModelSettings:
    """Read what a classifier needs, but no Kafka key; `survey` overrides the strategy."""
    strategy = survey or reader.read(
        "CLASSIFIER_STRATEGY",
        survey_name,
        None,
        f"the survey: {' or '.join(Survey)}",
        required=True,
    )
    folder = default_model(strategy) if strategy else Path("model")
    path: Path | ModelAddress = reader.read(
        "MODEL_PATH",
        model_path,  # type: ignore[arg-type]  # of two types, of which the default has one
        folder,
        "the model folder, or the https address of its zip with #sha256=",
    )
    return ModelSettings(
        survey=strategy,
        path=path,
        path_is_set=reader.is_set("MODEL_PATH"),
        name=reader.read("MODEL_NAME", str, None, "classifier name in the messages"),
        version=reader.read("MODEL_VERSION", str, None, "classifier version in the messages"),
        solar_system_rule=reader.read(
            "SOLAR_SYSTEM_RULE",
            boolean,
            True,
            "true: a known solar-system object is an asteroid; false: ask the network",
        ),
        detection_limit=_detection_limit(reader, strategy),
        compute=_compute_settings(reader),
        download=read_download(reader),
    )


def _detection_limit(reader: Reader, survey: Survey | None) -> DetectionLimit | None:
    most: int | None = reader.read(
        "MAX_DETECTIONS",
        number(1, _MOST_DETECTIONS, int),
        None,
        "classify an alert only while its object has at most so many detections; unset: always",
    )
    if survey is None or most is None:
        return None
    return reader.build(lambda: DetectionLimit(survey=survey, most=most))


def _compute_settings(reader: Reader) -> ComputeSettings:
    read = reader.read
    return ComputeSettings(
        engine=read(
            "INFERENCE_ENGINE",
            partial(member, Engine),
            Engine.AUTO,
            "what computes the network: native, tensorflow, or auto (native where it can be used)",
        ),
        device=read(
            "DEVICE",
            partial(member, Device),
            Device.AUTO,
            "where the network runs: cpu, gpu, or auto (a GPU if there is one)",
        ),
        precision=read(
            "MODEL_PRECISION",
            partial(member, Precision),
            Precision.FLOAT32,
            "precision of the convolutions: float32 or bfloat16",
        ),
    )


def load_model_settings(survey: Survey | None, path: Path | ModelAddress | None) -> ModelSettings:
    """Return what offline commands need; an argument that is not None overrides its setting."""
    reader = environment_reader()
    model = read_model(reader, survey)
    reader.finish()
    return replace(model, path=path, path_is_set=True) if path else model
