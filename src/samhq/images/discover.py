"""Finding the images of a folder, any depth, without following loops or reading our own output."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samhq.errors import ImageReadError
from samhq.files import long_path, natural_key

__all__ = ["IMAGE_SUFFIXES", "Discovery", "ImageFile", "discover"]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".svs", ".ndpi", ".scn", ".czi", ".nd2", ".lif")
"""Endings of the files that are read, in any case."""

# Pictures a user may expect to see listed although they are not read.
_FOREIGN_SUFFIXES = (
    *(".bmp", ".gif", ".webp", ".jp2", ".j2k", ".jxl", ".heic", ".avif", ".psd", ".dng"),
    *(".lsm", ".oib", ".oif", ".mrxs", ".dm3", ".dm4", ".vsi", ".stk", ".bif", ".qptiff", ".xlef", ".lof"),
)
_OUR_FOLDERS = ("*_sam_hq_run", "*_sam_hq_output_*")
_SYSTEM_FOLDERS = {"__macosx", "thumbs", "@eadir", "$recycle.bin", "system volume information", "lost+found"}


_MADE_BY_US = "folder that samhq made"
_SYSTEM = "folder of the operating system"
_HIDDEN_FOLDER = "hidden folder"
_HIDDEN_FILE = "hidden file"
_LEFT_OUT = "folder that was to be left out"
_READ_ALREADY = "link to a folder that is read already"
_EXPECTED = {_MADE_BY_US, _SYSTEM, _HIDDEN_FOLDER, _HIDDEN_FILE, _LEFT_OUT, _READ_ALREADY}


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One file found.

    path: absolute. relative: relative to the input folder with "/"; the plain name for a single file.
    """

    path: Path
    relative: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What an input holds.

    root: absolute folder that the relative names start from; the parent of a single-file input.
    files: natural sort order of relative.
    skipped: (relative path, reason) of what was passed over and a user might miss.
    """

    root: Path
    files: tuple[ImageFile, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def notices(self) -> tuple[str, ...]:
        """A sentence on what was skipped and may hold images that nobody meant to leave out, if there is any."""
        missed = [entry for entry in self.skipped if entry[1] not in _EXPECTED]
        if not missed:
            return ()
        path, reason = missed[0]
        more = f" and {len(missed) - 1} more, all in the log" if len(missed) > 1 else ""
        return (f"passed over {path}: {reason}{more}",)

    @property
    def nothing_found(self) -> str:
        """What to say where there is no image."""
        names = [path for path, _ in self.skipped[:5]]
        passed_over = f"; passed over: {', '.join(names)}" if names else ""
        kinds = " ".join(IMAGE_SUFFIXES)
        return f"{self.root}: holds no images ({kinds}){passed_over}; choose the folder that holds them"


def discover(source: Path, *, skip: Sequence[Path] = ()) -> Discovery:
    """Find the images of a folder and all its subfolders, or take a single file.

    Hidden files and folders, folders of the operating system, samhq's own run and output folders and
    the folders in skip are passed over. A linked folder is entered once at most, and never in place
    of a real one. A subfolder that cannot be read is listed in skipped. The content is not looked at.
    Raises ImageReadError if the source is missing, unreadable or a file of another kind.
    """
    source = Path(os.path.abspath(source))  # noqa: PTH100 - resolve() would replace the user's own link
    if not _is_text(str(source)):
        readable = os.fsencode(source).decode("utf-8", "replace")
        raise ImageReadError(f"{readable}: holds a name that is not valid text; rename it")
    try:
        mode = long_path(source).stat().st_mode
    except FileNotFoundError as error:
        raise ImageReadError(
            f"{source}: there is no such file or folder; check the spelling and that its disk is connected"
        ) from error
    except OSError as error:
        raise ImageReadError(f"{source}: {_reason(error)}; check its permissions") from error
    if stat.S_ISDIR(mode):
        if _is_ours(source.name):
            raise ImageReadError(
                f"{source}: is a folder that samhq made, not one of images; choose the folder of the images, or "
                "rename this one"
            )
        return _Walk(source, skip).run()
    if not stat.S_ISREG(mode):
        raise ImageReadError(f"{source}: is neither a file nor a folder; give an image or a folder of images")
    if source.suffix.lower() not in IMAGE_SUFFIXES:
        raise ImageReadError(
            f"{source}: files ending in {source.suffix or 'nothing'} are not read; give one of "
            + ", ".join(IMAGE_SUFFIXES)
        )
    return Discovery(root=source.parent, files=(ImageFile(source, source.name),), skipped=())


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path
    relative: str
    real: str


@dataclass(slots=True)
class _Walk:
    """One walk over a folder: real folders first, links to other places after all of them."""

    root: Path
    skip: Sequence[Path]
    files: list[ImageFile] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    links: list[_Folder] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def run(self) -> Discovery:
        avoid = {_real(path) for path in self.skip}
        real = _real(self.root)
        self.seen.add(real)
        try:
            self._tree(_Folder(self.root, "", real), avoid)
        except OSError as error:
            raise ImageReadError(f"{self.root}: {_reason(error)}; check its permissions") from error
        # Links wait until every real folder was entered, or a link could hide the folder it points to.
        while self.links:
            self._enter(self.links.pop(0), avoid, linked=True)
        files = tuple(sorted(self.files, key=lambda f: natural_key(f.relative)))
        skipped = tuple(sorted(self.skipped, key=lambda s: natural_key(s[0])))
        return Discovery(root=self.root, files=files, skipped=skipped)

    def _tree(self, folder: _Folder, avoid: set[str]) -> None:
        # A list instead of recursion: folders can be nested deeper than Python's stack.
        pending = self._list(folder)
        while pending:
            pending.extend(self._enter(pending.pop(), avoid, linked=False))

    def _enter(self, folder: _Folder, avoid: set[str], *, linked: bool) -> list[_Folder]:
        real, relative = folder.real, folder.relative
        if real in avoid:
            self.skipped.append((relative, _LEFT_OUT))
            return []
        if real in self.seen:
            self.skipped.append((relative, _READ_ALREADY))
            return []
        if linked and Path(real) in Path(_real(folder.path.parent)).parents:
            self.skipped.append((relative, "link to a folder that contains it"))
            return []
        self.seen.add(real)
        try:
            if not linked:
                return self._list(folder)
            self._tree(folder, avoid)
        except OSError as error:
            self.skipped.append((relative, f"folder cannot be read: {_reason(error)}"))
        return []

    def _list(self, folder: _Folder) -> list[_Folder]:
        """Take the files of one folder; returns its real subfolders and puts its links aside."""
        folders = []
        with os.scandir(long_path(folder.path)) as entries:
            for entry in entries:
                name = f"{folder.relative}/{entry.name}" if folder.relative else entry.name
                path = folder.path / entry.name
                if not _is_text(entry.name):
                    readable = os.fsencode(name).decode("utf-8", "replace")
                    self.skipped.append((readable, "name is not valid text; rename it"))
                elif _is_dir(entry):
                    reason = _folder_reason(entry)
                    if reason:
                        self.skipped.append((name, reason))
                    elif entry.is_symlink():
                        self.links.append(_Folder(path, name, _real(path)))
                    else:
                        folders.append(_Folder(path, name, _real_child(folder.real, path)))
                else:
                    self._take(entry, path, name)
        return folders

    def _take(self, entry: os.DirEntry[str], path: Path, relative: str) -> None:
        suffix = path.suffix.lower()
        if suffix in _FOREIGN_SUFFIXES and not entry.name.startswith("."):
            self.skipped.append((relative, f"{suffix} is not read; save it as PNG, JPEG or TIFF"))
        if suffix not in IMAGE_SUFFIXES:
            return
        if _is_hidden(entry):
            self.skipped.append((relative, _HIDDEN_FILE))
        elif _is_file(entry):
            self.files.append(ImageFile(path, relative))
        else:
            broken = "link to a file that does not exist" if entry.is_symlink() else "not a regular file"
            self.skipped.append((relative, broken))


def _folder_reason(entry: os.DirEntry[str]) -> str:
    if _is_ours(entry.name):
        return _MADE_BY_US
    if entry.name.casefold() in _SYSTEM_FOLDERS:
        return _SYSTEM
    if _is_hidden(entry):
        return _HIDDEN_FOLDER
    return ""


def _is_ours(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name.casefold(), pattern) for pattern in _OUR_FOLDERS)


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return True
    try:
        attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    except OSError:
        return False
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN)


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_text(name: str) -> bool:
    # Linux names are bytes; what is not UTF-8 arrives as lone surrogates that no database or table takes.
    return not any("\ud800" <= c <= "\udfff" for c in name)


def _real(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def _real_child(parent: str, path: Path) -> str:
    # Windows has junctions, which do not count as links. Elsewhere only links change the way, and asking
    # the system again for every level would take quadratic time.
    return _real(path) if os.name == "nt" else os.path.join(parent, path.name)  # noqa: PTH118


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "access is denied"
    return (error.strerror or str(error) or type(error).__name__).lower()
