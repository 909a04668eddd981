"""The folder .venv: what is installed in it, and whether that is still what is wanted."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from tools.start.messages import Failure

AUTHORS_LIBRARY = "segment-anything-hq==0.3"


def digest(*parts: str | bytes) -> str:
    """A short hash of texts and file contents."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        whole.update(b"%d:" % len(data) + data)
    return whole.hexdigest()[:32]


def wanted_state(root: Path, *, tests: bool) -> dict[str, Any]:
    """What the stamp says when everything is installed, all but the kind of PyTorch. Raises Failure for a bad clone."""
    try:
        locked = (root / "requirements.lock").read_bytes()
        pin = re.search(rb"^torch==(\S+)", locked, re.MULTILINE)
        state = {
            "python": "{}.{} {}".format(*sys.version_info[:2], sysconfig.get_platform()),
            "torch_version": pin.group(1).decode() if pin else "",
            "requirements": digest(locked),
            "project": digest((root / "pyproject.toml").read_bytes(), str(root), *_built(root)),
        }
        if tests:
            state["tests"] = digest((root / "requirements-test.lock").read_bytes(), AUTHORS_LIBRARY)
    except OSError as error:
        raise Failure(
            f"{error.filename}: {error.strerror}; the copy of samhq is not whole, get it again"
        ) from error
    return state


def _built(root: Path) -> list[bytes]:
    """What the build step of the project is made from: the translations of the window."""
    return [path.read_bytes() for path in sorted((root / "src" / "samhq" / "gui" / "i18n").glob("*.ts"))]


def is_current(stamp: dict[str, Any], wanted: dict[str, Any], *, torch: str) -> bool:
    """Whether nothing needs installing. torch: the asked kind, or "" to be content with what is there."""
    return all(stamp.get(key) == value for key, value in wanted.items()) and stamp.get("torch") in (
        [torch] if torch else ["cpu", "cuda"]
    )


class Environment:
    """The folder .venv and the notes kept in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.log = self.folder / "install.log"
        self._stamp = self.folder / "samhq-installed.json"
        # There while something is changing the environment: found at a start, it tells of one cut off.
        self.unfinished = self.folder / "samhq-unfinished"

    def stamp(self) -> dict[str, Any]:
        """What was installed, step by step; {} if that is not known or the Python behind it is gone."""
        try:
            stamp = json.loads(self._stamp.read_text(encoding="utf-8"))
            settings = (self.folder / "pyvenv.cfg").read_text(encoding="utf-8")
        except (OSError, ValueError):
            return {}
        home = re.search(r"^home *= *(.+)$", settings, re.MULTILINE)
        there = home is not None and Path(home.group(1).strip()).is_dir() and self.python.exists()
        return stamp if isinstance(stamp, dict) and there and not self.unfinished.exists() else {}

    def write_stamp(self, stamp: dict[str, Any]) -> None:
        """Note what is installed, whole or not at all."""
        temporary = self._stamp.with_suffix(".tmp")
        temporary.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
        temporary.replace(self._stamp)

    def pip_version(self) -> tuple[int, ...]:
        """The version of pip in it; () if the environment does not work or belongs to another Python version."""
        code = "import pip, sys; print(pip.__version__, *sys.version_info[:2])"
        try:
            answer = subprocess.run(
                [str(self.python), "-I", "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=120,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ()
        words = answer.stdout.decode("ascii", "replace").split()
        if answer.returncode or words[1:] != [str(part) for part in sys.version_info[:2]]:
            return ()
        return tuple(int(part) for part in re.findall(r"\d+", words[0])[:2])

    def is_ours(self) -> bool:
        """Whether this script made it, or nobody did."""
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return True
        return self._stamp.exists() or self.unfinished.exists() or self.log.exists()

    def remove(self) -> None:
        """Take the folder away. Renamed first, so that a half removed one is never taken for a working one."""
        for old in self.root.glob(".venv-old-*"):
            shutil.rmtree(str(old), ignore_errors=True)
        if not self.folder.exists():
            return
        old = self.root / f".venv-old-{os.getpid()}"
        try:
            self.folder.rename(old)
        except OSError as error:
            raise Failure(
                f"{self.folder}: cannot be replaced ({error.strerror}); close samhq and every window with that "
                "environment active, then start again"
            ) from error
        shutil.rmtree(str(old), ignore_errors=True)
