"""What every format is written with: where its files go, and what it tells about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq.files import remove_file, short_name
from samhq.monitor import SILENT, Monitor
from samhq.results import ImageResult
from samhq.settings import Settings
from samhq.store import ImageRecord

__all__ = ["Destination", "FormatWriter", "ImageFileWriter"]

_LONGEST_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class Destination:
    """Where and how a format is written.

    folder: the output folder. name: of the input. stems: for each (path, page) the beginning of its files, relative.
    read_rgb: gives the picture of an image, None where there is none. monitor: asked inside large images too.
    is_sized: whether the pixel size of any image is known, so that tables have areas in µm² too.
    """

    folder: Path
    name: str
    stems: Mapping[tuple[str, int], str]
    settings: Settings
    model: Mapping[str, Any]
    read_rgb: Callable[[ImageRecord], npt.NDArray[np.uint8]] | None = None
    monitor: Monitor = SILENT
    is_sized: bool = False

    def of_run(self, tail: str) -> Path:
        """A file or folder for the whole run: its name and then tail."""
        return self.folder / f"{short_name(self.name, limit=_LONGEST_NAME_BYTES)}{tail}"

    def of_image(self, record: ImageRecord, tail: str, *, below: Path | None = None) -> Path:
        """A file for one image, in the subfolders of the image. below: instead of the output folder."""
        return (below or self.folder) / f"{self.stems[record.path, record.page]}{tail}"


class FormatWriter(AbstractContextManager["FormatWriter"], ABC):
    """Writes the kept objects of a run in one format, image by image; use it as a context manager.

    files: (kind, written, meant) of every file that is complete: it is written elsewhere than it was meant to be where
    another program holds the old one open. warnings: what a user should know. Both are whole when the block has ended.
    """

    def __init__(self, to: Destination) -> None:
        self.to = to
        self.files: list[tuple[str, Path, Path]] = []
        self.warnings: list[str] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Complete the files, or let them vanish after an error. Nothing to do where each is whole at once."""
        return

    @abstractmethod
    def add(self, result: ImageResult) -> None:
        """Write the kept objects of one image, or for one that failed or waits what says so."""


class ImageFileWriter(FormatWriter):
    """A format with one file for each image. kind: what to call the files; tail: the end of their names."""

    kind = ""
    tail = ""

    def add(self, result: ImageResult) -> None:
        """Write the file of an image; one of an earlier export is removed where there is no result now."""
        path = self.to.of_image(result.record, self.tail)
        if result.record.status != "done":
            remove_file(path)
            return
        self.files.append((self.kind, self.write(result, path), path))

    @abstractmethod
    def write(self, result: ImageResult, path: Path) -> Path:
        """Write one file. Returns where it was written."""
