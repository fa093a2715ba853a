"""The functions that parse untrusted bytes. Each accepts any input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier
from stampapp.classifiers.survey_classifier import Array, NetworkClassifier
from stampapp.features import difference_imaging
from stampapp.results.encoding import encode_prediction
from stampapp.results.message_format import message_format
from stampapp.results.outcome import Outcome
from stampapp.results.scribe_commands import encode_commands
from tests.fuzz.engine_targets import use_description, use_network_file, use_sizes
from tests.support import atlas, lsst_stamps
from tests.support.alerts import alert
from tests.support.lsst_schemas import SCHEMAS
from tests.support.models import FEATURES, ZTF_FEATURES
from tests.support.results import options, prediction


class UniformNetwork:
    """A network that gives all classes the same probability."""

    def predict(self, images: Array, features: Array) -> Array:
        assert len(images) == len(features)
        return np.full((len(images), len(atlas.CLASSES)), 0.2, np.float32)

    def warm_up(self) -> None:
        """Do nothing."""


def _classifier(*features: str, **changes: Any) -> Classifier:
    described = atlas.description(*features, crop=31, **changes)
    return NetworkClassifier(
        described, UniformNetwork(), name="fuzzed", version="1", provenance="a test"
    )


CLASSIFIERS = {
    Survey.ATLAS: _classifier(*FEATURES),
    Survey.ZTF: _classifier(
        *ZTF_FEATURES,
        survey=Survey.ZTF,
        classes=("AGN", "SN", "VS", "asteroid", "bogus"),
        stamps=("science", "template", "difference"),
        stamp_shape=(63, 63),
    ),
    Survey.LSST: _classifier(
        *difference_imaging.NAMES,
        survey=Survey.LSST,
        classes=("AGN", "SN", "VS", "asteroid", "bogus"),
        stamps=lsst_stamps.NAMES,
        stamp_shape=(31, 31),
    ),
}
OPTIONS = {
    survey: options(survey, commands=message_format(survey).commands[-1])
    for survey in (Survey.ATLAS, Survey.ZTF)
} | {Survey.LSST: options(Survey.LSST)}
_LSST_STAMP = lsst_stamps.cutout(np.arange(900).reshape(30, 30))


def classify_message(data: bytes | None) -> Outcome:
    """Classify a message as the worker of its survey does, or that of ZTF if it has none."""
    (decoded,) = batch.decode_batch([data], SCHEMAS)
    survey = decoded.survey if isinstance(decoded, Alert) else Survey.ZTF
    return _outcome(decoded, CLASSIFIERS[survey])


def classify_ztf_stamp(data: bytes) -> Outcome:
    """Classify a valid ZTF alert with this science stamp."""
    valid = alert()
    return _outcome(alert(stamps={**valid.stamps, "science": data}), CLASSIFIERS[Survey.ZTF])


def classify_atlas_stamp(data: bytes) -> Outcome:
    """Classify a valid ATLAS alert with this science stamp."""
    return _outcome(atlas.atlas_alert(data), CLASSIFIERS[Survey.ATLAS])


def classify_lsst_stamp(data: bytes) -> Outcome:
    """Classify a valid LSST alert with this template stamp."""
    stamps = {**dict.fromkeys(lsst_stamps.NAMES, _LSST_STAMP), "template": data}
    return _outcome(lsst_stamps.lsst_alert(stamps), CLASSIFIERS[Survey.LSST])


TARGETS: Sequence[Callable[[bytes], object]] = (
    classify_message,
    classify_ztf_stamp,
    classify_atlas_stamp,
    classify_lsst_stamp,
    use_network_file,
    use_description,
    use_sizes,
)


def _outcome(decoded: packets.Decoded, classifier: Classifier) -> Outcome:
    survey = decoded.survey if isinstance(decoded, Alert) else Survey.ZTF
    check = OPTIONS[survey].check_alert
    prepared = batch.prepare_batch([decoded], classifier, first_only=True, check=check)
    (outcome,) = batch.classify_batch(prepared, classifier)
    if outcome.alert and outcome.classification:
        # What passes the check can be published.
        result = prediction(outcome.classification, outcome.alert)
        assert encode_prediction(result, OPTIONS[survey], datetime.now(UTC))
        assert encode_commands(result, OPTIONS[survey])
    return outcome
