"""gui: the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from samhq.cli.main import exit_with
from samhq.cli.options import GivenPath
from samhq.errors import SamhqError

__all__ = ["gui", "open_window"]

# What Qt needs beside itself to show a window with X11.
_NEEDED = (
    "libxcb-cursor.so.0",
    "libxcb-icccm.so.4",
    "libxcb-image.so.0",
    "libxcb-keysyms.so.1",
    "libxcb-render-util.so.0",
    "libxkbcommon-x11.so.0",
)
_LIBRARIES = (
    "a library of the system is missing ({error}); on Debian and Ubuntu: sudo apt install libegl1 libgl1 "
    "libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 "
    "libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-randr0"
)


@click.command()
@click.argument("paths", metavar="[FILE|FOLDER|RUN|CONFIG]...", nargs=-1, type=GivenPath())
def gui(paths: tuple[Path, ...]) -> None:
    """Open the window. What is named is opened in it: images, a folder, a run, a model, a configuration."""
    exit_with(open_window(paths))


def open_window(paths: Sequence[Path]) -> int:
    """Open the window and stay until it is closed. Raises SamhqError where none can be shown."""
    _check_display()
    try:
        from samhq.gui.app import start
    except ImportError as error:
        raise SamhqError(_missing(error)) from error
    return start(paths)


def _check_display() -> None:
    """Qt ends the process where there is no display; say it in words instead."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise SamhqError(
            "the window: there is no display here; use the command line (`samhq --help`), or connect with "
            "ssh -X or a remote desktop"
        )
    if not os.environ.get("WAYLAND_DISPLAY"):
        import ctypes

        for library in _NEEDED:
            try:
                ctypes.CDLL(library)
            except OSError as error:
                raise SamhqError(f"the window: {_LIBRARIES.format(error=error)}") from error


def _missing(error: ImportError) -> str:
    if ".so" in str(error):
        return f"the window: {_LIBRARIES.format(error=error)}"
    return f"the window: {error}; install samhq again with its requirements"
