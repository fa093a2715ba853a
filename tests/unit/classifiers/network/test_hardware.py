from __future__ import annotations

import ctypes
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stampapp.classifiers.network.hardware import (
    check_precision,
    choose_device,
    processor_flags,
    visible_gpus,
)
from stampapp.config.compute import Device, Precision
from stampapp.errors import ConfigError


@pytest.mark.parametrize(
    ("wanted", "gpus", "found"),
    [
        (Device.AUTO, 0, Device.CPU),
        (Device.AUTO, 2, Device.GPU),
        (Device.CPU, 0, Device.CPU),
        (Device.CPU, 1, Device.CPU),
        (Device.GPU, 1, Device.GPU),
    ],
)
def test_auto_uses_a_gpu_if_there_is_one(wanted: Device, gpus: int, found: Device) -> None:
    assert choose_device(wanted, gpus) is found


def test_a_missing_gpu_is_an_error_if_it_was_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"DEVICE is gpu, .* set DEVICE=auto or DEVICE=cpu"):
        choose_device(Device.GPU, 0)


@pytest.mark.parametrize(("initialised", "counted", "gpus"), [(0, 0, 2), (100, 0, 0), (0, 3, 0)])
def test_gpus_are_counted_by_the_driver(initialised: int, counted: int, gpus: int) -> None:
    def count(pointer: Any) -> int:
        ctypes.cast(pointer, ctypes.POINTER(ctypes.c_int))[0] = 2
        return counted

    driver = SimpleNamespace(cuInit=lambda _: initialised, cuDeviceGetCount=count)
    assert visible_gpus({"libcuda.so.1": driver}.__getitem__) == gpus


def test_without_a_driver_there_is_no_gpu() -> None:
    def missing(name: str) -> Any:
        raise OSError(f"{name}: cannot open shared object file")

    assert visible_gpus(missing) == 0
    assert visible_gpus(lambda _: SimpleNamespace()) == 0


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_a_processor_that_multiplies_in_bfloat16_may(flag: str) -> None:
    check_precision(Precision.BFLOAT16, Device.CPU, {"fma", flag})


def test_bfloat16_without_processor_support_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"neither avx512_bf16 nor amx_bf16: .*=float32"):
        check_precision(Precision.BFLOAT16, Device.CPU, {"fma", "avx512f"})
    check_precision(Precision.FLOAT32, Device.CPU, set())
    check_precision(Precision.BFLOAT16, Device.GPU, set())


def test_processor_flags_are_read_from_cpuinfo(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor\t: 0\nflags\t\t: fpu avx512_bf16 \n\nprocessor\t: 1\nflags\t: fpu\n"
    )
    assert processor_flags(cpuinfo) == {"fpu", "avx512_bf16"}
    assert processor_flags(tmp_path / "none") == frozenset()
    cpuinfo.write_text("Features : fp asimd\n")
    assert processor_flags(cpuinfo) == frozenset()
