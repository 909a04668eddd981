"""The tables of a run under one filter: objects.csv, images.csv and the tab-separated data file.

All are written in one pass over the images and appear whole or not at all. Floats are written in the
shortest form that reads back as the same number, and nothing depends on time, machine or folder, so
equal results give equal bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from samhq import __version__
from samhq.export.columns import OBJECT_COLUMNS, Dialect, ObjectColumns
from samhq.export_settings import chosen_shapes
from samhq.files import AppearingFile, appearing_file
from samhq.filters import FilteredObjects, Rejection
from samhq.monitor import SILENT, Monitor
from samhq.results import ImageResult
from samhq.settings import PLACE_SETTINGS, Settings

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

__all__ = [
    "IMAGE_COLUMNS",
    "OBJECT_COLUMNS",
    "TableWriter",
    "data_file_name",
    "image_columns",
    "image_row",
    "images_frame",
    "objects_frame",
    "settings_facts",
]

_DROPPED = {
    "dropped_by_min_area": Rejection.AREA,
    "dropped_by_min_intensity": Rejection.INTENSITY,
    "dropped_by_min_ratio": Rejection.RATIO,
    "dropped_by_range": Rejection.RANGE,
    "dropped_by_overlap": Rejection.NO_PIXELS,
}
IMAGE_COLUMNS = (
    "image",
    "page",
    "page_name",
    "result",
    "reason",
    "objects_found",
    "objects_kept",
    "area_px",
    "intensity",
    "ratio",
    *_DROPPED,
    "overlap_fraction",
    "width",
    "height",
    "dtype",
    "bits",
    "scale",
    "black",
    "white",
    "pixel_size_um",
    "notes",
    "sha256",
)
# Between these, and at 0, Python and JSON write a number in the same way: without an exponent.
_LEAST_PLAIN, _PLAIN_FLOAT32, _PLAIN_FLOAT64 = 1e-3, 1e6, 1e15
_BOM = b"\xef\xbb\xbf"  # Excel takes a file without it for the local code page


def data_file_name(name: str) -> str:
    """Name of the tab-separated data file of an input."""
    tail = "_SAM_HQ_Numerical_Data.txt"
    return name.encode("utf-8")[: 250 - len(tail)].decode("utf-8", errors="ignore") + tail


class TableWriter:
    """Writes any of the three tables row by row; use it as a context manager.

    They appear under their names when the block ends without an error. `written` then holds, for each, the
    path that was asked for and the one that was written: a table that another program holds open is kept,
    and a new one with a number stands beside it. The export group of the settings chooses the columns of the objects.
    """

    def __init__(
        self,
        *,
        objects_csv: Path | None = None,
        images_csv: Path | None = None,
        data_file: Path | None = None,
        settings: Settings,
        model: Mapping[str, Any],
        is_sized: bool = False,
        monitor: Monitor = SILENT,
    ) -> None:
        """is_sized: whether areas stand in µm² too, see pixel_sizes."""
        self._columns = ObjectColumns.of(settings.export, is_sized=is_sized)
        self._monitor = monitor
        self._images = 0
        self._paths = {"objects": objects_csv, "images": images_csv, "data": data_file}
        self._header = _settings_lines(settings, model)
        self._stack = ExitStack()
        self._files: dict[str, AppearingFile] = {}
        self.written: list[tuple[Path, Path]] = []

    def __enter__(self) -> TableWriter:
        """Open the temporary files and write the heads."""
        for kind, path in self._paths.items():
            if path is not None:
                self._files[kind] = self._stack.enter_context(appearing_file(path))
        self._write("objects", _BOM + _csv_line(self._columns.names))
        self._write("images", _BOM + _csv_line(image_columns(is_sized=self._columns.is_sized)))
        self._write("data", self._header + _tab_line(self._columns.names))
        return self

    def __exit__(self, *error: Any) -> None:
        """Let the files appear, or vanish after an error."""
        self._stack.__exit__(*error)
        if error[0] is None:
            self.written = [(path, self._files[kind].written) for kind, path in self._paths.items() if path]

    def add(self, result: ImageResult) -> None:
        """Write the rows of one image."""
        self._images += 1
        rows = self._rows(result) if {"objects", "data"} & self._files.keys() else b""
        if rows:
            path, page_name = result.record.path, result.record.page_name
            if "objects" in self._files:
                self._write("objects", _body(rows, _csv_field(path), _csv_field(page_name), ",", "\r\n"))
            if "data" in self._files:
                self._write("data", _body(rows, _tab_field(path), _tab_field(page_name), "\t", "\n"))
        self._write("images", _csv_line(image_row(result, is_sized=self._columns.is_sized)))

    def _rows(self, result: ImageResult) -> bytes:
        numbers = self._columns.numbers(result, image_number=self._images, monitor=self._monitor)
        return _number_rows(list(numbers.values()))

    def _write(self, kind: str, data: bytes) -> None:
        file = self._files.get(kind)
        if file is not None:
            stream: IO[bytes] = file.stream
            stream.write(data)


def objects_frame(
    results: Iterable[ImageResult],
    *,
    shape: str = "none",
    columns: Dialect = "samhq",
    is_sized: bool = False,
) -> pd.DataFrame:
    """All kept objects, one row each; shape, columns: as in the export settings. Raises ValueError.

    is_sized: whether areas stand in µm² too.
    """
    import pandas as pd

    chosen = ObjectColumns(columns, chosen_shapes(shape), is_sized)
    parts = [_object_frame(result, chosen, number) for number, result in enumerate(results, start=1)]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(chosen.names))


def images_frame(results: Iterable[ImageResult], *, is_sized: bool = False) -> pd.DataFrame:
    """Every image, one row each, with image_columns. is_sized: whether areas stand in µm² too."""
    import pandas as pd

    rows = [image_row(result, is_sized=is_sized) for result in results]
    return pd.DataFrame(rows, columns=list(image_columns(is_sized=is_sized)))


# -------------------------------------------------------------------- rows


def _object_frame(result: ImageResult, columns: ObjectColumns, number: int) -> pd.DataFrame:
    import pandas as pd

    image, page_name = columns.names[0], columns.names[-1]
    frame = pd.DataFrame({image: result.record.path, **columns.numbers(result, image_number=number)})
    frame[page_name] = result.record.page_name
    return frame


def _number_rows(columns: Sequence[npt.NDArray[Any]]) -> bytes:
    """The kept objects without the image's name at the front and the page's at the end.

    Commas stand between fields and line feeds between rows, whatever the table.
    """
    if not len(columns[0]):
        return b""
    if all(_is_written_alike(values) for values in columns):
        return _json_rows(columns)
    texts = [_texts(values) for values in columns]
    return "\n".join(map(",".join, zip(*texts, strict=True))).encode("ascii")


def _is_written_alike(values: npt.NDArray[Any]) -> bool:
    """Whether JSON and Python write all these numbers the same way: without exponent, and none is missing."""
    if values.dtype.kind in "iu":
        return True
    highest = _PLAIN_FLOAT32 if values.dtype == np.float32 else _PLAIN_FLOAT64
    size = np.abs(values)
    return bool((((size >= _LEAST_PLAIN) & (size < highest)) | (size == 0)).all())


def _json_rows(columns: Sequence[npt.NDArray[Any]]) -> bytes:
    """The columns as rows, many times faster than with Python's own conversion.

    JSON asks for the same shortest texts that read back as the same numbers, and compiled code writes them.
    """
    lists = [(_shortest_decimals(v) if v.dtype == np.float32 else v).tolist() for v in columns]
    rows = _json_writer(tuple(v.dtype.kind for v in columns)).dump_json(list(zip(*lists, strict=True)))
    return rows[2:-2].replace(b"],[", b"\n")  # what stands inside "[[" and "]]"


@lru_cache(maxsize=4)
def _json_writer(kinds: tuple[str, ...]) -> TypeAdapter[Any]:
    types = tuple(float if kind == "f" else int for kind in kinds)
    return TypeAdapter(list[tuple[types]])  # type: ignore[valid-type]


def _shortest_decimals(values: npt.NDArray[np.float32]) -> FloatArray:
    """The float64 numbers whose shortest text is that of these float32: 0.88 instead of 0.879999995….

    values: (n,) below 10**6. Returns (n,) float64 that become the same float32 again.
    """
    exact = values.astype(np.float64)
    found = exact.copy()
    left = np.arange(len(values))
    # A float32 times 10**digits is exact in float64 up to 12 digits, so each is rounded only once.
    for digits in range(13):
        rounded = np.rint(exact[left] * 10.0**digits) / 10.0**digits
        is_same = rounded.astype(np.float32) == values[left]
        found[left[is_same]] = rounded[is_same]
        left = left[~is_same]
    return found


def _texts(values: npt.NDArray[Any]) -> list[str]:
    if values.dtype.kind in "iu":
        return [str(v) for v in values.tolist()]
    if values.dtype == np.float32:
        return [_float_text(v, str(np.float32(v))) for v in values]
    return [_float_text(v, repr(v)) for v in values.tolist()]


def _float_text(value: float, text: str) -> str:
    return "" if value != value else text


def image_columns(*, is_sized: bool) -> tuple[str, ...]:
    """The columns of the images. is_sized: whether areas stand in µm² too."""
    return (*IMAGE_COLUMNS, "area_um2") if is_sized else IMAGE_COLUMNS


def image_row(result: ImageResult, *, is_sized: bool = False) -> list[Any]:
    """One image with the values of image_columns; None where there is none."""
    areas = [_area_um2(result)] if is_sized else []
    return [*_image_values(result), *areas]


def _image_values(result: ImageResult) -> list[Any]:
    record, filtered = result.record, result.filtered
    keep = filtered.keep
    area = int(filtered.area[keep].sum())
    intensity = float(filtered.intensity[keep].sum())
    measured = record.status == "done"
    # A failed image may still carry what an earlier start measured; that is not its result now.
    record = record if measured else replace(record, overlap_fraction=0.0, dtype="", scale_kind="", notes=())
    row: dict[str, Any] = {
        "image": record.path,
        "page": record.page,
        "page_name": record.page_name,
        "result": str(result.outcome),
        "reason": result.reason,
        "objects_found": len(keep),
        "objects_kept": int(keep.sum()),
        "area_px": area,
        "intensity": intensity,
        "ratio": intensity / area if area else None,
        **_dropped(filtered),
        "overlap_fraction": record.overlap_fraction,
        "width": record.width if measured else None,
        "height": record.height if measured else None,
        "dtype": record.dtype,
        "bits": record.bits if measured else None,
        "scale": record.scale_kind,
        "black": record.black if measured else None,
        "white": record.white if measured else None,
        "pixel_size_um": record.pixel_size_um,
        "notes": "; ".join(record.notes),
        "sha256": record.file_sha256,
    }
    return [row[name] for name in IMAGE_COLUMNS]


def _area_um2(result: ImageResult) -> float | None:
    """Area of all kept objects of an image in µm², None where its pixel size is not known."""
    edge = result.record.pixel_size_um
    if edge is None or result.record.status != "done":
        return None
    return int(result.filtered.area[result.filtered.keep].sum()) * edge**2


def _dropped(filtered: FilteredObjects) -> dict[str, int]:
    return {name: int(np.count_nonzero(filtered.rejection & flag)) for name, flag in _DROPPED.items()}


# -------------------------------------------------------------------- text


def _body(rows: bytes, name: str, page_name: str, mark: str, end: str) -> bytes:
    """Rows, see _number_rows, between the name of their image and that of their page."""
    front, back = f"{name}{mark}".encode(), f"{mark}{page_name}{end}".encode()
    marked = rows if mark == "," else rows.replace(b",", mark.encode())
    return front + marked.replace(b"\n", back + front) + back


def _csv_line(values: Iterable[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(["" if v is None else v for v in values])
    return text.getvalue().encode("utf-8")


def _csv_field(text: str) -> str:
    if set(text) & set(',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _tab_line(values: Iterable[str]) -> bytes:
    return ("\t".join(values) + "\n").encode("utf-8")


def _tab_field(text: str) -> str:
    for plain, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, written)
    # A row must not look like one of the comments at the head.
    return f"\\x23{text[1:]}" if text.startswith("#") else text


def settings_facts(settings: Settings) -> dict[str, str]:
    """What decides the numbers of a table, as "group.name" to JSON, without what differs from machine to machine."""
    plain, facts = settings.to_dict(), {}
    for group in ("filter", "segmentation", "image"):
        for name, value in plain[group].items():
            # The model is noted beside these; its path would differ from machine to machine. Choices of planes stand
            # here only where they were made.
            unmade = group == "image" and value is None and name in (*PLACE_SETTINGS, "channel_shown")
            if name != "model" and not unmade:
                facts[f"{group}.{name}"] = json.dumps(value, ensure_ascii=False)
    return facts


def _settings_lines(settings: Settings, model: Mapping[str, Any]) -> bytes:
    """The settings as '#' lines for the head of the data file."""
    lines = [f"samhq {__version__}", f"model {model['name']} sha256 {model['sha256']}"]
    lines += [f"{name} = {value}" for name, value in settings_facts(settings).items()]
    return "".join(f"# {line}\n" for line in lines).encode("utf-8")
