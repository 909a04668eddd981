from __future__ import annotations

import pytest
import torch

from samhq.errors import SettingsError
from samhq.network.devices import choose_device, choose_precision, describe_devices


def test_cpu_is_always_there() -> None:
    assert choose_device("cpu") == torch.device("cpu")


def test_auto_takes_the_first_device_described() -> None:
    assert str(choose_device("auto")) == describe_devices()[0]["device"]


def test_a_missing_gpu_is_an_error_that_names_what_exists() -> None:
    with pytest.raises(SettingsError, match=r"'cuda:63': is not there.*choose one of auto,.*cpu"):
        choose_device("cuda:63")


@pytest.mark.parametrize("setting", ["gpu", "cpu0", "", "meta", "xpu"])
def test_an_unknown_device_is_an_error(setting: str) -> None:
    with pytest.raises(SettingsError, match="choose one of"):
        choose_device(setting)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("auto", torch.float32), ("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_precision_on_the_processor(setting: str, expected: torch.dtype) -> None:
    assert choose_precision(setting, torch.device("cpu")) == expected


def test_an_unknown_precision_is_an_error() -> None:
    with pytest.raises(SettingsError, match="choose auto, fp32, bf16, fp16"):
        choose_precision("int8", torch.device("cpu"))


def test_the_processor_is_described_in_plain_values() -> None:
    cpu = describe_devices()[-1]
    assert cpu["device"] == "cpu"
    assert cpu["memory_bytes"] > 0
    assert "fp32" in cpu["precisions"]
    assert "threads" in cpu["note"]
