"""The command line that does what the window does: for scripts, clusters and colleagues."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from samhq.settings import GROUPS, Settings

__all__ = ["aggregate_command", "command_line", "filter_command", "flags", "run_command"]

# Flags that a command does not have, by command.
_RUN_GROUPS = ("segmentation", "filter", "image", "output", "export", "compute")
_ONLY_OF_EXPORT = ("output_mode", "qupath_object", "class_name", "yolo_pictures")


def run_command(source: Path, settings: Settings, *, out: Path | None = None) -> str:
    """`samhq run` with the settings that differ from the defaults."""
    parts = ["run", str(source), *_out(out), *flags(settings, _RUN_GROUPS, without=_ONLY_OF_EXPORT)]
    return command_line(parts)


def filter_command(run: Path, settings: Settings, *, out: Path | None = None) -> str:
    """`samhq filter` with the filter in force."""
    parts = [
        "filter",
        str(run),
        *_out(out),
        *flags(settings, ("filter", "output", "export"), without=_ONLY_OF_EXPORT),
    ]
    return command_line(parts)


def aggregate_command(image: Path, settings: Settings, *, chart: Path | None = None) -> str:
    """`samhq aggregate` with polarity, sensitivity and image settings."""
    parts = ["aggregate", str(image)]
    if chart is not None:
        parts += ["--chart", str(chart)]
    parts += flags(settings, ("image",))
    parts += flags(settings, ("filter",), only=("polarity",))
    parts += flags(settings, ("analysis",))
    return command_line(parts)


def command_line(parts: Sequence[str]) -> str:
    """The parts as one line for the shell of this system, beginning with what stands for `samhq` here."""
    program = os.environ.get("SAMHQ_COMMAND", "samhq")
    quoted = subprocess.list2cmdline(parts) if sys.platform == "win32" else shlex.join(parts)
    return f"{program} {quoted}"


def flags(
    settings: Settings, groups: Sequence[str], *, without: Sequence[str] = (), only: Sequence[str] = ()
) -> list[str]:
    """Flags for every setting somebody chose that is not the default of samhq.

    A model may recommend other values than the defaults; what was chosen explicitly is therefore named even
    where it equals the default.
    """
    found: list[str] = []
    for group in groups:
        for name in GROUPS[group].model_fields:
            if name in without or (only and name not in only):
                continue
            found += _flag(settings, group, name)
    return found


def _flag(settings: Settings, group: str, name: str) -> Iterator[str]:
    values = getattr(settings, group)
    value: Any = getattr(values, name)
    field = GROUPS[group].model_fields[name]
    chosen = name in values.model_fields_set
    if not chosen or (value == field.default and group != "segmentation"):
        return
    flag = "--" + name.replace("_", "-")
    if name == "point_grids":
        # A list of thousands of points belongs into a file.
        yield from (["--config", "CONFIGURATION.json"] if value is not None else [])
    elif isinstance(value, bool):
        yield flag if value else f"--no-{flag[2:]}"
    elif value is None:
        yield f"--no-{flag[2:]}"
    else:
        yield flag
        yield str(value)


def _out(out: Path | None) -> list[str]:
    return ["--out", str(out)] if out is not None else []
