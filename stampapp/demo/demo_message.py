"""The messages that the demo publishes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from stampapp.alerts import sorting_hat
from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.feeds.publisher import mjd_now, observed_at


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoMessage:
    """A message to publish: the name of the object as key, an Avro container as value.

    `survey` decides which worker gets it. `label` is the true class, for the table only.
    """

    survey: Survey
    key: bytes
    value: bytes
    label: str | None = None


def simulated_messages(drawn: Iterable[LabelledAlert]) -> Iterator[DemoMessage]:
    """Yield alerts as if they had just been observed, under short names."""
    writer = sorting_hat.message_writer()
    counts: Counter[Survey] = Counter()
    for one in drawn:
        survey = one.alert.survey
        counts[survey] += 1
        alert = replace(observed_at(one.alert, mjd_now()), aid=f"{survey}-{counts[survey]}")
        value = writer.write(sorting_hat.encode_record(alert))
        yield DemoMessage(survey=survey, key=alert.aid.encode(), value=value, label=one.label)
