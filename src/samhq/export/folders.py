"""What lies in the output folders of a run: finding them, and reading back what was written."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from samhq.configuration import load_settings
from samhq.errors import ExportError, SettingsError
from samhq.export.names import picture_names
from samhq.files import explain_os_error, long_path, safe_name, short_name
from samhq.places import run_name
from samhq.results import Outcome
from samhq.settings import Settings
from samhq.store import ImageRecord

__all__ = [
    "OutputState",
    "OutputTable",
    "output_folder_name",
    "output_folders",
    "output_picture",
    "output_state",
    "output_tag",
    "read_output_table",
]

_MARK = "_SAM_HQ_Output_"
_LONGEST_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class OutputTable:
    """A table of an output: its first rows, as text. is_cut: the file has more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class OutputState:
    """What an output was made of. tag: of its filter. settings: None where the output is not complete.

    done: images with a result in its table; found: their objects before the filter; None without a table.
    """

    tag: str
    settings: Settings | None
    done: int | None
    found: int | None


def output_folder_name(name: str, tag: str) -> str:
    """Folder of one filter of an input, e.g. "slides_SAM_HQ_Output_A=199_I=0_R=37.0_Agg=35-100"."""
    tail = _MARK + tag
    room = max(20, _LONGEST_NAME_BYTES - len(tail.encode("utf-8")))
    return safe_name(short_name(name, limit=room) + tail)


def output_tag(folder: Path) -> str:
    """The tag of the filter in the name of an output folder, "" if it is none."""
    return folder.name.rpartition(_MARK)[2] if _MARK in folder.name else ""


def output_folders(run_folder: Path, out: Path | None = None) -> list[Path]:
    """Output folders of a run, the newest first: those beside it, and those in out if that is elsewhere.

    Raises ExportError if a place cannot be looked into.
    """
    name = run_name(run_folder)
    found: dict[Path, float] = {}
    for place in dict.fromkeys([run_folder.parent] if out is None else [out.absolute(), run_folder.parent]):
        try:
            for child in long_path(place).iterdir():
                tag = output_tag(child)
                if tag and child.name == output_folder_name(name, tag) and child.is_dir():
                    found[place / child.name] = child.stat().st_mtime
        except FileNotFoundError:
            continue  # nothing was written there yet
        except OSError as error:
            raise ExportError(explain_os_error(error, place)) from error
    return sorted(found, key=lambda path: -found[path])


def output_state(folder: Path) -> OutputState:
    """What an output was made of, as it says itself. Never raises: what cannot be read is None."""
    settings = done = found = None
    with suppress(SettingsError):  # not complete, or of another version
        settings = load_settings(long_path(folder / "settings.json"))
    with suppress(OSError, ValueError, KeyError, csv.Error):  # no table, or one that somebody edited
        done, found = _images_done(folder / "images.csv")
    return OutputState(tag=output_tag(folder), settings=settings, done=done, found=found)


def _images_done(path: Path) -> tuple[int, int]:
    without = {str(Outcome.FAILED), str(Outcome.WAITING)}
    with long_path(path).open(encoding="utf-8-sig", newline="") as stream:
        counts = [int(row["objects_found"]) for row in csv.DictReader(stream) if row["result"] not in without]
    return len(counts), sum(counts)


def read_output_table(folder: Path, name: str, *, limit: int) -> OutputTable:
    """The first rows, at most limit, of "objects.csv" or "images.csv". Raises ExportError."""
    path = folder / name
    try:
        with long_path(path).open(encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream)
            columns = tuple(next(lines, ()))
            rows = tuple(tuple(row) for row in islice(lines, limit))
            return OutputTable(columns, rows, is_cut=next(lines, None) is not None)
    except OSError as error:
        raise ExportError(explain_os_error(error, path)) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ExportError(f"{path}: is no table that samhq wrote; export again") from error


def output_picture(folder: Path, records: Iterable[ImageRecord], path: str, page: int = 1) -> Path | None:
    """The annotated picture of an image in an output, None where there is none. records: of the whole run."""
    name = picture_names(records).get((path, page))
    picture = None if name is None else folder / name
    return picture if picture is not None and long_path(picture).is_file() else None
