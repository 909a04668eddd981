"""How long work will still take, from the events it reports."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from samhq.gui.translate import tr
from samhq.monitor import Event

__all__ = ["TimeLeft", "spoken"]

_WINDOW_UNITS = 12.0
_WINDOW_S = 20.0
_FIRST_S = 2.0
_MUCH_FASTER = 20.0


@dataclass(frozen=True, slots=True)
class _Step:
    """Progress between two events. units: of the stage, with fractions; seconds: it took."""

    units: float
    seconds: float


class TimeLeft:
    """Estimates from the last units of a stage, at least 12 of them and 20 seconds.

    Times are given in seconds of any clock that only goes forward, so that tests need not wait.
    """

    def __init__(self) -> None:
        self._stage: str | None = None
        self._total: int | None = None
        self._position = 0.0
        self._time = 0.0
        self._steps: deque[_Step] = deque()

    def take(self, event: Event, now: float) -> None:
        """Take note of an event that came at a time. Mere messages are passed over."""
        if event.total is None and not event.parts and event.message:
            return
        position = position_of(event)
        if event.stage != self._stage or position < self._position:
            self._stage = event.stage
            self._steps.clear()
            self._position, self._time = position, now
        elif position > self._position:
            self._steps.append(_Step(position - self._position, now - self._time))
            self._position, self._time = position, now
            self._forget()
        self._total = event.total if event.total is not None else (1 if event.parts else None)

    def left_s(self, now: float) -> float | None:
        """Seconds left at a time, or None while nothing can be said."""
        steps = self._telling()
        seconds = sum(step.seconds for step in steps)
        units = sum(step.units for step in steps)
        if self._total is None or units <= 0 or seconds + (now - self._time) < _FIRST_S:
            return None
        per_unit = seconds / units
        # The step in work counts down, but never for more than a usual step: work that hangs stands still.
        usual = seconds / len(steps)
        return max((self._total - self._position) * per_unit - min(now - self._time, usual), 0.0)

    def _forget(self) -> None:
        units = sum(step.units for step in self._steps)
        seconds = sum(step.seconds for step in self._steps)
        while len(self._steps) > 1:
            oldest = self._steps[0]
            units -= oldest.units
            seconds -= oldest.seconds
            if units < _WINDOW_UNITS or seconds < _WINDOW_S:
                return
            self._steps.popleft()

    def _telling(self) -> list[_Step]:
        # What was skipped because it was done before says nothing about what is left.
        steps = list(self._steps)
        latest = steps[-3:]
        units = sum(step.units for step in latest)
        if units <= 0:
            return steps
        pace = sum(step.seconds for step in latest) / units
        return [step for step in steps if step.seconds * _MUCH_FASTER >= pace * step.units]


def position_of(event: Event) -> float:
    """Finished units with the fraction of the one in work."""
    if not event.parts:
        return float(event.done)
    position = event.done + min(event.part / event.parts, 1.0)
    return min(position, float(event.total)) if event.total is not None else position


def spoken(seconds: float) -> str:
    """A time left as one says it: rounded more the longer it is."""
    if seconds < 5:
        return tr("a few seconds left")
    if seconds < 57.5:
        return tr("{seconds} s left", seconds=5 * round(seconds / 5))
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return tr("{minutes} min left", minutes=minutes)
    if minutes < 10 * 60:
        # To five minutes: nobody knows better hours ahead.
        minutes = 5 * round(minutes / 5)
        return tr("{hours} h {minutes:02d} min left", hours=minutes // 60, minutes=minutes % 60)
    return tr("{hours} h left", hours=round(minutes / 60))
