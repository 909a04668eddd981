"""How busy the graphics card is, from NVIDIA's management library. Knows no Qt; never raises."""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

__all__ = ["NO_GPU", "GpuProbe", "GpuReading", "Missing"]

_log = logging.getLogger(__name__)
_TRY_AGAIN_S = 15.0
_LOOK_FOR_OURS_S = 5.0


class Missing(StrEnum):
    """Why a value is not there."""

    NONE = ""
    UNKNOWN = "unknown"
    LIBRARY = "library"
    DRIVER = "driver"
    DRIVER_NOT_LOADED = "driver not loaded"
    DRIVER_MISMATCH = "driver mismatch"
    NO_GPU = "no gpu"
    LOST = "lost"
    NOT_TOLD = "not told"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One look at the graphics card.

    name, index, count: which card of how many; busy_percent: None where the card does not tell;
    used_bytes, total_bytes: graphics memory; missing: why there is nothing at all; error: its text.
    """

    name: str = ""
    index: int = 0
    count: int = 0
    busy_percent: float | None = None
    used_bytes: int | None = None
    total_bytes: int | None = None
    missing: Missing = Missing.NONE
    error: str = ""


NO_GPU = GpuReading(missing=Missing.UNKNOWN)
"""Before the first look."""

_REASONS = {
    "NVML_ERROR_LIBRARY_NOT_FOUND": Missing.DRIVER,
    "NVML_ERROR_DRIVER_NOT_LOADED": Missing.DRIVER_NOT_LOADED,
    "NVML_ERROR_LIB_RM_VERSION_MISMATCH": Missing.DRIVER_MISMATCH,
    "NVML_ERROR_GPU_IS_LOST": Missing.LOST,
    "NVML_ERROR_NOT_SUPPORTED": Missing.NOT_TOLD,
    "NVML_ERROR_NO_PERMISSION": Missing.NOT_TOLD,
}


class GpuProbe:
    """Looks at the card that the processes `ours` use, else at the first one.

    load: imports the library; ours: process ids, asked only where there are several cards; clock: seconds.
    After a fault it starts over, at most every 15 s, since drivers come, go and are updated.
    """

    def __init__(
        self,
        load: Callable[[], Any] = lambda: importlib.import_module("pynvml"),
        *,
        ours: Callable[[], set[int]] = set,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._ours = ours
        self._clock = clock
        self._nvml: Any = None
        self._library: Any = None
        self._count = 0
        self._index = 0
        self._looked_at = float("-inf")
        self._failed_at = float("-inf")
        self._fault = NO_GPU

    def read(self) -> GpuReading:
        """Look now. A fault is part of the reading."""
        if self._nvml is None and self._clock() - self._failed_at < _TRY_AGAIN_S:
            return self._fault
        try:
            if self._nvml is None:
                self._start()
            return self._look() if self._count else GpuReading(missing=Missing.NO_GPU)
        except ImportError as error:
            return self._failed(GpuReading(missing=Missing.LIBRARY, error=str(error)))
        except Exception as error:  # noqa: BLE001 - a broken driver must not end the monitor
            return self._failed(GpuReading(missing=self._reason(error), error=_text_of(error)))

    def close(self) -> None:
        """Let the library go; a later look starts it again."""
        nvml, self._nvml = self._nvml, None
        if nvml is None:
            return
        try:
            nvml.nvmlShutdown()
        except Exception as error:  # noqa: BLE001 - nothing is left to be done about it
            _log.debug("NVML: %s", error)

    # ------------------------------------------------------------ inside

    def _start(self) -> None:
        nvml = self._load()
        # Kept before the start, so that the kind of its errors is known.
        self._library = nvml
        nvml.nvmlInit()
        self._nvml = nvml
        self._count = int(nvml.nvmlDeviceGetCount())
        self._index = 0
        self._looked_at = float("-inf")

    def _look(self) -> GpuReading:
        nvml = self._nvml
        self._choose()
        handle = nvml.nvmlDeviceGetHandleByIndex(self._index)
        name = nvml.nvmlDeviceGetName(handle)
        busy = self._told(lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu))
        memory = self._told(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        return GpuReading(
            name=name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name),
            index=self._index,
            count=self._count,
            busy_percent=busy,
            used_bytes=None if memory is None else int(memory.used),
            total_bytes=None if memory is None else int(memory.total),
        )

    def _told(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except self._library.NVMLError as error:
            # Cards that are partitioned tell their memory but not how busy they are.
            if self._reason(error) is Missing.NOT_TOLD:
                return None
            raise

    def _choose(self) -> None:
        now = self._clock()
        if self._count < 2 or now - self._looked_at < _LOOK_FOR_OURS_S:
            return
        self._looked_at = now
        ours = self._ours()
        for index in range(self._count):
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
            running = self._told(partial(self._nvml.nvmlDeviceGetComputeRunningProcesses, handle))
            if any(int(process.pid) in ours for process in running or ()):
                self._index = index
                return

    def _failed(self, fault: GpuReading) -> GpuReading:
        if fault != self._fault:
            _log.debug("no readings of a graphics card: %s %s", fault.missing, fault.error)
        self._failed_at = self._clock()
        self._fault = fault
        self.close()
        return fault

    def _reason(self, error: Exception) -> Missing:
        code = getattr(error, "value", None)
        for name, reason in _REASONS.items():
            if code is not None and code == getattr(self._library, name, None):
                return reason
        return Missing.ERROR


def _text_of(error: Exception) -> str:
    return str(error) or type(error).__name__
