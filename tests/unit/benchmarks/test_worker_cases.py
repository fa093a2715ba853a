from __future__ import annotations

from pathlib import Path

from benchmarks.engines import BFLOAT16, NATIVE, TENSORFLOW
from benchmarks.worker_cases import VIEWERS, engine_cases, other_cases

MODELS = {"2020-06": Path("old"), "5x5": Path("new")}


def test_engines_take_turns_within_a_model_and_a_batch_size() -> None:
    cases = engine_cases(MODELS, [NATIVE, TENSORFLOW], (50, 256))
    assert [one.name for one in cases] == [
        f"{model} {engine} {size}"
        for model in MODELS
        for size in (50, 256)
        for engine in ("native", "TensorFlow")
    ]


def test_a_case_has_the_settings_of_its_worker_and_the_network_to_compare_with() -> None:
    (case,) = engine_cases({"5x5": Path("new")}, [TENSORFLOW], (50,))
    assert case.network == "5x5 TensorFlow"
    assert case.settings == {
        "MODEL_PATH": "new",
        "CONSUME_MESSAGES": "50",
        "INFERENCE_ENGINE": "tensorflow",
        "MODEL_PRECISION": "float32",
    }


def test_bfloat16_is_measured_with_the_default_batch_size_only() -> None:
    cases = list(engine_cases(MODELS, [BFLOAT16], (50, 256, 512)))
    assert [one.name for one in cases] == ["2020-06 bfloat16 256", "5x5 bfloat16 256"]
    assert cases[0].settings["MODEL_PRECISION"] == "bfloat16"


def test_no_more_workers_than_cores() -> None:
    assert [one.workers for one in other_cases("n", cores=1) if one.workers > 1] == []
    assert [one.workers for one in other_cases("n", cores=2) if one.workers > 1] == [2]
    assert [one.workers for one in other_cases("n", cores=8) if one.workers > 1] == [2, 4]


def test_the_page_is_measured_with_viewers_and_turned_off() -> None:
    cases = {one.name: one for one in other_cases("n", cores=2)}
    assert cases["no page"].settings == {"WEB_PAGE": "false"}
    assert cases[f"page, viewers: {VIEWERS}"].viewers == VIEWERS
