"""The log of a run: what was said, with times, and the technical side of failures."""

from __future__ import annotations

import logging
import threading
import traceback
from datetime import datetime
from pathlib import Path

from samhq.files import long_path
from samhq.monitor import Event, Monitor

__all__ = ["LOG_FILE", "RunLog"]

LOG_FILE = "log.txt"
_log = logging.getLogger(__name__)


class RunLog:
    """A monitor that also appends what is said to log.txt in the run folder.

    Any thread may report; the monitor beneath hears one after the other.
    """

    def __init__(self, monitor: Monitor, folder: Path) -> None:
        self._monitor = monitor
        self._path = long_path(folder / LOG_FILE)
        self._lock = threading.RLock()

    def report(self, event: Event) -> None:
        """Log the message of an event, if it has one, and pass the event on."""
        with self._lock:
            if event.message:
                self._append(f"{event.level.upper():7} {event.message}")
            self._monitor.report(event)

    def check(self) -> None:
        """Raise Cancelled if the work should stop."""
        self._monitor.check()

    def traceback(self, error: Exception) -> None:
        """Keep the technical side of a failure in the log only."""
        with self._lock:
            self._append("".join(traceback.format_exception(error)).rstrip())

    def _append(self, text: str) -> None:
        stamp = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        try:
            with self._path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write(f"{stamp} {text}\n")
        except OSError as error:
            # The log may fail on a full disk; the store will say so for what matters.
            _log.warning("%s: %s", self._path, error)
