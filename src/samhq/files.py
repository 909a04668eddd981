"""Files that appear whole or not at all, and names that every system accepts."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from samhq.errors import ExportError

__all__ = [
    "AppearingFile",
    "appearing_file",
    "long_path",
    "natural_key",
    "remove_file",
    "safe_name",
    "short_name",
    "write_bytes",
    "write_file",
    "write_text",
]

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"com{i}" for i in range(1, 10)),
    *(f"lpt{i}" for i in range(1, 10)),
}


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts img2 before img10 and ignores case, with the plain text to break ties."""
    parts = re.split(r"(\d+)", text.casefold())
    key = tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)
    return (*key, (2, 0, text))


def safe_name(name: str) -> str:
    """A file name that Windows, Linux and macOS accept, as close to the given one as possible."""
    cleaned = _FORBIDDEN.sub("_", name).rstrip(" .") or "_"
    stem = cleaned.split(".", 1)[0]
    if stem.casefold() in _RESERVED:
        cleaned = f"{stem}_{cleaned[len(stem) :]}"
    return cleaned


def short_name(name: str, *, limit: int, force: str = "") -> str:
    """The name, cut to limit bytes and marked with a hash of the whole where it has more.

    force: mark it in any case, with a hash of this text: for a name that is not alone.
    """
    data = name.encode("utf-8", "surrogateescape")
    if len(data) <= limit and not force:
        return name
    mark = hashlib.sha256(force.encode("utf-8") or data).hexdigest()[:8]
    return f"{data[: limit - 9].decode('utf-8', errors='ignore')}~{mark}"


def long_path(path: Path) -> Path:
    """The path in the form in which Windows accepts more than 260 characters; elsewhere unchanged."""
    if sys.platform != "win32":
        return path
    text = str(path.absolute())
    if text.startswith("\\\\?\\"):
        return path
    return Path("\\\\?\\UNC\\" + text[2:] if text.startswith("\\\\") else "\\\\?\\" + text)


def write_text(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """Write a text file whole or not at all, newlines as given. Returns where it was written."""
    return write_bytes(path, text.encode(encoding))


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file whole or not at all. Returns where it was written."""
    return write_file(path, lambda stream: stream.write(data))


def write_file(path: Path, fill: Callable[[IO[bytes]], object]) -> Path:
    """Let fill write to a temporary file beside path, then rename it to path; see appearing_file."""
    with appearing_file(path) as file:
        fill(file.stream)
    return file.written


@dataclass(slots=True)
class AppearingFile:
    """A file in the making. stream: where to write. written: its path, once it is complete."""

    stream: IO[bytes]
    written: Path


@contextlib.contextmanager
def appearing_file(path: Path) -> Iterator[AppearingFile]:
    """A file that appears under its name, complete, when the block ends, and not at all if it fails.

    A file that another program holds open is kept, and the new one is written beside it under a name
    with a number, which `written` then holds.
    Raises ExportError naming the path, the fault and the remedy.
    """
    path = long_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_beside(path) as (stream, temporary):
            file = AppearingFile(stream, path)
            yield file
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
            file.written = _replace(temporary, path)
    except OSError as error:
        raise ExportError(explain_os_error(error, path)) from error


def remove_file(path: Path) -> None:
    """Remove a file of ours if it is there. Raises ExportError if that is refused."""
    try:
        long_path(path).unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(explain_os_error(error, path)) from error


def explain_os_error(error: OSError, path: Path) -> str:
    """What went wrong with a path, and what the user can do about it."""
    remedies = {
        errno.ENOSPC: "the disk is full; free some space or choose another output folder",
        errno.EDQUOT: "your disk quota is used up; free some space or choose another output folder",
        errno.EROFS: "the disk is read-only; choose another output folder",
        errno.EACCES: "access is denied; choose an output folder you may write to, or close the program that "
        "holds the file open",
        errno.EPERM: "access is denied; choose an output folder you may write to",
        errno.EEXIST: "a file stands where a folder is needed; move it away or choose another output folder",
        errno.ENOTDIR: "a file stands where a folder is needed; move it away or choose another output folder",
        errno.EISDIR: "a folder stands where a file is needed; move it away or choose another output folder",
        errno.ENAMETOOLONG: "the name is too long; use a shorter folder or file name",
        errno.ENOENT: "the folder has disappeared; check that its disk is connected",
        errno.EIO: "the disk reports an error; check the disk or the network connection",
    }
    fault = remedies.get(error.errno or 0, error.strerror or str(error))
    return f"{path}: {fault}"


@contextlib.contextmanager
def _temporary_beside(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    # The temporary name must not grow with the name: 255 bytes is the limit of most systems.
    handle, name = tempfile.mkstemp(prefix=".samhq-", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream, temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path) -> Path:
    if sys.platform != "win32":
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
    for candidate in _candidates(path):
        try:
            temporary.replace(candidate)
        except PermissionError:
            if not candidate.is_file():
                raise
            continue
        return candidate
    raise ExportError(f"{path}: is open in another program, and so are the copies beside it; close them")


def _candidates(path: Path) -> Iterator[Path]:
    yield path
    for number in range(2, 100):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")
