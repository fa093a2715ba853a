from __future__ import annotations

import json
from dataclasses import replace

from stampapp.alerts.surveys import Survey
from stampapp.commands.text.messages import message_heading, message_json, message_lines
from stampapp.display import values
from stampapp.inspection.message_content import read_content
from stampapp.results.encoding import encode_prediction
from stampapp.results.message_format import ScribeFormat
from stampapp.results.provenance import RULED_OUT, SUPERSEDED, source_headers
from stampapp.results.scribe_commands import encode_commands
from tests.support.alerts import container, message, record
from tests.support.results import options, output_message, prediction, update_command
from tests.unit.inspection.test_message_content import ALERT, CLASSIFICATION, NOON, dead_letter
from tests.unit.results.test_lsst import OBJECT, packet


def rendered(value: bytes | None, width: int = 100) -> list[str]:
    return list(message_lines(read_content(message(value=value)), width))


def test_the_heading_finds_the_message_again() -> None:
    one = message(7, b"words")
    assert message_heading(one, read_content(one)) == (
        "text  alerts:0:7  2020-09-13T12:26:40Z  5 B  key"
    )


def test_a_timestamp_of_any_size_is_printed() -> None:
    odd = message(value=b"x", timestamp=2**62)
    assert f"timestamp {2**62}" in message_heading(odd, read_content(odd))
    assert "no time" in message_heading(message(timestamp=None), read_content(odd))


def test_bars_are_as_long_as_the_probabilities() -> None:
    assert values.bar(0.0) == ""
    assert values.bar(1.0) == values.bar(7.0) == "█" * 24
    assert values.bar(0.5) == "█" * 12
    assert values.bar(float("nan")) == ""
    assert values.bar(1 / 192) == "▏"


def test_the_most_probable_class_comes_first() -> None:
    lines = rendered(output_message(CLASSIFICATION, NOON))
    best = max(CLASSIFICATION.probabilities, key=lambda name: CLASSIFICATION.probabilities[name])
    assert lines[0].split()[0] == best
    assert [line.index("0.") for line in lines[: len(CLASSIFICATION.probabilities)]]
    assert f"by {CLASSIFICATION.classifier_name} {CLASSIFICATION.classifier_version}" in lines[-1]


def test_classes_are_shown_in_the_spelling_for_all_surveys() -> None:
    found = replace(CLASSIFICATION, probabilities={"agn": 0.25, "vs": 0.75})
    for value in (output_message(found, NOON), update_command(found).value):
        words = " ".join(rendered(value)).split()
        assert {"AGN", "VS"} <= {*words}
        assert not {"agn", "vs"} & {*words}


def test_a_result_accounts_for_messages_of_its_batch_that_publish_nothing() -> None:
    headers = (
        *source_headers(message(17), "group"),
        (SUPERSEDED, b"alerts:0:18,19,20,21"),
        (RULED_OUT, b"alerts:3:30"),
    )
    found = read_content(message(value=output_message(CLASSIFICATION, NOON), headers=headers))
    assert list(message_lines(found, 100))[-1] == (
        "  of alerts:0:17, also accounts for the superseded alerts:0:18 alerts:0:19 alerts:0:20 and"
        " 1 more and the ruled-out alerts:3:30"
    )


def test_a_command_has_bars_too() -> None:
    lines = rendered(update_command(CLASSIFICATION).value)
    assert any("update_probabilities" in line and ALERT.aid in line for line in lines)
    assert any("█" in line for line in lines)


def test_an_alert_has_units_and_fields_in_columns() -> None:
    lines = rendered(container(record()))
    assert "  2018-06-01T04:07:23Z, mjd 58270.17179; ra 176.86115, dec +15.45906 deg" in lines
    assert "  r = 19.875 ± 0.125 mag, isdiffpos +1" in lines
    grid = [line for line in lines if "sgscore1" in line or "ncovhist" in line]
    assert len(grid) == 2
    assert grid[0].split()[:2] == ["sgscore1", "0.25"]
    assert all(len(line) <= 40 for line in rendered(container(record()), 40) if "fwhm" in line)


def test_a_dead_letter_says_what_to_do() -> None:
    text = "\n".join(message_lines(read_content(dead_letter(container(record()))), 100))
    for words in ("stamp-damaged: gzip says no", "Ask the survey", "of alerts:0:17", ALERT.aid):
        assert words in text


def test_control_characters_of_a_message_are_escaped() -> None:
    odd = container(record(oid="\x1b[2J", extra_fields={"x\x07": "\x1b]0;"}))
    for line in (*rendered(odd), *rendered(b"\x1b[2J"), *rendered(b'{"\x1b": "\\u001b"}')):
        assert line.isprintable()
    keyed = message(key=b"\x1b[2J")
    assert message_heading(keyed, read_content(keyed)).isprintable()


def test_json_has_no_number_that_json_has_not() -> None:
    odd = message(value=container(record(extra_fields={"x": float("nan"), "y": [1][0]})))
    found = message_json(odd, read_content(odd))
    assert found["content"]["extra_fields"] == {"x": None, "y": 1}
    assert found["kind"] == "alert"
    json.dumps(found, allow_nan=False)


def test_json_has_the_digits_that_a_float_has_not_as_text() -> None:
    shown = message(value=encode_prediction(prediction(of=packet()), options(Survey.LSST), NOON))
    content = json.loads(json.dumps(message_json(shown, read_content(shown))["content"]))
    assert OBJECT > 2**53
    assert (content["diaObjectId"], content["ssObjectId"]) == (str(OBJECT), 0)
    numbers = message(value=json.dumps([2**53 - 1, 2**53, -(2**53), True]).encode())
    found = message_json(numbers, read_content(numbers))["content"]["document"]
    assert found == [2**53 - 1, str(2**53), str(-(2**53)), True]


def test_the_rubin_steps_output_has_its_ids_and_bars() -> None:
    value = encode_prediction(prediction(of=packet()), options(Survey.LSST), NOON)
    lines = rendered(value)
    assert lines[0].split()[0] == "SN"
    assert any(f"diaObjectId {OBJECT}, ssObjectId 0" in line for line in lines)


def test_a_command_per_class_is_in_words() -> None:
    chosen = options(commands=ScribeFormat.PROBABILITY_ARCHIVAL)
    first, _ = encode_commands(prediction(), chosen)
    text = " ".join(rendered(first.value))
    for words in ("probability-archival-step", "survey ztf", "class_id 0", "ranking 1"):
        assert words in text
    assert "{" not in text
