"""The output folder of a run under one filter, written in one pass over its images."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from samhq.configuration import save_settings
from samhq.errors import ExportError, ImageReadError
from samhq.export.masks import CocoWriter, write_labels, write_masks
from samhq.export.names import output_stems, picture_names
from samhq.export.pictures import annotate, write_picture
from samhq.export.sheet import ContactSheet
from samhq.export.tables import TableWriter, data_file_name
from samhq.files import long_path, remove_file, short_name
from samhq.monitor import SILENT, Event, Monitor
from samhq.results import ImageResult, Outcome, Results, rejection_counts
from samhq.settings import Settings
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
    wants_pictures = settings.output.pictures or sheets is not None
    drawn = set()
    with tables:
        for result in _watched(results, records, tally, monitor):
            tables.add(result)
            if not wants_pictures or result.record.status != "done":
                continue
            rgb = _read(result, read_rgb, tally)
            if rgb is None:
                continue
            if settings.output.pictures:
                relative = pictures[result.record.path, result.record.page]
                picture = annotate(rgb, result.masks, result.filtered, label=settings.output.label)
                tally.note_file("pictures", write_picture(folder / relative, picture), folder / relative)
                drawn.add(relative)
            if sheets is not None:
                # Text could not be read in a thumbnail.
                sheets.add(_title(result.record), annotate(rgb, result.masks, result.filtered, label="none"))
    for meant, written in tables.written:
        tally.note_file("tables", written, meant)
    if sheets is not None:
        tally.files["contact sheets"] += sheets.finish()
    tally.warn_of_strangers(folder, drawn)
    save_settings(settings, folder / "settings.json")
    return tally.summary(folder)


class _Sheets:
    """Contact sheets, written as they fill."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sheet = ContactSheet()
        self._count = 0

    def add(self, name: str, picture: npt.NDArray[np.uint8]) -> None:
        """Take in one picture, and write the sheet it completes."""
        self._write(self._sheet.add(name, picture))

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


def _read(
    result: ImageResult, read_rgb: Callable[[ImageRecord], npt.NDArray[np.uint8]], tally: _Tally
) -> npt.NDArray[np.uint8] | None:
    try:
        return read_rgb(result.record)
    except (ImageReadError, OSError) as error:
        _log.debug("no picture of %s", result.record.path, exc_info=error)
        tally.warnings.append(f"no picture of {result.record.path}: {error}")
        return None


def _title(record: ImageRecord) -> str:
    return record.path if record.pages == 1 else f"{record.path} page {record.page}"
