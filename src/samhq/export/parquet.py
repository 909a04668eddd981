"""The tables of a run as Parquet: objects.parquet and images.parquet, with the types of their numbers."""

from __future__ import annotations

import json
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq import __version__
from samhq.export.columns import ObjectColumns
from samhq.export.extras import optional_library
from samhq.export.tables import image_columns, image_row, settings_facts
from samhq.export.writer import Destination, FormatWriter
from samhq.files import AppearingFile, appearing_file
from samhq.results import ImageResult

__all__ = ["ParquetWriter"]

_ROWS_AT_ONCE = 65_536
_TEXTS = {"image", "page_name"}
_FLOATS = {"intensity", "ratio", "overlap_fraction", "black", "white", "pixel_size_um", "area_um2"}
_COUNTS = {
    *("page", "objects_found", "objects_kept", "area_px", "width", "height", "bits"),
    *("dropped_by_min_area", "dropped_by_min_intensity", "dropped_by_min_ratio"),
    *("dropped_by_range", "dropped_by_overlap"),
}
_SINGLE = {"predicted_iou", "stability_score"}
_WHOLE = {
    "ImageNumber",
    "object",
    "area_px",
    "initial_area_px",
    *("x0", "y0", "x1", "y1"),
    *("crop_x0", "crop_y0", "crop_x1", "crop_y1"),
    "page",
    *("euler_number", "area_convex", "area_filled", "area_bbox"),
}


class ParquetWriter(FormatWriter):
    """Writes both tables in row groups, so that memory stays that of one image or of 65,536 rows.

    What could not be measured is null. The settings and the model are in the metadata of the files.
    """

    def __init__(self, to: Destination) -> None:
        super().__init__(to)
        self._arrow: Any = optional_library("pyarrow", package="pyarrow", purpose="Parquet tables")
        self._parquet: Any = optional_library("pyarrow.parquet", package="pyarrow", purpose="Parquet tables")
        self._columns = ObjectColumns.of(to.settings.export, is_sized=to.is_sized)
        self._stack = ExitStack()
        self._open: dict[str, tuple[AppearingFile, Any]] = {}
        self._parts: list[Any] = []
        self._rows: list[list[Any]] = []
        self._images = self._waiting = 0
        self._objects_schema = self._schema([(n, self._object_type(n)) for n in self._columns.names])
        self._images_schema = self._schema(
            [(n, self._image_type(n)) for n in image_columns(is_sized=to.is_sized)]
        )

    def __enter__(self) -> ParquetWriter:
        """Open the temporary files."""
        with ExitStack() as stack:
            for kind, schema in (("objects", self._objects_schema), ("images", self._images_schema)):
                file = stack.enter_context(appearing_file(self.to.folder / f"{kind}.parquet"))
                writer = self._parquet.ParquetWriter(file.stream, schema, compression="zstd")
                stack.callback(writer.close)
                self._open[kind] = (file, writer)
            self._stack = stack.pop_all()  # an error until here lets both vanish
        return self

    def add(self, result: ImageResult) -> None:
        """Take in the rows of one image."""
        self._images += 1
        numbers = self._columns.numbers(result, image_number=self._images, monitor=self.to.monitor)
        count = int(result.filtered.keep.sum())
        if count:
            self._parts.append(self._objects(result, numbers, count))
            self._waiting += count
        self._rows.append(image_row(result, is_sized=self.to.is_sized))
        if self._waiting >= _ROWS_AT_ONCE:
            self._write_objects()
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._write_images()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits, and let the files appear."""
        try:
            if kind is None:
                self._write_objects()
                self._write_images()
        except BaseException as fault:
            self._stack.__exit__(type(fault), fault, fault.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)
        if kind is None:
            for name, (file, _) in self._open.items():
                self.files.append(("tables", file.written, self.to.folder / f"{name}.parquet"))

    def _objects(self, result: ImageResult, numbers: dict[str, npt.NDArray[Any]], count: int) -> Any:
        arrays = [self._repeated(result.record.path, count)]
        arrays += [
            self._array(values, self._objects_schema.field(name).type) for name, values in numbers.items()
        ]
        arrays.append(self._repeated(result.record.page_name, count))
        return self._arrow.Table.from_arrays(arrays, schema=self._objects_schema)

    def _repeated(self, text: str, count: int) -> Any:
        return self._arrow.repeat(self._arrow.scalar(text, self._arrow.string()), count)

    def _array(self, values: npt.NDArray[Any], kind: Any) -> Any:
        missing = np.isnan(values) if values.dtype.kind == "f" else None
        return self._arrow.array(values, mask=missing).cast(kind)

    def _write_objects(self) -> None:
        if self._parts:
            self._open["objects"][1].write_table(self._arrow.concat_tables(self._parts))
        self._parts, self._waiting = [], 0

    def _write_images(self) -> None:
        if self._rows:
            columns = [
                self._arrow.array(list(values), self._images_schema.field(place).type)
                for place, values in enumerate(zip(*self._rows, strict=True))
            ]
            table = self._arrow.Table.from_arrays(columns, schema=self._images_schema)
            self._open["images"][1].write_table(table)
        self._rows = []

    def _schema(self, fields: list[tuple[str, Any]]) -> Any:
        facts = {
            "samhq": __version__,
            "samhq.settings": json.dumps(settings_facts(self.to.settings), ensure_ascii=False),
            "samhq.model": json.dumps(dict(self.to.model), ensure_ascii=False),
        }
        return self._arrow.schema(fields, metadata=facts)

    def _object_type(self, name: str) -> Any:
        plain = ObjectColumns("samhq", self._columns.shapes, self._columns.is_sized)
        own = {self._columns.name(column): column for column in plain.names}
        column = own.get(name, name)
        if column in _TEXTS:
            return self._arrow.string()
        if column in _SINGLE:
            return self._arrow.float32()
        return self._arrow.int64() if column in _WHOLE else self._arrow.float64()

    def _image_type(self, name: str) -> Any:
        if name in _COUNTS:
            return self._arrow.int64()
        return self._arrow.float64() if name in _FLOATS else self._arrow.string()
