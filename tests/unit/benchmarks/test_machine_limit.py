from __future__ import annotations

from pathlib import Path

from benchmarks import machine_limit


def test_a_rate_of_matrix_products() -> None:
    # Between a processor without vector instructions and one with large matrix units.
    assert 0.5 < machine_limit.measure_gflops(64, seconds=0.05) < 10_000


def test_the_name_of_the_processor(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some: CPU @ 2 GHz\nmodel name\t: other\n")
    assert machine_limit.processor_name(cpuinfo) == "Some: CPU @ 2 GHz"


def test_a_processor_without_a_name(tmp_path: Path) -> None:
    assert machine_limit.processor_name(tmp_path / "missing") == "an unnamed processor"
