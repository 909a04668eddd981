"""What this room hands on (Image, LevelScale) and what its decoders hand to each other (Stored)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samhq.errors import ImageReadError

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Image", "LevelScale", "Stored", "check_size"]

MAX_PIXELS = 2**31
"""Largest image that is read; a header that claims more is damaged or hostile."""

MAX_BYTES = 2**34
"""Largest decoded page in bytes, all samples counted."""


@dataclass(frozen=True, slots=True)
class LevelScale:
    """How stored values became gray levels.

    kind: "dtype" (range of the data type), "bits" (fewer significant bits, as the file states),
        "fixed" or "percentile".
    black, white: stored value that became level 0 and level 65535. black is above white where the
        file says that its minimum is white (TIFF MinIsWhite).
    """

    kind: str
    black: float
    white: float


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One picture to analyse, with what was measured and what the network sees.

    level: (height, width) uint16, measured gray level, 0 black point .. 65535 white point.
    rgb: (height, width, 3) uint8, the network's input; never measured.
    page, pages: 1-based page and the number of pages of the file.
    page_name: name of the page from OME, ImageJ or the PageName tag, or "".
    dtype: stored data type, e.g. "uint8", "float32", "bool".
    bits: significant bits per sample.
    mode: "gray", "gray+alpha", "rgb", "rgb+alpha", "palette", "palette+alpha", "cmyk" or "ycbcr".
    scale: how stored values became levels.
    pixel_size_um: edge of a pixel in micrometres where the file states it in earnest, else None.
    notes: what a careful user would want to know, one sentence each.
    """

    level: NDArray[np.uint16]
    rgb: NDArray[np.uint8]
    page: int
    pages: int
    page_name: str
    dtype: str
    bits: int
    mode: str
    scale: LevelScale
    pixel_size_um: float | None
    notes: tuple[str, ...]

    @property
    def height(self) -> int:
        """Rows of the picture in pixels."""
        return int(self.level.shape[0])

    @property
    def width(self) -> int:
        """Columns of the picture in pixels."""
        return int(self.level.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A decoded page before anything is measured.

    values: (height, width) or (height, width, 3) in RGB order, native byte order, as stored.
    alpha: (height, width) of the same type, or None; premultiplied: values already carry it.
    bits: significant bits per sample. stated_bits: fewer bits that the metadata claims, or None.
    min_is_white: the smallest value is the brightest.
    orientation: EXIF orientation 1..8 still to be applied.
    """

    values: NDArray[Any]
    bits: int
    mode: str
    alpha: NDArray[Any] | None = None
    premultiplied: bool = False
    stated_bits: int | None = None
    min_is_white: bool = False
    orientation: int = 1
    page: int = 1
    pages: int = 1
    page_name: str = ""
    pixel_size_um: float | None = None
    notes: tuple[str, ...] = ()


def check_size(name: str, *, width: int, height: int, sample_bytes: int, limit: int = MAX_PIXELS) -> None:
    """Refuse a picture by its header, before memory is taken for it.

    sample_bytes: bytes of one decoded pixel, all samples counted.
    Raises ImageReadError naming the size.
    """
    if width < 1 or height < 1:
        raise ImageReadError(f"{name}: has no pixels ({width} x {height}); the file is damaged")
    pixels = width * height
    if pixels > limit or pixels * sample_bytes > MAX_BYTES:
        raise ImageReadError(
            f"{name}: claims {width:,} x {height:,} pixels ({pixels * sample_bytes / 2**30:,.1f} GiB), more than "
            f"the {limit:,} pixels or {MAX_BYTES / 2**30:.0f} GiB that are read; cut it into parts, or replace the "
            "file if it is not that large"
        )
