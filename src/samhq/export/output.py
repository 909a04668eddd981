"""The output folder of a run under one filter, written in one pass over its images."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq.configuration import save_settings
from samhq.errors import ImageReadError
from samhq.export.names import picture_names
from samhq.export.pictures import annotate, encode_picture, write_picture
from samhq.export.pixel_sizes import SizedResults, is_sized, size_warnings
from samhq.export.sheet import ContactSheet
from samhq.export.tables import TableWriter, data_file_name
from samhq.export.tally import OutputSummary, Tally, watched
from samhq.files import remove_file, write_bytes
from samhq.monitor import SILENT, Monitor
from samhq.results import ImageResult, Results
from samhq.settings import OutputSettings, Settings
from samhq.store import ImageRecord

__all__ = ["write_output"]

_MOST_THREADS = 4  # that draw; beyond, tables and disk decide
_PIXELS_AHEAD = 1 << 26  # of the images in work: each is held twice, with 3 bytes a pixel
_log = logging.getLogger(__name__)


def write_output(
    results: Results,
    folder: Path,
    *,
    name: str,
    settings: Settings,
    model: Mapping[str, Any],
    read_rgb: Callable[[ImageRecord], npt.NDArray[np.uint8]],
    monitor: Monitor = SILENT,
) -> OutputSummary:
    """Write tables, annotated pictures and settings.json of a run under its filter.

    name: of the input. read_rgb: gives the picture of an image; where it fails the picture is left out
    with a warning. settings.json comes last: without it the folder is not complete.
    Raises ExportError if the folder cannot be written, Cancelled.
    """
    results = SizedResults.of(results, settings.output.pixel_size)
    records = results.records()
    pictures = picture_names(records)
    sheets = _Sheets(folder) if settings.output.contact_sheet else None
    tally = Tally()
    remove_file(folder / "settings.json")
    tables = TableWriter(
        objects_csv=folder / "objects.csv",
        images_csv=folder / "images.csv",
        data_file=folder / data_file_name(name),
        settings=settings,
        model=model,
        is_sized=is_sized(records),
        monitor=monitor,
    )
    tally.warnings += size_warnings(records)
    drawn = set()

    def draw(result: ImageResult) -> _Drawn:
        return _draw(result, read_rgb, settings.output, has_sheets=sheets is not None)

    def take(result: ImageResult, done: _Drawn) -> None:
        record = result.record
        if done.fault:
            tally.warnings.append(f"no picture of {record.path}: {done.fault}")
        if done.png is not None:
            path = folder / pictures[record.path, record.page]
            tally.note_file("pictures", write_bytes(path, done.png), path)
            drawn.add(pictures[record.path, record.page])
        if sheets is not None and done.thumbnail is not None:
            sheets.add(_title(record), done.thumbnail)

    with tables, _Ahead(draw, take) as drawing:
        for result in watched(results, records, tally, monitor):
            tables.add(result)
            if (settings.output.pictures or sheets is not None) and result.record.status == "done":
                drawing.add(result)
    for meant, written in tables.written:
        tally.note_file("tables", written, meant)
    if sheets is not None:
        tally.files["contact sheets"] += sheets.finish()
    tally.warn_of_strangers(folder, drawn)
    save_settings(settings, folder / "settings.json")
    return tally.summary(folder)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The pictures of one image, as bytes of a file and for a contact sheet, or why there are none."""

    png: bytes | None = None
    thumbnail: npt.NDArray[np.uint8] | None = None
    fault: str = ""


def _draw(
    result: ImageResult,
    read_rgb: Callable[[ImageRecord], npt.NDArray[np.uint8]],
    output: OutputSettings,
    *,
    has_sheets: bool,
) -> _Drawn:
    """Read an image and draw what is asked for; runs on a thread of its own."""
    try:
        rgb = read_rgb(result.record)
    except (ImageReadError, OSError) as error:
        _log.debug("no picture of %s", result.record.path, exc_info=error)
        return _Drawn(fault=str(error))
    masks, filtered = result.masks, result.filtered
    png = thumbnail = None
    if output.pictures:
        png = encode_picture(annotate(rgb, masks, filtered, label=output.label), result.record.path)
    if has_sheets:
        # Text could not be read in a thumbnail.
        thumbnail = ContactSheet.thumbnail(annotate(rgb, masks, filtered, label="none"))
    return _Drawn(png, thumbnail)


class _Ahead:
    """Draws pictures on a few threads, while the caller goes on, and hands them over in order.

    Those in work have together at most _PIXELS_AHEAD pixels, or are one. Use it as a context manager.
    """

    def __init__(
        self, draw: Callable[[ImageResult], _Drawn], take: Callable[[ImageResult, _Drawn], None]
    ) -> None:
        """draw: runs on another thread. take: runs on that of the caller, in the order of the images."""
        self._draw = draw
        self._take = take
        self._threads = min(_MOST_THREADS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="samhq-draw")
        self._in_work: deque[tuple[ImageResult, Future[_Drawn]]] = deque()

    def __enter__(self) -> _Ahead:
        return self

    def add(self, result: ImageResult) -> None:
        """Have one image drawn; waits for earlier ones where too much is in work."""
        while self._in_work and (len(self._in_work) > self._threads or self._pixels(result) > _PIXELS_AHEAD):
            self._hand_over()
        self._in_work.append((result, self._pool.submit(self._draw, result)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while self._in_work and error is None:
                self._hand_over()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def _hand_over(self) -> None:
        result, future = self._in_work.popleft()
        self._take(result, future.result())

    def _pixels(self, coming: ImageResult) -> int:
        records = [coming.record, *(result.record for result, _ in self._in_work)]
        return sum(record.width * record.height for record in records)


class _Sheets:
    """Contact sheets, written as they fill."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sheet = ContactSheet()
        self._count = 0

    def add(self, name: str, thumbnail: npt.NDArray[np.uint8]) -> None:
        """Take in one picture, and write the sheet it completes."""
        self._write(self._sheet.add(name, thumbnail))

    def finish(self) -> int:
        """Write the last sheet. Returns how many there are."""
        self._write(self._sheet.rest())
        return self._count

    def _write(self, sheet: npt.NDArray[np.uint8] | None) -> None:
        if sheet is not None:
            self._count += 1
            write_picture(self._folder / f"contact_sheet_{self._count}.png", sheet)


def _title(record: ImageRecord) -> str:
    return record.path if record.pages == 1 else f"{record.path} page {record.page}"
