"""Running pip: what the user sees of it, what goes into the log, and what a failure means."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from tools.start.environment import Environment
from tools.start.locking import InstallLock
from tools.start.messages import Failure, say

QUIET_S = 20.0  # after so long without a line, say that it is still at work

# The first that is found in pip's output tells the fault; a failed connection also ends in "No matching distribution".
_FAULTS = (
    (
        r"No space left on device|Errno 28|not enough space|WinError 112|Errno 122",
        "the disk is full; free some space",
    ),
    (
        r"Long Path support|WinError 206|File name too long",
        "the path of this folder is too long; move it to a short one such as C:\\samhq",
    ),
    (
        r"ProxyError|Tunnel connection failed|407 Proxy",
        "the proxy refused the connection; set HTTPS_PROXY=http://user:password@host:port as your network asks for",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerification",
        "the server's certificate is not trusted here; in a company network ask for its certificate file and set "
        "PIP_CERT to it, and check the computer's clock",
    ),
    (
        r"NewConnectionError|ConnectionError|NameResolution|name resolution|getaddrinfo failed|Network is unreachable"
        r"|ConnectTimeout|Read timed out|ReadTimeout|Connection(Reset|Refused|Aborted)|Connection broken"
        r"|IncompleteRead|incomplete-download|Failed to resolve",
        "no connection to the package index; check the network (and HTTPS_PROXY behind a proxy)",
    ),
    (
        r"WinError (5|32)\b|Access is denied|being used by another process",
        "files are in use; close samhq and every window with its environment active",
    ),
    (
        r"Permission denied|Errno 13|Read-only file system|Errno 30",
        "the folder cannot be written to; copy samhq to a place of your own, such as Documents",
    ),
    (
        r"No matching distribution found|Could not find a version",
        "the package index has no fitting file; use Python 3.11 to 3.14 and the usual index https://pypi.org/simple",
    ),
)


class Outcome(NamedTuple):
    """How a command ended: its exit code and everything it said."""

    code: int
    output: str


def explain(output: str) -> str:
    """Fault and remedy for the output of a failed pip."""
    for pattern, text in _FAULTS:
        if re.search(pattern, output, re.IGNORECASE):
            return text
    return "the last lines of its output say why"


def failure(step: str, outcome: Outcome, log: Path) -> Failure:
    """The message for a failed step: one line, the log file, and the end of pip's output."""
    lines = [line.rstrip() for line in outcome.output.splitlines() if line.strip()]
    tail = "".join(f"\n    {line[:300]}" for line in lines[-8:])
    return Failure(f"{step} failed: {explain(outcome.output)}. Then start again.\nFull log: {log}{tail}")


def touched_environment(output: str) -> bool:
    """Whether pip got so far that it changed installed files, which a failure leaves in an unknown state."""
    return "Installing collected packages" in output or "Attempting uninstall" in output


def install_command(environment: Environment, *arguments: str) -> list[str]:
    """The call of pip in the environment. -I keeps PYTHONPATH and the user's own packages out."""
    # Progress in numbers came with pip 24.1; older ones are silent while a file comes.
    bar = "raw" if environment.pip_version() >= (24, 1) else "off"
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", bar]
    return [str(environment.python), "-I", "-m", "pip", "install", *options, *arguments]


def _surroundings() -> dict[str, str]:
    """The environment variables for pip: the user's indexes and proxies count, other targets do not."""
    kept = {
        k: v for k, v in os.environ.items() if k not in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME")
    }
    kept.update(PIP_USER="0", PYTHONIOENCODING="utf-8", PYTHONUNBUFFERED="1")
    return kept


class _Teller:
    """Turns pip's many lines into few, and says that it is still at work when it says nothing."""

    def __init__(self, lock: InstallLock) -> None:
        self._lock = lock
        self._file = ""
        self._part = ""
        self._start = self._said = time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Teller:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._end.set()
        self._thread.join()

    def take(self, line: str) -> bool:
        """Look at one line; False if it is mere progress, not worth logging."""
        progress = re.match(r"\s*Progress (\d+) of (\d+)", line)
        if progress:
            done, total = int(progress.group(1)), int(progress.group(2))
            self._part = f", {self._file}: {done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else ""
            return False
        self._part = ""
        big = re.match(r"\s*Downloading (\S+) \((\d+(?:\.\d+)? [MG]B)\)", line)
        if big:
            self._file = big.group(1).rsplit("/", 1)[-1].split("-")[0]
            self._say(f"  downloading {self._file}, {big.group(2)}")
        elif line.startswith("Installing collected packages"):
            self._say(f"  unpacking {line.count(',') + 1} packages")
        return True

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        say(text)

    def _watch(self) -> None:
        while not self._end.wait(2.0):
            self._lock.touch()
            now = time.monotonic()
            if now - self._said > QUIET_S:
                self._say(f"  still at work after {now - self._start:.0f} s{self._part}")


def run_logged(command: list[str], *, environment: Environment, lock: InstallLock) -> Outcome:
    """Run a command that changes the environment; its output goes to the log file, the gist to the user.

    While it runs, and for good if it is cut off, the environment counts as unfinished.
    """
    environment.unfinished.touch()
    lines: list[str] = []
    with environment.log.open("a", encoding="utf-8", errors="replace") as log:
        log.write("\n$ {}\n".format(" ".join(command)))
        log.flush()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=str(environment.root),
            env=_surroundings(),
            encoding="utf-8",
            errors="replace",
        )
        lock.note(child.pid)
        try:
            _listen(child, log, lines, lock)
        finally:
            # Reached early by Ctrl-C only, which the child got as well.
            _wait_or_kill(child)
            lock.note()
    outcome = Outcome(child.returncode, "".join(lines))
    if outcome.code == 0 or not touched_environment(outcome.output):
        environment.unfinished.unlink()
    return outcome


def _listen(child: subprocess.Popen[str], log: Any, lines: list[str], lock: InstallLock) -> None:
    if child.stdout is None:
        return
    with _Teller(lock) as teller, child.stdout:
        for line in child.stdout:
            if teller.take(line):
                lines.append(line)
                log.write(line)
                log.flush()
    child.wait()


def _wait_or_kill(child: subprocess.Popen[str]) -> None:
    try:
        child.wait(timeout=10)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()
