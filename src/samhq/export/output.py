"""The output folder of a run under one filter, written in one pass over its images."""

from __future__ import annotations

import logging
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from samhq.configuration import save_settings
from samhq.errors import ExportError, ImageReadError
from samhq.export.masks import CocoWriter, write_labels, write_masks
from samhq.export.names import output_stems, picture_names
from samhq.export.pictures import annotate, encode_picture, write_picture
from samhq.export.sheet import ContactSheet
from samhq.export.tables import TableWriter, data_file_name
from samhq.files import long_path, remove_file, short_name, write_bytes
from samhq.monitor import SILENT, Event, Monitor
from samhq.results import ImageResult, Outcome, Results, rejection_counts
from samhq.settings import OutputSettings, Settings
from samhq.store import ImageRecord

__all__ = [
    "EXPORT_FORMATS",
    "ExportFormat",
    "OutputSummary",
    "export_format",
    "write_output",
]

ExportFormat = Literal["csv", "txt", "coco", "labels", "masks"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = ("csv", "txt", "coco", "labels", "masks")
_LONGEST_NAME_BYTES = 200
_MOST_THREADS = 4  # that draw; beyond, tables and disk decide
_PIXELS_AHEAD = 1 << 26  # of the images in work: each is held twice, with 3 bytes a pixel
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutputSummary:
    """What was written.

    folder: where. images: in the run. objects_kept: by the filter. outcomes: images by what became of
    them. files: written, by kind. warnings: what a user should know.
    """

    folder: Path
    images: int
    objects_kept: int
    outcomes: dict[Outcome, int]
    files: dict[str, int]
    warnings: tuple[str, ...]


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
    records = results.records()
    pictures = picture_names(records)
    sheets = _Sheets(folder) if settings.output.contact_sheet else None
    tally = _Tally()
    remove_file(folder / "settings.json")
    tables = TableWriter(
        objects_csv=folder / "objects.csv",
        images_csv=folder / "images.csv",
        data_file=folder / data_file_name(name),
        settings=settings,
        model=model,
    )
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
        for result in _watched(results, records, tally, monitor):
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


def export_format(
    results: Results,
    folder: Path,
    *,
    format: ExportFormat,  # noqa: A002 - the word of the command line
    name: str,
    settings: Settings,
    model: Mapping[str, Any],
    monitor: Monitor = SILENT,
) -> OutputSummary:
    """Write the kept objects of a run in one format. Raises ExportError, Cancelled."""
    if format not in EXPORT_FORMATS:
        raise ExportError(f"{format}: there is no such format; choose one of {', '.join(EXPORT_FORMATS)}")
    records = results.records()
    stems = output_stems(records)
    tally = _Tally()
    with ExitStack() as stack:
        coco = (
            stack.enter_context(
                CocoWriter(folder / f"{short_name(name, limit=_LONGEST_NAME_BYTES)}_SAM_HQ_coco.json")
            )
            if format == "coco"
            else None
        )
        tables = TableWriter(
            objects_csv=folder / "objects.csv" if format == "csv" else None,
            images_csv=folder / "images.csv" if format == "csv" else None,
            data_file=folder / data_file_name(name) if format == "txt" else None,
            settings=settings,
            model=model,
        )
        stack.enter_context(tables)
        for result in _watched(results, records, tally, monitor):
            stem = folder / stems[result.record.path, result.record.page]
            tables.add(result)
            if coco is not None:
                coco.add(result)
            elif format == "labels":
                _export_labels(result, stem, tally, exclusive=results.settings.overlaps == "exclusive")
            elif format == "masks":
                write_masks(result, stem, settings.output.output_mode)
                tally.files["masks"] += int(result.filtered.keep.sum())
    for meant, written in [*tables.written, *([(coco.path, coco.written)] if coco else [])]:
        tally.note_file("tables", written, meant)
    return tally.summary(folder)


def _export_labels(result: ImageResult, stem: Path, tally: _Tally, *, exclusive: bool) -> None:
    path = stem.with_name(stem.name + "_sam_hq_labels.tif")
    if result.record.status != "done":
        remove_file(path)  # of an earlier export, when the image could still be read
        return
    written, hidden = write_labels(result, path, exclusive=exclusive)
    tally.note_file("label images", written, path)
    if hidden:
        tally.warnings.append(f"{result.record.path}: {hidden} objects lie wholly under others")


@dataclass(slots=True)
class _Tally:
    """Counts what is written while it is written."""

    images: int = 0
    objects: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def note_image(self, result: ImageResult) -> None:
        self.images += 1
        self.objects += int(result.filtered.keep.sum())
        self.outcomes[result.outcome] += 1
        self.dropped.update(rejection_counts(result.filtered))

    def note_file(self, kind: str, written: Path, meant: Path) -> None:
        self.files[kind] += 1
        if written.name != meant.name:
            self.warnings.append(f"{meant.name} is open in another program; the new one is {written.name}")

    def warn_of_strangers(self, folder: Path, drawn: set[str]) -> None:
        """Name pictures that an earlier output left here and this one did not draw."""
        root = long_path(folder)
        old = sorted({p.relative_to(root).as_posix() for p in root.rglob("*_sam_hq.png")} - drawn)
        if old:
            self.warnings.append(
                f"{len(old)} pictures in the folder are older than these tables and may not fit them, e.g. {old[0]}"
            )

    def summary(self, folder: Path) -> OutputSummary:
        if self.dropped and not self.objects:
            counts = ", ".join(f"{name} {count}" for name, count in self.dropped.items())
            self.warnings.insert(0, f"no object is left; dropped by {counts}; choose lower thresholds")
        waiting = self.outcomes[Outcome.WAITING]
        if waiting:
            self.warnings.insert(
                0, f"{waiting} of {self.images} images are not segmented yet; `samhq run` goes on with them"
            )
        return OutputSummary(
            folder=folder,
            images=self.images,
            objects_kept=self.objects,
            outcomes={outcome: self.outcomes[outcome] for outcome in Outcome},
            files=dict(self.files),
            warnings=tuple(self.warnings),
        )


def _watched(
    results: Results, records: list[ImageRecord], tally: _Tally, monitor: Monitor
) -> Iterator[ImageResult]:
    """The results one after the other, counted and reported."""
    for number, record in enumerate(records):
        monitor.check()
        monitor.report(
            Event(stage="export", done=number, total=len(records), item=record.path, objects=tally.objects)
        )
        result = results.image(record)
        tally.note_image(result)
        yield result
    monitor.report(Event(stage="export", done=len(records), total=len(records), objects=tally.objects))


def _title(record: ImageRecord) -> str:
    return record.path if record.pages == 1 else f"{record.path} page {record.page}"
