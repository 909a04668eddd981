"""The kept objects of a run in one format: every format by its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from samhq.errors import ExportError
from samhq.export.masks import CocoWriter, write_labels, write_masks
from samhq.export.names import output_stems
from samhq.export.pixel_sizes import SizedResults, is_sized, size_warnings
from samhq.export.tables import TableWriter, data_file_name
from samhq.export.tally import OutputSummary, Tally, watched
from samhq.export.writer import Destination, FormatWriter, ImageFileWriter
from samhq.monitor import SILENT, Monitor
from samhq.results import ImageResult, Results
from samhq.settings import Settings
from samhq.store import ImageRecord

__all__ = ["EXPORT_FORMATS", "ExportFormat", "export_format"]

ExportFormat = Literal["csv", "txt", "parquet", "excel", "coco", "yolo", "geojson", "roi", "labels", "masks"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


def export_format(
    results: Results,
    folder: Path,
    *,
    format: ExportFormat,  # noqa: A002 - the word of the command line
    name: str,
    settings: Settings,
    model: Mapping[str, Any],
    read_rgb: Callable[[ImageRecord], npt.NDArray[np.uint8]] | None = None,
    monitor: Monitor = SILENT,
) -> OutputSummary:
    """Write the kept objects of a run in one format.

    read_rgb: gives the picture of an image to formats that hold pictures; they go without where it is None or fails.
    Raises ExportError (also where a library of the extra "exports" is missing: nothing is written then), Cancelled.
    """
    if format not in EXPORT_FORMATS:
        raise ExportError(f"{format}: there is no such format; choose one of {', '.join(EXPORT_FORMATS)}")
    results = SizedResults.of(results, settings.output.pixel_size)
    records = results.records()
    tally = Tally()
    tally.warnings += size_warnings(records)
    to = Destination(
        folder, name, output_stems(records), settings, model, read_rgb, monitor, is_sized=is_sized(records)
    )
    writer = _writer(format, to, exclusive=results.settings.overlaps == "exclusive")
    with writer:
        for result in watched(results, records, tally, monitor):
            writer.add(result)
    for kind, written, meant in writer.files:
        tally.note_file(kind, written, meant)
    tally.warnings += writer.warnings
    return tally.summary(folder)


def _writer(format: ExportFormat, to: Destination, *, exclusive: bool) -> FormatWriter:  # noqa: A002
    if format in _MODULES:
        module, name = _MODULES[format]
        chosen: type[FormatWriter] = getattr(importlib.import_module(f"samhq.export.{module}"), name)
        return chosen(to)
    if format == "labels":
        return _Labels(to, exclusive=exclusive)
    if format == "coco":
        return _Coco(to)
    return _Masks(to) if format == "masks" else _Tables(to, is_text=format == "txt")


# Loaded when they are asked for: each knows a library or a format that most users never meet.
_MODULES: dict[str, tuple[str, str]] = {
    "geojson": ("geojson", "GeoJsonWriter"),
    "roi": ("rois", "RoiWriter"),
    "yolo": ("yolo", "YoloWriter"),
    "parquet": ("parquet", "ParquetWriter"),
    "excel": ("excel", "ExcelWriter"),
}


class _Tables(FormatWriter):
    """objects.csv and images.csv, or the data file."""

    def __init__(self, to: Destination, *, is_text: bool) -> None:
        super().__init__(to)
        self._tables = TableWriter(
            objects_csv=None if is_text else to.folder / "objects.csv",
            images_csv=None if is_text else to.folder / "images.csv",
            data_file=to.folder / data_file_name(to.name) if is_text else None,
            settings=to.settings,
            model=to.model,
            is_sized=to.is_sized,
            monitor=to.monitor,
        )

    def __enter__(self) -> _Tables:
        self._tables.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tables.__exit__(kind, error, trace)
        self.files = [("tables", written, meant) for meant, written in self._tables.written]

    def add(self, result: ImageResult) -> None:
        self._tables.add(result)


class _Coco(FormatWriter):
    """One COCO file."""

    def __init__(self, to: Destination) -> None:
        super().__init__(to)
        self._coco = CocoWriter(to.of_run("_SAM_HQ_coco.json"))

    def __enter__(self) -> _Coco:
        self._coco.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._coco.__exit__(kind, error, trace)
        self.files.append(("tables", self._coco.written, self._coco.path))

    def add(self, result: ImageResult) -> None:
        self._coco.add(result)


class _Labels(ImageFileWriter):
    """A label image for each image."""

    kind = "label images"
    tail = "_sam_hq_labels.tif"

    def __init__(self, to: Destination, *, exclusive: bool) -> None:
        super().__init__(to)
        self._exclusive = exclusive

    def write(self, result: ImageResult, path: Path) -> Path:
        written, hidden = write_labels(result, path, exclusive=self._exclusive)
        if hidden:
            self.warnings.append(f"{result.record.path}: {hidden} objects lie wholly under others")
        return written


class _Masks(FormatWriter):
    """The masks of each image in one of the output modes of SAM."""

    def add(self, result: ImageResult) -> None:
        stem = self.to.of_image(result.record, "")
        written = write_masks(result, stem, self.to.settings.output.output_mode)
        self.files += [("masks", written, written)] * int(result.filtered.keep.sum())
