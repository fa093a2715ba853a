from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import fastavro
import numpy as np
import pytest

from stampapp.alerts import packets, sorting_hat
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey
from stampapp.simulation import simulate


def rounded(alert: Alert) -> Alert:
    """Return the alert as 32-bit floats leave it."""
    extra = {
        name: float(np.float32(value)) if isinstance(value, float) else value
        for name, value in alert.extra_fields.items()
    }
    mag, e_mag = (float(np.float32(value)) for value in (alert.mag, alert.e_mag))
    stamps = {name: alert.stamps.get(name) for name in ("science", "template", "difference")}
    return replace(alert, mag=mag, e_mag=e_mag, extra_fields=extra, stamps=stamps)


# Messages of the sorting hat have no numbers of 64 bits, as the ids of other surveys are.
@pytest.mark.parametrize("survey", [one for one in Survey if not packet_format(one).encoding])
def test_a_message_decodes_to_the_alert_that_was_drawn(survey: Survey) -> None:
    writer = sorting_hat.message_writer()
    for index in range(5):
        alert = simulate.simulate_alert(survey, 12, index).alert
        assert packets.decode_alert(writer.write(sorting_hat.encode_record(alert))) == rounded(
            alert
        )


def test_the_record_has_all_fields_of_the_sorting_hat() -> None:
    alert = simulate.simulate_alert(Survey.ATLAS, 12, 0).alert
    (record,) = fastavro.reader(
        BytesIO(sorting_hat.message_writer().write(sorting_hat.encode_record(alert)))
    )
    assert isinstance(record, dict)
    assert (record["sid"], record["tid"]) == ("ATLAS", "ATLAS")
    assert record["pid"] == int(alert.candid) // 10**6
    assert (record["e_ra"], record["e_dec"]) == (0.14, 0.14)
    assert record["stamps"]["template"] is None
