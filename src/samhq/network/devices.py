"""Which processor computes, and in which number format."""

from __future__ import annotations

import platform
from typing import Any

import psutil
import torch

from samhq.errors import SettingsError

__all__ = ["choose_device", "choose_precision", "describe_devices", "is_out_of_memory"]

_PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(setting: str) -> torch.device:
    """The device a setting means.

    setting: auto (an NVIDIA GPU where one works, else Apple's, else the processor), cpu, cuda, cuda:N
    or mps. Raises SettingsError naming the devices that exist if the one asked for does not.
    """
    if setting == "auto":
        if _cuda_count():
            return torch.device("cuda", 0)
        return torch.device("mps" if _has_mps() else "cpu")
    try:
        device = torch.device(setting)
    except RuntimeError as error:
        raise SettingsError(f"device {setting!r}: is not known; choose one of {_existing()}") from error
    available = {
        "cpu": True,
        "cuda": (device.index or 0) < _cuda_count(),
        "mps": _has_mps(),
    }
    if not available.get(device.type, False):
        raise SettingsError(
            f"device {setting!r}: is not there{_why_no_gpu(device)}; choose one of {_existing()}"
        )
    return torch.device("cuda", device.index or 0) if device.type == "cuda" else torch.device(device.type)


def choose_precision(setting: str, device: torch.device) -> torch.dtype:
    """The number format a setting means on a device.

    setting: auto, fp32, bf16 or fp16. auto is bf16 on GPUs made for it, fp16 on other NVIDIA GPUs with fast
    half precision, and fp32 everywhere else. Raises SettingsError for an unknown setting.
    """
    if setting in _PRECISIONS:
        return _PRECISIONS[setting]
    if setting != "auto":
        raise SettingsError(f"precision {setting!r}: is not known; choose auto, {', '.join(_PRECISIONS)}")
    if device.type != "cuda":
        return torch.float32
    major = torch.cuda.get_device_capability(device)[0]
    if major >= 8:
        return torch.bfloat16
    return torch.float16 if major >= 7 else torch.float32


def describe_devices() -> list[dict[str, Any]]:
    """Every device this PyTorch can use, the one that auto takes first.

    Each is a dict of plain values: device (its setting), name, memory_bytes (None if unknown), precisions
    (those it computes fast) and note.
    """
    found = [_describe_cuda(i) for i in range(_cuda_count())]
    if _has_mps():
        found.append(
            {
                "device": "mps",
                "name": "Apple GPU",
                "memory_bytes": None,
                "precisions": ["fp32", "fp16"],
                "note": "shares the memory of the processor",
            }
        )
    return [*found, _describe_cpu()]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of a device or of the computer is used up."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # The processor and Apple's GPU raise a plain RuntimeError; only its text tells.
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        sign in text for sign in ("out of memory", "not enough memory", "can't allocate memory")
    )


def _describe_cuda(index: int) -> dict[str, Any]:
    properties = torch.cuda.get_device_properties(index)
    precisions = ["fp32"]
    precisions += ["fp16"] if properties.major >= 7 else []
    precisions += ["bf16"] if properties.major >= 8 else []
    return {
        "device": f"cuda:{index}",
        "name": properties.name,
        "memory_bytes": int(properties.total_memory),
        "precisions": precisions,
        "note": f"compute capability {properties.major}.{properties.minor}",
    }


def _describe_cpu() -> dict[str, Any]:
    amx, bf16 = _cpu_has("_is_amx_tile_supported"), _cpu_has("_is_avx512_bf16_supported")
    extras = [name for name, there in (("AVX512-BF16", bf16), ("AMX", amx)) if there]
    capability = torch.backends.cpu.get_cpu_capability()
    return {
        "device": "cpu",
        "name": platform.processor() or platform.machine(),
        "memory_bytes": int(psutil.virtual_memory().total),
        "precisions": ["fp32", "bf16"] if extras else ["fp32"],
        "note": f"{torch.get_num_threads()} threads, {', '.join([capability, *extras])}",
    }


def _cpu_has(query: str) -> bool:
    # PyTorch has no public question for this; an older one without the private name counts as no.
    ask = getattr(torch.cpu, query, None)
    return bool(ask()) if callable(ask) else False


def _cuda_count() -> int:
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _has_mps() -> bool:
    return bool(torch.backends.mps.is_available())


def _existing() -> str:
    return ", ".join(["auto", *(str(d["device"]) for d in describe_devices())])


def _why_no_gpu(device: torch.device) -> str:
    if device.type == "cuda" and torch.version.cuda is None:
        return " (this PyTorch is built without CUDA)"
    return ""
