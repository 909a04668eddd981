"""Progress on the console, and stopping with Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from samhq.cli.main import visible
from samhq.monitor import Event, StoppableMonitor

__all__ = ["console", "working"]

console = Console(stderr=True, highlight=False, soft_wrap=True)
_STAGES = {
    "plan": "Planning",
    "load": "Loading",
    "segment": "Segmenting",
    "evaluate": "Evaluating",
    "train": "Training",
    "export": "Writing",
    "download": "Downloading",
    "verify": "Checking",
}
# Stages that count bytes instead of images.
_IN_BYTES = {"download", "verify"}
_STYLES = {"warning": "yellow", "error": "red"}


@contextlib.contextmanager
def working(*, quiet: bool = False) -> Iterator[StoppableMonitor]:
    """A monitor that shows progress on the console and stops at Ctrl-C or SIGTERM.

    The first signal stops at the next prompt batch, the second at once.
    """
    with _Display(quiet=quiet) as display:
        monitor = StoppableMonitor(display.show)
        with _signals(monitor):
            yield monitor


@contextlib.contextmanager
def _signals(monitor: StoppableMonitor) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        if monitor.stopped:
            raise KeyboardInterrupt
        monitor.stop()
        console.print("Stopping after this step; press Ctrl-C again to stop at once.")

    names = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        names.append(signal.SIGBREAK)
    if sys.platform != "win32":
        names.append(signal.SIGHUP)  # the terminal was closed
    # What is ignored stays so: nohup and background jobs of a shell count on it.
    names = [name for name in names if signal.getsignal(name) is not signal.SIG_IGN]
    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


class _Display:
    """Shows events: a live bar on a terminal, a line now and then elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = console.is_terminal and not quiet
        self._stage = ""
        self._task: TaskID | None = None
        self._last_line = 0.0
        self._started = (0.0, 0)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[found]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[item]}"),
            console=console,
            transient=True,
            disable=not self._live,
        )

    def __enter__(self) -> _Display:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Show one event."""
        if event.message and (not self._quiet or event.level == "error"):
            style = _STYLES.get(event.level)
            console.print(escape(visible(event.message)), style=style)
        if event.total is None or self._quiet:
            return
        if event.stage != self._stage:
            self._stage = event.stage
            self._started = (time.monotonic(), event.done)
            if self._task is not None:
                self._progress.remove_task(self._task)
            name = _STAGES.get(event.stage, event.stage)
            self._task = self._progress.add_task(name, count="", rate="", found="", item="")
        if self._live and self._task is not None:
            self._progress.update(
                self._task,
                total=event.total,
                completed=event.done + (event.part / event.parts if event.parts else 0),
                count=_count(event),
                rate=self._rate(event),
                found=f"{event.objects} objects" if event.objects else "",
                item=escape(visible(event.item)),
            )
        elif not self._live:
            self._line(event)

    def _rate(self, event: Event) -> str:
        started, done_before = self._started
        elapsed = time.monotonic() - started
        done = event.done - done_before
        if done <= 0 or elapsed <= 0:
            return ""
        return (
            f"{done / elapsed / 1e6:.1f} MB/s"
            if event.stage in _IN_BYTES
            else f"{done / elapsed:.2f} {'steps' if event.stage == 'train' else 'images'}/s"
        )

    def _line(self, event: Event) -> None:
        now = time.monotonic()
        if self._started[1] == event.total:
            return  # nothing was to be done
        if event.done != event.total and now - self._last_line < 10:
            return
        self._last_line = now
        started, done_before = self._started
        done = event.done - done_before
        left = ""
        if done and event.total and event.done < event.total:
            seconds = (now - started) / done * (event.total - event.done)
            left = f", {seconds / 60:.0f} min left" if seconds >= 90 else f", {seconds:.0f} s left"
        stage = _STAGES.get(event.stage, event.stage)
        found = f", {event.objects} objects" if event.objects else ""
        rate = self._rate(event)
        console.print(
            f"{stage} {_count(event)}{found}{', ' if rate else ''}{rate}{left} {escape(visible(event.item))}"
        )


def _count(event: Event) -> str:
    if event.stage in _IN_BYTES:
        return f"{event.done / 1e6:.0f}/{(event.total or 0) / 1e6:.0f} MB"
    return f"{event.done}/{event.total}"
