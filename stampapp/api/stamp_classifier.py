"""The classifier that notebooks use: alerts in, results out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from stampapp.alerts.packets import Decoded
from stampapp.alerts.surveys import Survey
from stampapp.api.alert_source import AlertSource, decoded_alerts
from stampapp.api.results import Results
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.classifiers import batch
from stampapp.classifiers.base import Classifier
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.tables.result_table import TableSource


class StampClassifier:
    """A model of one `survey`, loaded. `load_classifier` makes it.

    `name` and `version` are the model's, as they stand in every result; `classes` are the names of
    its classes, in the model's order. `provenance` says where the model comes from, `engine` what
    computes the network.
    """

    def __init__(self, classifier: Classifier, survey: Survey, schemas: MessageSchemas) -> None:
        self.survey = survey
        self.name, self.version = classifier.name, classifier.version
        self.classes, self.provenance = classifier.classes, classifier.provenance
        self.engine = str(classifier.engine)
        self._classifier, self._schemas = classifier, schemas

    def __repr__(self) -> str:
        """Return what the classifier is, for people."""
        return f"<StampClassifier {self.name} {self.version}, {self.provenance}, on {self.engine}>"

    def classify(self, source: AlertSource) -> Results:
        """Classify every alert of a source; return one result per alert, in the same order.

        `source` is a path as `read_alerts` takes it, the bytes of a file or of a Kafka message, an
        alert, or an iterable of any of these. What cannot be classified, such as an alert with a
        damaged stamp, is a result whose `cause` and `error` say why. Raises ConfigError where there
        is no such path, or no alerts in it, and TypeError for another kind of source, such as an
        open file.

        The models are made for the first alert of each object; of several, later ones are
        classified as well.

        >>> import stampapp
        >>> from importlib.resources import files
        >>> classifier = stampapp.load_classifier("ATLAS")
        >>> results = classifier.classify(files("stampapp") / "model/atlas/sample.avro")
        >>> len(results), results[0].error
        (1, None)
        >>> results[0].class_name in classifier.classes
        True
        >>> round(sum(results[0].probabilities.values()), 3)
        1.0
        >>> damaged = classifier.classify(b"no alert")[0]
        >>> damaged.class_name, damaged.cause
        (None, 'not-avro')
        """
        found = self._results(decoded_alerts(source, self._schemas))
        return Results(found, self._source())

    def _source(self) -> TableSource:
        return TableSource(
            survey=self.survey,
            classes=self.classes,
            classifier_name=self.name,
            classifier_version=self.version,
            created=datetime.now(UTC),
        )

    def _results(self, decoded: Iterator[Decoded]) -> Iterator[AlertResult]:
        while chunk := list(islice(decoded, batch.BATCH_SIZE)):
            for outcome in batch.classify_decoded(chunk, self._classifier):
                yield alert_result(outcome, self.name, self.version)
