"""Functions that the tests of the jobs run in other processes and threads."""

from __future__ import annotations

import os
import sys
import time

from samhq.errors import SamhqError
from samhq.monitor import Event


def add(a, b, *, monitor, partial):
    partial(a)
    monitor.report(Event(stage="segment", done=1, total=2, message="adding"))
    return a + b


def loaded(*, monitor, partial):
    return sorted(name for name in ("torch", "PyQt6.QtWidgets") if name in sys.modules)


def refuse(*, monitor, partial):
    raise SamhqError("slides: are gone; look for them")


def stumble(*, monitor, partial):
    return {}["missing"]


def listen(*, monitor, partial):
    while True:
        monitor.check()
        time.sleep(0.01)


def deaf(*, monitor, partial):
    partial("begun")
    time.sleep(60)


def die(*, monitor, partial):
    os.kill(os.getpid(), 9)
    time.sleep(60)


def pid(*, monitor, partial):
    return os.getpid()


def report_often(*, monitor, partial):
    for i in range(2000):
        monitor.report(Event(stage="segment", done=i, total=2000))
    monitor.report(Event(stage="segment", done=2000, total=2000))
    return "over"


def _burst():
    raise ImportError("a library is broken")


class _Unreadable:
    def __reduce__(self):
        return _burst, ()


def unreadable(*, monitor, partial):
    return _Unreadable()
