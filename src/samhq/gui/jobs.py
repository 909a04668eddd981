"""Long work outside the event loop: processes for the network, threads for small things.

The network runs in a process of its own: importing PyTorch, encoding an image or running out of memory
can then neither freeze nor end the window, and work that does not listen is stopped by ending its
process, which loses nothing, since whatever it writes appears whole or not at all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from samhq.gui.engine import EngineProcess, Message, describe
from samhq.monitor import Cancelled, Event, StoppableMonitor

__all__ = ["Job", "JobError", "JobRunner", "Lane"]

_log = logging.getLogger(__name__)
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# Nobody would mind if these ended with the window.
_MINOR = {"model facts", "plan"}
PATIENCE_MS = 700
"""How long a job that was asked to stop may go on before its process is ended."""


class Lane(StrEnum):
    """Where a job runs; the jobs of one lane run one after the other, LIGHT ones two at a time."""

    ENGINE = "engine"
    """Process for the image on the screen: generating and correcting masks, model facts, exports."""
    BATCH = "batch"
    """Process for runs, so that a batch of hours leaves the rest of the window usable."""
    TRAINING = "training"
    """Process for teaching a model; it ends with its job, so that its memory is free again."""
    LIGHT = "light"
    """Threads of the window: reading an image, histograms, outlines. Never anything that loads PyTorch."""


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed. message: for the user; expected: a SamhqError; details: the traceback."""

    message: str
    expected: bool
    details: str


class Job(QObject):
    """One piece of work. Emits progress and partial, then one of done, failed, cancelled, then finished.

    patience_ms: how long it may go on after it was asked to stop; more for work that then has something to save.
    """

    started = pyqtSignal()
    progress = pyqtSignal(object)
    partial = pyqtSignal(object)
    done = pyqtSignal(object)
    failed = pyqtSignal(object)
    cancelled = pyqtSignal()
    finished = pyqtSignal()

    def __init__(
        self, title: str, lane: Lane, function: Callable[..., Any], arguments: tuple[Any, ...], *, key: str
    ) -> None:
        super().__init__()
        self.title = title
        self.lane = lane
        self.key = key
        self.function = function
        self.arguments = arguments
        self.state = "waiting"
        self.stopping = False
        self.patience_ms = PATIENCE_MS
        self.asked_at = 0.0
        self._stop: Callable[[], None] = self._stop_waiting

    @property
    def is_over(self) -> bool:
        """Whether one of done, failed, cancelled was emitted."""
        return self.state in ("done", "failed", "cancelled")

    def stop(self) -> None:
        """Ask the job to stop; it is over within a second, or within its own patience."""
        if self.is_over or self.stopping:
            return
        self.stopping = True
        self.asked_at = time.monotonic()
        self._stop()

    def _stop_waiting(self) -> None:
        self._end("cancelled")

    def _begin(self, stop: Callable[[], None]) -> None:
        self.state = "running"
        self._stop = stop
        self.started.emit()

    def _end(self, state: str, payload: object = None) -> None:
        if self.is_over:
            return
        self.state = state
        if state == "done":
            self.done.emit(payload)
        elif state == "failed":
            self.failed.emit(payload)
        else:
            self.cancelled.emit()
        self.finished.emit()


