"""Keep the computer from falling asleep in the middle of a run; the screen may."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

__all__ = ["keep_awake"]

# Source: Windows API, SetThreadExecutionState.
_ES_CONTINUOUS = 0x80000000
_ES_SYSTEM_REQUIRED = 0x00000001


@contextlib.contextmanager
def keep_awake() -> Iterator[None]:
    """While inside, Windows and macOS do not go to sleep for want of a user; elsewhere nothing happens."""
    if sys.platform == "win32":
        import ctypes

        set_state = ctypes.windll.kernel32.SetThreadExecutionState
        set_state(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED)
        try:
            yield
        finally:
            set_state(_ES_CONTINUOUS)
    elif sys.platform == "darwin":
        # Ends by itself when this process does.
        command = ["/usr/bin/caffeinate", "-i", "-w", str(os.getpid())]
        try:
            helper = subprocess.Popen(command)  # noqa: S603 - a fixed command
        except OSError:
            yield  # without it the run is merely not protected from sleep
            return
        try:
            yield
        finally:
            helper.terminate()
            helper.wait()
    else:
        yield
