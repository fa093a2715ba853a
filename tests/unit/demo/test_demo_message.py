from __future__ import annotations

import time

from stampapp.alerts import packets
from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.demo.demo_message import simulated_messages
from stampapp.feeds.alert_encoding import message_encoder
from tests.support.alerts import alert


def test_simulated_alerts_get_short_names_the_present_and_keep_their_truth_to_themselves() -> None:
    drawn = [
        LabelledAlert(alert=alert(survey=survey, mjd=58000.0, candid=str(number)), label=label)
        for number, (survey, label) in enumerate(
            [(Survey.ZTF, "SN"), (Survey.ATLAS, "AGN"), (Survey.ZTF, "meteor")], 10**6
        )
    ]
    encoders = {survey: message_encoder(survey) for survey in Survey}
    found = list(simulated_messages(drawn, encoders))
    assert [message.key for message in found] == [b"ZTF-1", b"ATLAS-1", b"ZTF-2"]
    assert [message.survey for message in found] == [one.alert.survey for one in drawn]
    assert [message.label for message in found] == ["SN", "AGN", "meteor"]
    for message, one in zip(found, drawn, strict=True):
        decoded = packets.decode_alert(message.value)
        assert (decoded.aid.encode(), decoded.candid) == (message.key, one.alert.candid)
        assert abs(decoded.mjd - (time.time() / 86400 + 40587)) < 0.01
    assert b"meteor" not in found[2].value
