"""The tables of a run as one Excel workbook: objects, images and settings on sheets of their own."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from samhq import __version__
from samhq.export.columns import ObjectColumns
from samhq.export.extras import optional_library
from samhq.export.tables import image_columns, image_row, settings_facts
from samhq.export.writer import Destination, FormatWriter
from samhq.files import write_file
from samhq.results import ImageResult

__all__ = ["MOST_ROWS", "ExcelWriter"]

MOST_ROWS = 1_048_576
"""Rows of a sheet in Excel, the head included."""
_MOST_LETTERS = 32_767  # of a cell
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ROWS_BETWEEN_CHECKS = 5000


class ExcelWriter(FormatWriter):
    """Writes <name>_SAM_HQ.xlsx row by row; what does not fit on a sheet goes on on the next.

    Texts are texts: a file name that begins with "=" is no formula. What could not be measured is an empty cell.
    """

    def __init__(self, to: Destination) -> None:
        super().__init__(to)
        self._openpyxl: Any = optional_library("openpyxl", package="openpyxl", purpose="Excel tables")
        self._columns = ObjectColumns.of(to.settings.export, is_sized=to.is_sized)
        self._path = to.of_run("_SAM_HQ.xlsx")
        self._images = 0

    def __enter__(self) -> ExcelWriter:
        """Begin the workbook; its sheets grow in temporary files."""
        self._book = self._openpyxl.Workbook(write_only=True)
        self._objects = _Sheets(self._openpyxl, self._book, "objects", self._columns.names)
        self._rows = _Sheets(self._openpyxl, self._book, "images", image_columns(is_sized=self.to.is_sized))
        return self

    def add(self, result: ImageResult) -> None:
        """Take in the rows of one image."""
        self._images += 1
        numbers = self._columns.numbers(result, image_number=self._images, monitor=self.to.monitor)
        path, page_name = result.record.path, result.record.page_name
        lists = [[float(str(v)) for v in c] if c.dtype == "float32" else c.tolist() for c in numbers.values()]
        for place, values in enumerate(zip(*lists, strict=True)):
            if place % _ROWS_BETWEEN_CHECKS == 0:
                self.to.monitor.check()
            self._objects.append((path, *values, page_name))
        self._rows.append(image_row(result, is_sized=self.to.is_sized))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the workbook, or after an error take its temporary files away."""
        if kind is not None:
            self._clean()
            return
        settings = _Sheets(self._openpyxl, self._book, "settings", ("setting", "value"))
        for row in self._settings():
            settings.append(row)
        try:
            written = write_file(self._path, self._book.save)
        except BaseException:
            self._clean()
            raise
        self.files.append(("tables", written, self._path))
        for sheets in (self._objects, self._rows):
            if sheets.count > 1:
                self.warnings.append(
                    f"{self._path.name}: a sheet of Excel holds {MOST_ROWS - 1:,} rows; the {sheets.title} go on on "
                    f"{sheets.count} sheets; for so many choose parquet or csv"
                )

    def _settings(self) -> Iterable[tuple[str, str]]:
        yield "samhq", __version__
        yield from ((f"model {key}", str(value)) for key, value in self.to.model.items())
        yield from settings_facts(self.to.settings).items()

    def _clean(self) -> None:
        for sheet in self._book.worksheets:
            # Some are complete already, others were never begun.
            with contextlib.suppress(Exception):
                sheet.close()
            with contextlib.suppress(Exception):
                sheet._writer.cleanup()


class _Sheets:
    """A table on as many sheets as it needs, each with a head that stays in sight."""

    def __init__(self, library: Any, book: Any, title: str, head: Sequence[str]) -> None:
        self.title = title
        self.count = 0
        self._library = library
        self._book = book
        self._head = head
        self._sheet: Any = None
        self._begin()

    def append(self, values: Iterable[Any]) -> None:
        """Write one row."""
        if self._rows == MOST_ROWS:
            self._begin()
        self._sheet.append([self._cell(value) for value in values])
        self._rows += 1

    def _begin(self) -> None:
        self.count += 1
        title = self.title if self.count == 1 else f"{self.title} ({self.count})"
        place = self._book.worksheets.index(self._sheet) + 1 if self.count > 1 else None
        self._sheet = self._book.create_sheet(title, place)
        self._sheet.freeze_panes = "A2"
        self._sheet.append([self._cell(name) for name in self._head])
        self._rows = 1

    def _cell(self, value: Any) -> Any:
        if isinstance(value, str):
            cell = self._library.cell.WriteOnlyCell(
                self._sheet, _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", value)[:_MOST_LETTERS]
            )
            cell.data_type = "s"  # otherwise "=" begins a formula
            return cell
        return None if value != value else value  # NaN
