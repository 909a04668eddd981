"""A pulse in the event loop: how late its ticks come tells how long the loop stood still."""

from __future__ import annotations

import time

import numpy as np
from PyQt6.QtCore import QObject, Qt, QTimer

PULSE_MS = 2


class Heartbeat(QObject):
    """Ticks every 2 ms and keeps by how much each tick was late."""

    def __init__(self) -> None:
        super().__init__()
        self._late: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to measure anew."""
        self._late = []
        self._last = time.perf_counter()
        self._timer.start(PULSE_MS)

    def stop(self) -> dict[str, float]:
        """Worst and 99.9th percentile of the stalls in ms, how many were over 50 ms, seconds measured."""
        self._timer.stop()
        late = np.array(self._late)
        return {
            "ticks": len(late),
            "seconds": round(float(late.sum() / 1000 + len(late) * PULSE_MS / 1000), 2),
            "worst_ms": round(float(late.max(initial=0)), 1),
            "p99.9_ms": round(float(np.percentile(late, 99.9)), 1) if len(late) else 0.0,
            "over_50_ms": int((late > 50).sum()),
        }

    def _tick(self) -> None:
        now = time.perf_counter()
        self._late.append(max(0.0, (now - self._last) * 1000 - PULSE_MS))
        self._last = now
