from __future__ import annotations

from typing import Any

import pytest

from benchmarks import report_table

STREAM = {
    "workers": 1,
    "settings": {"CONSUME_MESSAGES": "256"},
    "rate": 750.0,
    "cpu_ms": {"decode": 0.25, "infer": 1.5, "loop": 0.75, "other": 0.125, "broker": 0.5},
    "peak_rss": 1127.4,
}
REPORT: dict[str, Any] = {
    "cores": 2,
    "sample": "209 alerts",
    "decode": {"per_second": 3750.0, "cpu_ms": 0.27},
    "judge": {
        "float32": {
            32: {"per_second": 1000.0, "cpu_ms": 1.7},
            128: {"per_second": 1500.0, "cpu_ms": 1.3},
        },
        "bfloat16": {32: {"per_second": 3000.0, "cpu_ms": 0.7}},
    },
    "publish_cpu_ms": 0.25,
    "end_to_end": [STREAM, STREAM | {"settings": {"MODEL_PRECISION": "bfloat16"}}],
    "workers": [STREAM | {"workers": 2, "rate": 300.0}],
    "page": [
        STREAM | {"viewers": 0, "settings": {"WEB_PAGE": "false"}, "rate": 600.0},
        STREAM | {"viewers": 3, "settings": {}, "rate": 450.0},
    ],
    "workers_left_out": [4],
    "latency": [
        {
            "rate": 40.0,
            "settings": {"CONSUME_TIMEOUT": "0.2"},
            "alerts": 1200,
            "spread": {"p50": 0.25, "p99": 0.5, "largest": 0.75},
            "drained": 30.0,
        },
        {
            "rate": None,
            "settings": {},
            "alerts": 10000,
            "spread": {"p50": 6.0, "p99": 12.0, "largest": 13.0},
            "drained": 13.25,
        },
    ],
}


def line(begin: str) -> str:
    (found,) = (one for one in report_table.lines(REPORT) if one.strip().startswith(begin))
    return found


def test_the_best_network_rate_is_that_of_the_best_batch_size() -> None:
    assert report_table.best_network_rate(REPORT, {}) == 1500.0
    assert report_table.best_network_rate(REPORT, {"MODEL_PRECISION": "bfloat16"}) == 3000.0


def test_throughput_is_also_given_as_a_share_of_the_network_rate() -> None:
    assert line("CONSUME_MESSAGES=256").split()[1:3] == ["750", "50%"]
    assert line("MODEL_PRECISION=bfloat16").split()[1:3] == ["750", "25%"]
    assert line("workers: 2").split()[2:4] == ["300", "20%"]


def test_throughput_with_and_without_page() -> None:
    assert line("no page").split()[2:4] == ["600", "40%"]
    assert line("page, viewers: 3").split()[3:5] == ["450", "30%"]


def test_cpu_times_by_stage() -> None:
    costs = report_table.by_stage(STREAM["cpu_ms"], publish=0.25)  # type: ignore[arg-type]
    assert costs == {"decode": 0.25, "infer": 1.5, "publish": 0.25, "rest": 0.625}
    assert line("CONSUME_MESSAGES=256").split()[3:] == [
        *("0.25", "1.50", "0.25", "0.62", "2.62", "0.50"),
        *("1127", "MiB"),
    ]


def test_publishing_is_at_most_the_time_of_the_event_loop() -> None:
    assert report_table.by_stage({"loop": 0.1}, publish=0.25)["publish"] == pytest.approx(0.1)


def test_worker_counts_above_the_cores_are_left_out() -> None:
    assert line("workers: 4") == "  workers: 4                 left out: only 2 cores"


def test_latencies_with_their_settings() -> None:
    assert line("40/s").split() == ["40/s", "0.25", "0.50", "0.75", "CONSUME_TIMEOUT=0.2"]
    assert line("burst of 10000").endswith("13.00   drained in 13.2 s")


def test_packets_have_a_table_of_their_own() -> None:
    rate = {"per_second": 4000.0, "cpu_ms": 0.25}
    report = {
        "cores": 2,
        "lsst": {
            "sample": "15 real alerts of LSST",
            "decode": rate,
            "decode_largest": rate | {"cpu_ms": 0.84},
            "largest_kb": 299.7,
            "prepare": rate | {"cpu_ms": 0.91},
            "end_to_end": STREAM,
            "burst": REPORT["latency"][1],
        },
    }
    found = [line.split() for line in report_table.lines(report)]
    assert ["2", "cores,", "15", "real", "alerts", "of", "LSST"] in found
    assert ["decode", "300", "kB", "4000", "0.84"] in found
    # The broker's time is not the worker's.
    assert ["Kafka", "to", "confirmed", "750", "2.62"] in found
    assert found[-1][-4:] == ["drained", "in", "13.2", "s"]
