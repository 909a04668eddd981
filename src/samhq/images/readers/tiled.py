"""TIFF with its pyramid: OME-TIFF, ImageJ hyperstacks, SVS and other slides, through tifffile.

What is measured is read by samhq.images.tiff, which checks every strip; this reader is for parts and smaller
levels of pictures that are too large for that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samhq.errors import ImageReadError
from samhq.files import long_path
from samhq.images.readers.model import Box, OpenedReader, PlaneAt, Scene, checked
from samhq.images.tiff_pages import Plane, open_tiff, pixel_size_um, plan_tiff

__all__ = ["TiledReader"]


class TiledReader(OpenedReader):
    """One TIFF. Planes without a place in it (see TiffPlan) are scenes of their own, in the order of the pages."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._stream = long_path(path).open("rb")
        try:
            self._tif = open_tiff(self._stream)
            self._plan = plan_tiff(self._tif, self._stream, path.name)
            placed = all(plane.at is not None for plane in self._plan.planes)
            self._planes = {
                (plane.at if placed and plane.at is not None else PlaneAt(scene=number)): plane
                for number, plane in enumerate(self._plan.planes)
            }
            self._levels = self._level_pages()
            self._scenes = tuple(self._describe())
        except BaseException:
            self.close()
            raise

    def read(self, at: PlaneAt, *, level: int = 0, region: Box | None = None) -> NDArray[Any]:
        """Pixels of one plane; see Reader. Only the strips and tiles that the region meets are decoded."""
        _, box = checked(self._scenes, at, level=level, region=region, name=self._name)
        plane = self._planes.get(at)
        if plane is None:
            raise ImageReadError(f"{self._name}: there is no plane {at.tag}; choose one that the file has")
        page = self._pages(plane)[level]
        values = self._from_offset(page, plane, box) if plane.offset is not None else self._region(page, box)
        values = values if plane.sample is None else values[..., plane.sample]
        if values.ndim == 3:
            values = values[..., 0] if values.shape[2] < 3 else values[..., :3]
        return np.ascontiguousarray(values)

    def notes(self, at: PlaneAt) -> tuple[str, ...]:
        """What the list of pages lets doubt."""
        return self._plan.notes

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _level_pages(self) -> dict[int, list[Any]]:
        """By index of its directory, the smaller levels of each page."""
        found: dict[int, list[Any]] = {}
        for series in self._tif.series:
            first, *others = series.levels
            for place, page in enumerate(first.pages):
                if page is None or not isinstance(page.index, int):
                    continue
                smaller = [level.pages[place] for level in others if place < len(level.pages)]
                found.setdefault(page.index, [p for p in smaller if p is not None])
        return found

    def _pages(self, plane: Plane) -> list[Any]:
        whole = _as_page(self._tif.pages[plane.page])
        smaller = [_as_page(page) for page in self._levels.get(plane.page, [])]
        # A broken pyramid must not pass for a picture of the same thing.
        fitting = [
            p for p in smaller if p.imagewidth < whole.imagewidth and p.imagelength < whole.imagelength
        ]
        return [whole, *(fitting if len(fitting) == len(smaller) else [])]

    def _describe(self) -> Iterator[Scene]:
        for number in range(1 + max(at.scene for at in self._planes)):
            here = {at: plane for at, plane in self._planes.items() if at.scene == number}
            first = here[min(here)]
            pages = self._pages(first)
            count = 1 + max(at.channel for at in here)
            own = first.name if first.at is None else ""
            name, names = self._plan.scenes[number] if number < len(self._plan.scenes) else (own, ())
            yield Scene(
                name=name,
                width=int(pages[0].imagewidth),
                height=int(pages[0].imagelength),
                channels=tuple((*names, *([""] * count))[:count]),
                dtypes=(np.dtype(pages[0].dtype).name,) * count,
                bits=self._plan.significant_bits.get(first.page, 0),
                z=1 + max(at.z for at in here),
                t=1 + max(at.t for at in here),
                is_color=first.sample is None and int(pages[0].samplesperpixel) >= 3,
                pixel_size_um=self._plan.pixel_sizes_um.get(first.page) or pixel_size_um(self._tif, pages[0]),
                levels=tuple((int(page.imagewidth), int(page.imagelength)) for page in pages),
            )

    def _from_offset(self, page: Any, plane: Plane, box: Box) -> NDArray[Any]:
        """A plane of a stack that follows a single directory, which is never compressed."""
        x0, y0, x1, y1 = box
        stored = np.dtype(page.dtype).newbyteorder(self._tif.byteorder)
        row = int(page.nbytes) // int(page.imagelength)
        self._stream.seek((plane.offset or 0) + y0 * row)
        data = self._stream.read((y1 - y0) * row)
        if len(data) < (y1 - y0) * row:
            raise ImageReadError(f"{self._name}: ends in the middle; copy it again")
        rows = np.frombuffer(data, stored).reshape(y1 - y0, int(page.imagewidth), -1)[:, x0:x1]
        return rows.astype(rows.dtype.newbyteorder("="))

    def _region(self, page: Any, box: Box) -> NDArray[Any]:
        """(h, w, samples) of a region, from the strips or tiles it meets."""
        if int(page.imagedepth) > 1:
            raise ImageReadError(f"{self._name}: regions of volumes are not read; save its slices as pages")
        separate = int(page.samplesperpixel) if int(page.planarconfig) == 2 else 1
        together = int(page.samplesperpixel) // separate
        x0, y0, x1, y1 = box
        result = np.zeros((y1 - y0, x1 - x0, separate * together), page.dtype)
        for index, (s, y, x) in _segments(page, box, separate=separate):
            part = self._segment(page, index)
            top, left = max(y, y0), max(x, x0)
            bottom, right = min(y + part.shape[0], y1), min(x + part.shape[1], x1)
            target = result[top - y0 : bottom - y0, left - x0 : right - x0, s * together : (s + 1) * together]
            target[:] = part[top - y : bottom - y, left - x : right - x]
        return result

    def _segment(self, page: Any, index: int) -> NDArray[Any]:
        """One strip or tile, (rows, columns, samples)."""
        offset, length = page.dataoffsets[index], page.databytecounts[index]
        if not offset or not length:
            raise ImageReadError(f"{self._name}: a strip or tile is empty; save it again")
        self._stream.seek(offset)
        data = self._stream.read(length)
        if len(data) < length:
            raise ImageReadError(
                f"{self._name}: ends in the middle: a strip or tile lies behind its end; copy it again"
            )
        segment, _, shape = page.decode(data, index, jpegtables=page.jpegtables, jpegheader=page.jpegheader)
        if segment is None:
            raise ImageReadError(f"{self._name}: a strip or tile is damaged; copy it again")
        _, rows, columns, _ = shape
        return np.asarray(segment[0, :rows, :columns])


def _as_page(page: Any) -> Any:
    """The library gives pages that are like the first one in a shorter form, without their size."""
    return page.aspage() if hasattr(page, "aspage") else page


def _segments(page: Any, box: Box, *, separate: int) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """(index of a strip or tile, (separate sample, row, column) of its corner) for all that a region meets."""
    height = int(page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength))
    width = int(page.tilewidth if page.is_tiled else page.imagewidth)
    down, across = math.ceil(page.imagelength / height), math.ceil(page.imagewidth / width)
    x0, y0, x1, y1 = box
    for s in range(separate):
        for row in range(y0 // height, math.ceil(y1 / height)):
            for column in range(x0 // width, math.ceil(x1 / width)):
                yield (s * down + row) * across + column, (s, row * height, column * width)
