from __future__ import annotations

from typing import Any

import pytest

from benchmarks import report_table

RATE = {"per_second": 4000.0, "cpu_ms": 0.25}
STREAM: dict[str, Any] = {
    "name": "2020-06 native 256",
    "network": "2020-06 native",
    "workers": 1,
    "settings": {"CONSUME_MESSAGES": "256"},
    "rate": 750.0,
    "cpu_ms": {"decode": 0.25, "infer": 1.5, "loop": 0.75, "other": 0.125, "broker": 0.5},
    "peak_rss": 1127.4,
}
BURST: dict[str, Any] = {
    "rate": None,
    "settings": {},
    "alerts": 10000,
    "spread": {"p50": 6.0, "p99": 12.0, "largest": 13.0},
    "drained": 13.25,
}
ZTF: dict[str, Any] = {
    "sample": "209 real alerts of ZTF",
    "networks": [
        {
            "name": "2020-06",
            "kernel": 3,
            "direct": 157_000_000,
            "winograd": 45_000_000,
            "cpu_ms": {"native avx2": {50: 0.6}, "TensorFlow": {50: 1.8}},
        }
    ],
    "decode": RATE,
    "decode_largest": RATE | {"cpu_ms": 0.84},
    "largest_kb": 43.2,
    "classify": {
        "2020-06 native": {50: RATE | {"per_second": 1000.0}, 256: RATE | {"per_second": 1500.0}},
        "2020-06 bfloat16": {50: RATE | {"per_second": 3000.0}},
    },
    "publish_cpu_ms": 0.25,
    "end_to_end": [
        STREAM | {"name": "2020-06 native 50", "rate": 600.0},
        STREAM,
        STREAM | {"name": "2020-06 bfloat16 256", "network": "2020-06 bfloat16"},
        STREAM | {"name": "no page", "rate": 450.0},
    ],
    "shadow": [
        {
            "share": share,
            "rate": 700.0,
            "cpu_ms": {"loop": 0.75, "infer": 1.5},
            "steady_cpu_ms": {"loop": 0.75, "infer": 1.5, "shadow": shadow, "broker": 9.0},
            "seen": share or 0.0,
        }
        for share, shadow in ((None, 0.0), (1.0, 1.25))
    ],
    "latency": [
        {
            "rate": 40.0,
            "settings": {"CONSUME_TIMEOUT": "0.2"},
            "alerts": 1200,
            "spread": {"p50": 0.25, "p99": 0.5, "largest": 0.75},
            "drained": 30.0,
        },
        BURST,
    ],
}
MACHINE = {"processor": "some CPU", "cores": 2, "load": 0.25, "gemm_gflops": 158.5}
REPORT = {"machine": MACHINE, "ztf": ZTF}


def lines_of(report: dict[str, Any], begin: str) -> list[str]:
    return [one for one in report_table.lines(report) if one.strip().startswith(begin)]


def line(begin: str) -> str:
    (found,) = lines_of(REPORT, begin)
    return found


def test_the_table_begins_with_the_machine() -> None:
    assert next(iter(report_table.lines(REPORT))) == (
        "some CPU, 2 cores, load 0.2 at the start; one core multiplies float32 matrices at 158"
        " GFLOP/s"
    )


def test_the_best_network_rate_is_that_of_the_best_batch_size() -> None:
    assert report_table.best_network_rate(ZTF, "2020-06 native") == 1500.0
    assert report_table.best_network_rate(ZTF, "2020-06 bfloat16") == 3000.0


def test_throughput_is_also_given_as_a_share_of_the_network_rate() -> None:
    assert line("2020-06 native 256").split()[3:5] == ["750", "50%"]
    assert line("2020-06 bfloat16 256").split()[3:5] == ["750", "25%"]
    assert line("no page").split()[2:4] == ["450", "30%"]


def test_the_cost_of_a_shadow_model_is_its_own_and_that_of_the_whole_worker() -> None:
    assert line("none").split()[1:] == ["700", "2.25", "2.25", "0.00", "0%"]
    shadowed = line("of the same network, share 1").split()
    assert shadowed[-5:] == ["700", "2.25", "3.50", "1.25", "100%"]
    assert not lines_of({"machine": MACHINE, "lsst": ZTF | {"shadow": []}}, "shadow model")


def test_cpu_times_by_stage() -> None:
    costs = report_table.by_stage(STREAM["cpu_ms"], publish=0.25)
    assert costs == {"decode": 0.25, "infer": 1.5, "publish": 0.25, "rest": 0.625}
    assert line("2020-06 native 256").split()[5:] == [
        *("0.25", "1.50", "0.25", "0.62", "2.62", "0.50"),
        *("1127", "MiB"),
    ]


def test_publishing_is_at_most_the_time_of_the_event_loop() -> None:
    assert report_table.by_stage({"loop": 0.1}, publish=0.25)["publish"] == pytest.approx(0.1)


def test_batches_of_50_are_compared_with_those_of_256() -> None:
    assert line("2020-06 native:") == "  2020-06 native: batches of 50 at 80% of the rate of 256"
    # There is no run of bfloat16 with batches of 50.
    assert lines_of(REPORT, "2020-06 bfloat16:") == []


def test_single_stages() -> None:
    assert line("of the largest").split() == ["of", "the", "largest,", "43", "kB", "4000", "0.84"]
    assert line("classify, 2020-06 native 50").split()[-2:] == ["1000", "0.25"]
    assert line("publish, confirmed").split()[-1] == "0.25"


def test_the_network_alone_is_given_as_a_share_of_the_machines_limit() -> None:
    assert line("native avx2").split() == ["native", "avx2", "0.60", "75", "47%", "3.0"]


def test_latencies_with_their_settings() -> None:
    assert line("40/s").split() == ["40/s", "0.25", "0.50", "0.75", "CONSUME_TIMEOUT=0.2"]
    assert line("burst of 10000").endswith("13.00   drained in 13.2 s")


def test_a_survey_without_networks_and_publishing_alone() -> None:
    left_out = ("networks", "publish_cpu_ms")
    lsst = {key: value for key, value in ZTF.items() if key not in left_out}
    report = {"machine": MACHINE, "lsst": lsst | {"sample": "15 packets", "latency": [BURST]}}
    assert lines_of(report, "15 packets") == ["15 packets"]
    # The event loop is not divided then, and the broker's time is not the worker's.
    assert lines_of(report, "2020-06 native 256")[0].split()[5:10] == [
        *("0.25", "1.50", "0.00", "0.88", "2.62"),
    ]


def test_surveys_that_were_not_measured_are_left_out() -> None:
    assert list(report_table.lines({"machine": MACHINE})) == [line("some CPU")]
