from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.classifiers.network.hardware import check_precision, choose_device, processor_flags
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
def test_a_gpu_is_used_where_there_is_one_and_nobody_objects(
    wanted: Device, gpus: int, found: Device
) -> None:
    assert choose_device(wanted, gpus) is found


def test_a_gpu_that_is_not_there_is_not_replaced_by_the_processor() -> None:
    with pytest.raises(ConfigError, match=r"DEVICE is gpu, .* set DEVICE=auto or DEVICE=cpu"):
        choose_device(Device.GPU, 0)


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_a_processor_that_multiplies_in_bfloat16_may(flag: str) -> None:
    check_precision(Precision.BFLOAT16, Device.CPU, {"fma", flag})


def test_a_processor_that_does_not_is_told_so() -> None:
    with pytest.raises(ConfigError, match=r"neither avx512_bf16 nor amx_bf16: .*=float32"):
        check_precision(Precision.BFLOAT16, Device.CPU, {"fma", "avx512f"})
    check_precision(Precision.FLOAT32, Device.CPU, set())
    check_precision(Precision.BFLOAT16, Device.GPU, set())


def test_the_processor_says_what_it_can_do(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text("processor\t: 0\nflags\t\t: fpu avx512_bf16 \n\nprocessor\t: 1\nflags\t: fpu\n")
    assert processor_flags(told) == {"fpu", "avx512_bf16"}
    assert processor_flags(tmp_path / "none") == frozenset()
    told.write_text("Features : fp asimd\n")
    assert processor_flags(told) == frozenset()
