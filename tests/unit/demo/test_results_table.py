from __future__ import annotations

from io import StringIO

from rich.console import Console

from stampapp.alerts.surveys import Survey
from stampapp.demo.demo_message import DemoMessage
from stampapp.demo.results_table import ResultsTable
from stampapp.demo.topics import BatchCounts, Classified, DeadLetter

SIMULATED = {"ZTF-1": "SN", "ATLAS-1": "VS", "ATLAS-2": "SN"}
NUMBER = "9000000004000000001"


def message(aid: str, label: str | None = None) -> DemoMessage:
    named = [survey for survey in Survey if aid.startswith(survey)]
    survey = named[0] if named else Survey.LSST
    return DemoMessage(survey=survey, key=aid.encode(), value=b"", label=label)


def result(aid: str, **probabilities: float) -> Classified:
    return Classified(aid=aid, probabilities=probabilities)


def test_the_table_has_one_head_a_line_per_result_and_totals() -> None:
    out = StringIO()
    with ResultsTable(Console(file=out, width=60)) as table:
        for aid in ("one", "two", "three", "four"):
            table.note_published(message(aid))
        table.add(result("one", SN=0.75, VS=0.25))
        table.add(BatchCounts(counts={"classified": 2, "dead_lettered": 1, "superseded": 0}))
        table.add(DeadLetter(key="two", cause="schema", message="[no] markup"))
        table.add(result("three", SN=0.0, VS=1.0))
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["object", "class", "SN", "VS"]
    assert lines[1].split() == ["one", "SN", "███", "75", "█", "25"]
    assert lines[2] == "two                 dead letter: schema: [no] markup"
    assert lines[3].split() == ["three", "VS", "0", "████", "100"]
    assert lines[4] == "4 published · 2 classified · 1 dead lettered"
    assert table.shown == 3


def test_surveys_share_the_columns_and_the_true_class_follows_the_class() -> None:
    out = StringIO()
    with ResultsTable(Console(file=out, width=60), truths=True) as table:
        for aid, label in SIMULATED.items():
            table.note_published(message(aid, label))
        table.add(result("ZTF-1", SN=0.75, VS=0.25))
        table.add(result("ATLAS-1", vs=1.0, sn=0.0))
        table.add(result("ATLAS-2", vs=1.0, sn=0.0))
        table.add(result("ATLAS-2", vs=1.0, sn=0.0))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines[:4] == [
        ["object", "class", "truth", "SN", "VS"],
        ["ZTF-1", "SN", "SN", "███", "75", "█", "25"],
        ["ATLAS-1", "VS", "VS", "0", "████", "100"],
        ["ATLAS-2", "VS", "SN", "0", "████", "100"],
    ]
    # What is published twice is compared once.
    assert lines[4] == ["ATLAS-2", "VS", "0", "████", "100"]
    assert " ".join(lines[5]) == "3 published · 2 of 3 right"


def test_a_simulated_object_is_shown_by_survey_and_a_real_one_by_its_number() -> None:
    for label, shown in (("SN", "LSST-1"), (None, NUMBER)):
        out = StringIO()
        with ResultsTable(Console(file=out, width=80), truths=label is not None) as table:
            table.note_published(message(NUMBER, label))
            table.add(result(NUMBER, SN=1.0, VS=0.0))
        assert out.getvalue().splitlines()[1].split()[0] == shown


def test_another_set_of_classes_gets_a_head_of_its_own() -> None:
    out = StringIO()
    with ResultsTable(Console(file=out, width=60)) as table:
        table.add(result("one", SN=1.0, VS=0.0))
        table.add(result("two", SN=0.5, KN=0.5))
    heads = [line.split() for line in out.getvalue().splitlines() if line.startswith("object")]
    assert heads == [["object", "class", "SN", "VS"], ["object", "class", "SN", "KN"]]


def test_a_narrow_terminal_gets_a_line_for_each_value() -> None:
    out = StringIO()
    console = Console(file=out, width=40, force_terminal=True, color_system=None)
    with ResultsTable(console) as table:
        table.add(result("one", SN=0.75, VS=0.125, bogus=0.125))
    assert any(line.endswith("SN      ███   75") for line in out.getvalue().splitlines())
    assert "object  one" in out.getvalue()
