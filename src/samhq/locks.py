"""A lock on a folder that names its owner and does not outlive it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from samhq.errors import StoreError
from samhq.files import explain_os_error, long_path

__all__ = ["LOCK_FILE", "FolderLock"]

LOCK_FILE = "run.lock"
_CLOCK_TOLERANCE_S = 600


@dataclass(frozen=True, slots=True)
class FolderLock:
    """Says that one process writes to a folder. Made by acquire, ended by release."""

    path: Path

    @classmethod
    def acquire(cls, folder: Path) -> FolderLock:
        """Take the lock of a folder. Raises StoreError naming the owner if somebody has it.

        A lock whose owner ran on this machine and is gone is taken over.
        """
        path = long_path(folder / LOCK_FILE)
        text = json.dumps(
            {
                "pid": os.getpid(),
                "started": _start_time(os.getpid()),
                "host": socket.gethostname(),
                "since": time.strftime("%Y-%m-%d %H:%M:%S"),
            }
        )
        for _ in range(10):
            try:
                _create_whole(path, text)
            except FileExistsError:
                owner = _read_owner(path)
                if owner is None:
                    continue  # released between the two looks
                if _is_alive(owner):
                    raise StoreError(_busy(folder, owner)) from None
                _take_away(path, owner)
            except OSError as error:
                raise StoreError(explain_os_error(error, folder)) from error
            else:
                return cls(path)
        raise StoreError(f"{folder}: its lock changes hands too quickly; try again in a moment")

    def release(self) -> None:
        """Give up the lock; nothing happens if it is gone already."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def _create_whole(path: Path, text: str) -> None:
    """Create the lock file with its text in one step, or raise FileExistsError."""
    mine = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        mine.write_text(text, encoding="utf-8")
        _link(mine, path, text)
    finally:
        mine.unlink(missing_ok=True)


def _link(mine: Path, path: Path, text: str) -> None:
    try:
        os.link(mine, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some network drives): the text follows a moment after the name.
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)


def _read_owner(path: Path) -> dict[str, object] | None:
    """What the lock says of its owner; {} if it is unreadable, None if it is gone."""
    try:
        for _ in range(20):
            text = path.read_text(encoding="utf-8")
            if text:
                owner = json.loads(text)
                return owner if isinstance(owner, dict) else {}
            time.sleep(0.05)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    # Empty for a second: its writer was killed between name and text.
    return {"pid": -1, "host": socket.gethostname()}


def _is_alive(owner: dict[str, object]) -> bool:
    if owner.get("host") != socket.gethostname():
        return True  # cannot be known from here
    pid = owner.get("pid")
    started = _start_time(pid) if isinstance(pid, int) and pid > 0 else None
    recorded = owner.get("started")
    if started is None:
        return False
    # A number used again by another process started at another time. Wide, because setting the clock
    # moves the time at which a process seems to have started.
    return not isinstance(recorded, int | float) or abs(started - recorded) < _CLOCK_TOLERANCE_S


def _start_time(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.AccessDenied:
        return None if not psutil.pid_exists(pid) else 0.0
    except psutil.Error:
        return None


def _take_away(path: Path, owner: dict[str, object]) -> None:
    # Renamed first, so that of two processes finding a stale lock only one removes it, and neither
    # removes the fresh lock of the other.
    grave = path.with_name(f"{path.name}.stale.{os.getpid()}")
    try:
        path.replace(grave)
    except OSError:
        return
    with contextlib.suppress(OSError, ValueError):
        if json.loads(grave.read_text(encoding="utf-8") or "{}").get("started") != owner.get("started"):
            grave.replace(path)  # it was somebody's fresh lock after all
    grave.unlink(missing_ok=True)


def _busy(folder: Path, owner: dict[str, object]) -> str:
    who = f"process {owner.get('pid', 'unknown')} on {owner.get('host', 'another machine')}"
    since = f" since {owner['since']}" if owner.get("since") else ""
    return (
        f"{folder}: {who} is writing to this run{since}; wait until it is done or stop it. "
        f"If it no longer exists, delete {LOCK_FILE} in that folder"
    )
