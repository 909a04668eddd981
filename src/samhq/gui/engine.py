"""The process in which the network runs: its main loop, and the window's end of it."""

from __future__ import annotations

import contextlib
import importlib
import logging
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, Protocol

from PyQt6.QtCore import QObject, pyqtSignal

from samhq.errors import SamhqError
from samhq.files import explain_os_error
from samhq.monitor import Cancelled, Event, StoppableMonitor

__all__ = ["EngineProcess", "Message", "describe", "serve"]

_log = logging.getLogger(__name__)
_EVENT_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class Message:
    """What a process says: kind "event", "partial", "done", "failed", "cancelled", "log" or "died".

    job: the number the window gave the job, 0 for "log" and "died".
    """

    kind: str
    job: int
    payload: Any


class _Numbered(Protocol):
    title: str


def describe(error: BaseException) -> tuple[str, bool, str]:
    """An error as (message for the user, whether it is an expected one, traceback)."""
    details = "".join(traceback.format_exception(error))
    if isinstance(error, SamhqError):
        return str(error), True, details
    if isinstance(error, OSError) and error.errno:
        return explain_os_error(error, Path(error.filename or "the output")), True, details
    if isinstance(error, MemoryError):
        return "memory ran out; close other programs, or choose a smaller model or image", True, details
    return f"unexpected {type(error).__name__}: {error}", False, details


# ------------------------------------------------------------------ in the process


def serve(connection: Connection) -> None:
    """Main loop of the process: take one call after the other until the window goes away.

    Calls come as ("run", job, "module:function", arguments); "stop" stops the call under
    way, "quit" or a closed connection ends the process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the window's business
    outbox = _Outbox(connection)
    logging.basicConfig(level=logging.INFO, handlers=[_LogToWindow(outbox)], force=True)
    calls: queue.SimpleQueue[tuple[int, str, tuple[Any, ...], StoppableMonitor]] = queue.SimpleQueue()
    threading.Thread(
        target=_listen, args=(connection, outbox, calls), name="samhq-listen", daemon=True
    ).start()
    while True:
        job, name, arguments, monitor = calls.get()
        _call(outbox, job=job, name=name, arguments=arguments, monitor=monitor)


class _Outbox:
    """Sends messages from any thread; drops pure progress that comes too fast to be seen."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._last = 0.0

    def send(self, kind: str, job: int, payload: Any) -> None:
        with self._lock, contextlib.suppress(OSError):  # the window is gone; the listener ends the process
            self._connection.send(Message(kind, job, payload))

    def report(self, job: int, event: Event) -> None:
        now = time.monotonic()
        whole = event.total is not None and event.done == event.total
        if not event.message and not whole and now - self._last < _EVENT_INTERVAL_S:
            return
        self._last = now
        self.send("event", job, event)


class _LogToWindow(logging.Handler):
    def __init__(self, outbox: _Outbox) -> None:
        super().__init__()
        self._outbox = outbox

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info))
        self._outbox.send("log", 0, (record.name, record.levelno, text))


def _listen(
    connection: Connection,
    outbox: _Outbox,
    calls: queue.SimpleQueue[tuple[int, str, tuple[Any, ...], StoppableMonitor]],
) -> None:
    monitor = StoppableMonitor()
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            os._exit(1)  # the window is gone: whatever is under way is of no use to anybody
        if request[0] == "stop":
            monitor.stop()
        elif request[0] == "quit":
            os._exit(0)
        else:
            _, job, name, arguments = request
            monitor = StoppableMonitor(lambda event, job=job: outbox.report(job, event))  # type: ignore[misc]
            calls.put((job, name, arguments, monitor))


def _call(
    outbox: _Outbox, *, job: int, name: str, arguments: tuple[Any, ...], monitor: StoppableMonitor
) -> None:
    try:
        module, _, attribute = name.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
        result = function(
            *arguments, monitor=monitor, partial=lambda value: outbox.send("partial", job, value)
        )
        monitor.check()  # who was told "stopped" must not get a result
        outbox.send("done", job, result)
    except Cancelled:
        outbox.send("cancelled", job, None)
    except Exception as error:  # noqa: BLE001 - the border of a job
        _log.debug("%s failed", name, exc_info=error)
        outbox.send("failed", job, describe(error))


# ------------------------------------------------------------------ in the window


class EngineProcess(QObject):
    """The window's end of one process. message(Message) is emitted in the thread of the window."""

    message = pyqtSignal(object)

    def __init__(self, name: str, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._outgoing: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        self._shut = False

    def start(self) -> None:
        """Start the process unless it runs. Returns at once; the process needs a second to load."""
        if self._process is not None:
            return
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs,), name=f"samhq-{self._name}", daemon=True)
        process.start()
        theirs.close()
        self._process, self._connection = process, ours
        for task in (self._receive, self._send):
            threading.Thread(target=task, args=(ours,), name=f"samhq-{self._name}", daemon=True).start()

    def run(self, job: _Numbered, *, name: str, arguments: tuple[Any, ...]) -> None:
        """Send a call to the process, starting it first if need be."""
        self.start()
        self._outgoing.put(ForkingPickler.dumps(("run", id(job), name, arguments)))

    def ask_to_stop(self) -> None:
        """Ask the call under way to stop at its next check."""
        self._outgoing.put(ForkingPickler.dumps(("stop",)))

    def shut(self) -> None:
        """End the process, whatever it does."""
        self._shut = True
        self._outgoing.put(None)
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join(timeout=1)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def pid(self) -> int | None:
        """Number of the process, None while it does not run."""
        return self._process.pid if self._process is not None else None

    def _send(self, connection: Connection) -> None:
        # In a thread: the pipe of a process that is still starting takes no large arguments yet.
        while (request := self._outgoing.get()) is not None:
            try:
                connection.send_bytes(request)
            except (OSError, TypeError):  # it died, which the other thread tells, or was shut at this moment
                return

    def _receive(self, connection: Connection) -> None:
        while True:
            try:
                message = connection.recv()
            except (EOFError, OSError, TypeError):  # TypeError: closed by shut() at this moment
                break
            except Exception as error:  # noqa: BLE001 - whatever an answer may hold: the lane must not hang
                _log.error("an answer of the process cannot be read: %s", error)
                break
            if not self._tell(message):
                return
        if not self._shut:
            self._tell(
                Message(
                    "died",
                    0,
                    "the process that segments was ended by the system, most likely because memory ran out; "
                    "close other programs, choose a smaller model or fewer points per batch, and start again: "
                    "everything stored so far is kept",
                )
            )

    def _tell(self, message: Message) -> bool:
        try:
            self.message.emit(message)
        except RuntimeError:  # the window closed and took this object with it
            return False
        return True
