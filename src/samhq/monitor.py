"""How long work tells where it is, and how it is asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

__all__ = ["SILENT", "Cancelled", "Event", "Monitor", "PartMonitor", "SilentMonitor", "StoppableMonitor"]


class Cancelled(BaseException):
    """The user asked the work to stop.

    Derived from BaseException so that the borders which catch a failing image cannot swallow it.
    """


@dataclass(frozen=True, slots=True)
class Event:
    """One step of long work.

    stage: what is being done, e.g. "segment", "export".
    done, total: finished units of this stage; total is None while unknown.
    item: the unit in work, e.g. an image path relative to the input.
    part, parts: progress inside the unit, e.g. prompt batches of an image.
    objects: objects found so far in this stage.
    message: one sentence for the log, empty for pure progress.
    level: "info", "warning" or "error" for the message.
    """

    stage: str
    done: int = 0
    total: int | None = None
    item: str = ""
    part: int = 0
    parts: int = 0
    objects: int = 0
    message: str = ""
    level: str = "info"


class Monitor(Protocol):
    """What long work is given to report to."""

    def report(self, event: Event) -> None:
        """Take note of one step. Must return quickly and must not raise."""

    def check(self) -> None:
        """Raise Cancelled if the work should stop; called at image and prompt-batch boundaries."""


class SilentMonitor:
    """Reports to nobody and never stops."""

    def report(self, event: Event) -> None:
        """Ignore the event."""

    def check(self) -> None:
        """Never ask to stop."""


SILENT: Monitor = SilentMonitor()


@dataclass(frozen=True, slots=True)
class PartMonitor:
    """Reports the prompt batches of one unit as parts of its place in longer work."""

    outer: Monitor
    place: Event

    def report(self, event: Event) -> None:
        """Pass on the parts and what is said."""
        self.outer.report(
            replace(self.place, part=event.part, parts=event.parts, message=event.message, level=event.level)
        )

    def check(self) -> None:
        """Stop with the longer work."""
        self.outer.check()


class StoppableMonitor:
    """Passes events on to a listener and can be stopped from any thread."""

    def __init__(self, listener: Callable[[Event], None] = SILENT.report) -> None:
        self._listener = listener
        self._stop = threading.Event()

    def report(self, event: Event) -> None:
        """Hand the event to the listener."""
        self._listener(event)

    def stop(self) -> None:
        """Ask the work to stop at its next check."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether stop() was called."""
        return self._stop.is_set()

    def check(self) -> None:
        """Raise Cancelled once stop() was called."""
        if self._stop.is_set():
            raise Cancelled