class JobRunner(QObject):
    """Starts jobs, one after the other in each lane, and tells which one is under way.

    current_changed(job | None): the most important job that runs now, for the strip at the bottom.
    """

    current_changed = pyqtSignal(object)
    _from_thread = pyqtSignal(object, str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[Lane, deque[Job]] = {lane: deque() for lane in Lane}
        self._running: dict[Lane, list[Job]] = {lane: [] for lane in Lane}
        self._engines: dict[Lane, EngineProcess] = {}
        self._from_thread.connect(self._on_thread_message)
        self._closed = False

    # ------------------------------------------------------------ starting and stopping

    def submit(
        self, title: str, lane: Lane, function: Callable[..., Any], *arguments: Any, key: str = ""
    ) -> Job:
        """Queue work and return its job, not yet started: connect to its signals in the same slot.

        function: called as function(*arguments, monitor=..., partial=...); for the process lanes one that can
        be found by module and name there, such as those of samhq.gui.work; any for LIGHT.
        key: a new job takes the place of earlier ones with the same key, which are cancelled.
        """
        if self._closed:
            raise RuntimeError("the window is closing; no work can be started")
        job = Job(title, lane, function, arguments, key=key)
        job.setParent(self)
        if key:
            self.stop_all(key)
        self._waiting[lane].append(job)
        job.finished.connect(lambda: self._on_finished(job))
        # Started from the event loop, so that the caller can connect first.
        QTimer.singleShot(0, self._start_next)
        return job

    def stop_all(self, key: str | None = None) -> None:
        """Stop all jobs, or those with a key."""
        for job in self.jobs():
            if key is None or job.key == key:
                job.stop()

    def jobs(self) -> list[Job]:
        """Every job that runs or waits."""
        running = [job for jobs in self._running.values() for job in jobs]
        return running + [job for jobs in self._waiting.values() for job in jobs if not job.is_over]

    @property
    def current(self) -> Job | None:
        """The job the strip at the bottom shows: a batch before a generation; light and minor ones never."""
        for lane in (Lane.BATCH, Lane.TRAINING, Lane.ENGINE):
            for job in self._running[lane]:
                if job.key not in _MINOR:
                    return job
        return None

    def is_busy(self) -> bool:
        """Whether work that a user would miss is under way or waiting."""
        return any(job.lane is not Lane.LIGHT and job.key not in _MINOR for job in self.jobs())

    def close(self) -> None:
        """End everything: nothing is emitted afterwards. Takes at most about a second."""
        self._closed = True
        for job in self.jobs():
            job.blockSignals(True)
            job.stop()
        for engine in self._engines.values():
            engine.shut()

    def warm_up(self, lane: Lane) -> None:
        """Start the process of a lane before it is needed."""
        if not self._closed:
            self._engine(lane).start()

    # ------------------------------------------------------------ inside

    def _start_next(self) -> None:
        if self._closed:
            return
        for lane in Lane:
            limit = 2 if lane is Lane.LIGHT else 1
            waiting, running = self._waiting[lane], self._running[lane]
            while waiting and len(running) < limit:
                job = waiting.popleft()
                if job.is_over:
                    continue
                running.append(job)
                if lane is Lane.LIGHT:
                    self._run_in_thread(job)
                else:
                    self._run_in_process(lane, job)
                if lane is not Lane.LIGHT:
                    self.current_changed.emit(self.current)

    def _run_in_process(self, lane: Lane, job: Job) -> None:
        name = f"{job.function.__module__}:{job.function.__name__}"
        job._begin(partial(self._stop_engine, lane, job))
        try:
            self._engine(lane).run(job, name=name, arguments=job.arguments)
        except OSError as error:  # no process can be started now
            message, expected, details = describe(error)
            self._engines.pop(lane).shut()
            job._end("failed", JobError(message, expected=expected, details=details))

    def _run_in_thread(self, job: Job) -> None:
        monitor = StoppableMonitor(lambda event: self._from_thread.emit(job, "event", event))
        job._begin(lambda: self._stop_thread(job, monitor))

        def work() -> None:
            try:
                monitor.check()
                result = job.function(
                    *job.arguments,
                    monitor=monitor,
                    partial=lambda value: self._from_thread.emit(job, "partial", value),
                )
                message: tuple[str, object] = ("done", result)
            except Cancelled:
                message = ("cancelled", None)
            except Exception as error:  # noqa: BLE001 - the border of a job
                message = ("failed", describe(error))
            try:
                self._from_thread.emit(job, *message)
            except RuntimeError:
                # The window closed meanwhile and took the receiver with it.
                _log.debug("nobody waits for %s any more", job.title)

        # A thread of its own, which ends with the process: one that hangs, as on a drive that is gone, holds up
        # neither the jobs after it nor the end of the program.
        threading.Thread(target=work, name="samhq-light", daemon=True).start()

    def _stop_thread(self, job: Job, monitor: StoppableMonitor) -> None:
        # A thread cannot be ended; its result is dropped and it ends by itself.
        monitor.stop()
        job._end("cancelled")

    def _stop_engine(self, lane: Lane, job: Job) -> None:
        self._engine(lane).ask_to_stop()
        QTimer.singleShot(job.patience_ms, lambda: self._end_deaf(lane, job))

    def _end_deaf(self, lane: Lane, job: Job) -> None:
        if job.is_over or self._closed:
            return
        _log.info("%s: stopped by ending its process", job.title)
        self._engine(lane).shut()
        del self._engines[lane]
        job._end("cancelled")

    def _engine(self, lane: Lane) -> EngineProcess:
        if lane not in self._engines:
            engine = EngineProcess(lane, parent=self)
            engine.message.connect(lambda message: self._on_engine_message(lane, engine, message))
            self._engines[lane] = engine
        return self._engines[lane]

    def _on_engine_message(self, lane: Lane, engine: EngineProcess, message: Message) -> None:
        if self._engines.get(lane) is not engine or self._closed:
            return
        if message.kind == "log":
            logging.getLogger(message.payload[0]).log(message.payload[1], "%s", message.payload[2])
            return
        if message.kind == "died":
            del self._engines[lane]
            engine.shut()
            for job in list(self._running[lane]):
                job._end("failed", JobError(str(message.payload), expected=True, details=""))
            return
        for job in self._running[lane]:
            if message.job == id(job):
                self._deliver(job, message.kind, message.payload)
                return

    def _on_thread_message(self, job: Job, kind: str, payload: object) -> None:
        if not self._closed:
            self._deliver(job, kind, payload)

    def _deliver(self, job: Job, kind: str, payload: Any) -> None:
        if job.is_over:
            return
        if kind == "event":
            event: Event = payload
            if event.message:
                _log.log(_LEVELS.get(event.level, logging.INFO), "%s", event.message)
            job.progress.emit(event)
        elif kind == "partial":
            job.partial.emit(payload)
        elif kind == "failed":
            message, expected, details = payload
            job._end("failed", JobError(message, expected=expected, details=details))
        else:
            job._end(kind, payload)

    def _on_finished(self, job: Job) -> None:
        running = self._running[job.lane]
        if job in running:
            running.remove(job)
        if job.lane is Lane.TRAINING and job.lane in self._engines:
            self._engines.pop(job.lane).shut()
        if job.lane is not Lane.LIGHT:
            self.current_changed.emit(self.current)
        job.deleteLater()
        QTimer.singleShot(0, self._start_next)
