"""Where runs lie, and what a user means by a path to one."""

from __future__ import annotations

import os
from pathlib import Path

from samhq.errors import SettingsError
from samhq.files import safe_name, short_name
from samhq.store import RUN_FILE

__all__ = ["full_path", "named_run", "run_folder", "run_name"]

_TAIL = "_SAM_HQ_Run"


def full_path(path: str | Path) -> Path:
    """A path from the root of its disk; links and mapped drives keep the names the user knows."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def run_folder(source: Path, out: Path | None = None) -> Path:
    """Where the run of an input is kept: <out or beside the input>/<name>_SAM_HQ_Run."""
    source = full_path(source)
    name = source.name or source.drive.strip("\\/:").replace("\\", "_") or "root"
    parent = out.absolute() if out is not None else source.parent
    if out is None and parent == source:
        raise SettingsError(f"{source}: there is no folder beside it for the results; choose one with --out")
    if out is not None and source.is_dir() and parent.resolve().is_relative_to(source.resolve()):
        raise SettingsError(
            f"{out}: lies inside the input {source}, where nothing may be written; choose another folder"
        )
    # A name may have 255 bytes on most systems.
    return parent / safe_name(short_name(name, limit=255 - len(_TAIL)) + _TAIL)


def run_name(folder: Path) -> str:
    """Name of the input of a run, from which output folders are named."""
    return folder.name.removesuffix(_TAIL)


def named_run(path: str | Path) -> Path:
    """The absolute run folder a user means by a path to it, or to the run file in it."""
    folder = full_path(path)
    return folder.parent if folder.name == RUN_FILE else folder
