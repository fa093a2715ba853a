"""The messages that the demo publishes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey
from stampapp.feeds.alert_encoding import EncodeAlert
from stampapp.feeds.publisher import mjd_now, observed_at


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoMessage:
    """A message to publish: the name of the object as key, an Avro container or packet as value.

    `survey` decides which worker gets it. `label` is the true class, for the table only.
    """

    survey: Survey
    key: bytes
    value: bytes
    label: str | None = None


def simulated_messages(
    drawn: Iterable[LabelledAlert], encoders: Mapping[Survey, EncodeAlert]
) -> Iterator[DemoMessage]:
    """Yield alerts as if they had just been observed, under short names where they allow that."""
    counts: Counter[Survey] = Counter()
    for one in drawn:
        survey = one.alert.survey
        counts[survey] += 1
        alert = observed_at(one.alert, mjd_now())
        # Packets name an object by one number.
        if not packet_format(survey).encoding:
            alert = replace(alert, aid=f"{survey}-{counts[survey]}")
        value = encoders[survey](alert)
        yield DemoMessage(survey=survey, key=alert.aid.encode(), value=value, label=one.label)
