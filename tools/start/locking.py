"""One installation at a time in one folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Iterator  # noqa: UP035 - collections.abc has no Iterator[...] before Python 3.9

from tools.start.messages import Failure, say

LOCK_SILENCE_S = 600.0  # the owner of a lock touches it every few seconds


def process_alive(pid: int) -> bool:
    """Whether a process of this machine runs. Signal 0 would be Ctrl-C on Windows, hence two ways."""
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return bool(
                ctypes.windll.kernel32.GetLastError() == 5
            )  # access denied: it is there, but not ours
        code = ctypes.c_ulong()
        ctypes.windll.kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
        ctypes.windll.kernel32.CloseHandle(handle)
        return code.value == 259  # STILL_ACTIVE
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class InstallLock:
    """A file that exists while one start installs. Names the process and the pip it runs: both must be gone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def owner(self) -> str:
        """Who holds the lock, for the user; "" if nobody does any more."""
        try:
            silence = time.time() - self.path.stat().st_mtime
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        except OSError:  # Windows while it is being deleted
            return "another start"
        try:
            note = json.loads(text)
        except ValueError:
            note = {}
        pids = [pid for pid in note.get("pids", []) if isinstance(pid, int) and pid > 0]
        host = note.get("host", "")
        if silence > LOCK_SILENCE_S:
            return ""
        if not pids:  # between its making and its filling, or its maker was killed just there
            return "another start" if silence < 5 else ""
        if host != socket.gethostname():
            return f"process {pids[0]} on {host}"
        alive = [pid for pid in pids if process_alive(pid)]
        return f"process {alive[0]}" if alive else ""

    def note(self, *pids: int) -> None:
        """Write who is at work."""
        text = json.dumps({"pids": [os.getpid(), *pids], "host": socket.gethostname()})
        self.path.write_text(text, encoding="utf-8")

    def touch(self) -> None:
        """Show that the owner is still there."""
        with contextlib.suppress(OSError):
            os.utime(str(self.path), None)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, waiting for another start. Raises Failure if the folder cannot be written."""
        told = False
        while not self._try():
            owner = self.owner()
            if not owner:
                # Two waiting starts may both see it stale; the second finds it gone or, for a moment, new. The
                # exclusive creation decides between them again.
                with contextlib.suppress(OSError):
                    self.path.unlink()
                continue
            if not told:
                say(f"Another start ({owner}) is installing here; waiting for it. Ctrl-C gives up.")
                told = True
            time.sleep(0.5)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _try(self) -> bool:
        try:
            os.close(os.open(str(self.path), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        except OSError as error:
            # Windows answers "access denied" for a file that is just being deleted.
            if self.path.exists() and os.name == "nt":
                return False
            raise Failure(
                f"{self.path.parent}: cannot be written to ({error.strerror}); copy the samhq folder to a place of "
                "your own, such as Documents, or free some disk space"
            ) from error
        self.note()
        return True
