"""The picture under the masks: sampled into the viewport from a pyramid, so that a paint costs what is seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PyQt6.QtGui import QImage

from samhq.gui.canvas_view import View

__all__ = ["Area", "Pyramid", "highlight", "image_area", "new_buffer", "preview", "sampled"]

Picture = npt.NDArray[np.uint8]

_SHARP = 2.0
"""From this many device pixels an image pixel is drawn as a square; below, neighbours are blended."""

_SMALLEST_LEVEL = 512
"""A level of the pyramid whose longer side is at most this is the last one."""


@dataclass(frozen=True, slots=True)
class Area:
    """Whole device pixels of the viewport: x0, y0 included, x1, y1 not."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Device pixels across."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Device pixels down."""
        return self.y1 - self.y0

    def meet(self, other: Area) -> Area | None:
        """What two areas share, None if nothing."""
        shared = Area(
            max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1)
        )
        return shared if shared.width > 0 and shared.height > 0 else None


def image_area(view: View) -> Area | None:
    """Where the image lies in the viewport, None if out of sight.

    At least one device pixel thick: a line of a million pixels is a line, not nothing.
    """
    right = max(view.left + 1, round(view.left + view.image_width * view.scale))
    bottom = max(view.top + 1, round(view.top + view.image_height * view.scale))
    return Area(view.left, view.top, right, bottom).meet(Area(0, 0, view.width, view.height))


def new_buffer(width: int, height: int, image_format: QImage.Format) -> tuple[QImage, Picture]:
    """A picture of Qt and its memory as an array, (height, width, channels) uint8, black and clear."""
    image = QImage(width, height, image_format)
    image.fill(0)
    pixels = image.bits()
    if pixels is None:
        raise MemoryError(f"no memory for a picture of {width} x {height} pixels")
    pixels.setsize(image.sizeInBytes())
    channels = image.depth() // 8
    memory: npt.NDArray[np.uint8] = np.asarray(pixels).view(np.uint8)
    rows = memory.reshape(height, image.bytesPerLine())
    return image, rows[:, : width * channels].reshape(height, width, channels)


def sampled(
    array: npt.NDArray[Any],
    view: View,
    area: Area,
    *,
    stride: int = 1,
    smooth: bool = False,
    out: npt.NDArray[Any] | None = None,
) -> npt.NDArray[Any]:
    """An array that covers the image, as seen in an area of the viewport.

    array: (h, w) or (h, w, c), of the image's size or of a level of its pyramid. stride: take only every so
    many values. smooth: blend neighbours instead of taking the nearest. Returns (area.height, area.width[, c]).
    """
    rows, columns = array.shape[:2]
    along_x = columns / view.image_width / view.scale
    along_y = rows / view.image_height / view.scale
    x0, x1 = _needed((area.x0 - view.left) * along_x, (area.x1 - view.left) * along_x, columns, stride)
    y0, y1 = _needed((area.y0 - view.top) * along_y, (area.y1 - view.top) * along_y, rows, stride)
    crop = np.ascontiguousarray(array[y0:y1:stride, x0:x1:stride])
    # From the middle of a device pixel to the middle of a value: OpenCV counts from the middle of the first.
    shift_x = ((area.x0 - view.left + 0.5) * along_x - x0 - 0.5) / stride
    shift_y = ((area.y0 - view.top + 0.5) * along_y - y0 - 0.5) / stride
    matrix = np.array([[along_x / stride, 0, shift_x], [0, along_y / stride, shift_y]])
    how = (cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
    size = (area.width, area.height)
    result: npt.NDArray[Any] = cv2.warpAffine(
        crop, matrix, size, dst=out, flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    return result


def _needed(first: float, last: float, length: int, stride: int) -> tuple[int, int]:
    """Values needed between two places, with neighbours to blend with; at least one."""
    start = min(max(math.floor(first) - stride, 0), length - 1)
    return start, max(min(math.ceil(last) + stride, length), start + 1)


class Pyramid:
    """A picture and its halves, quarters and so on.

    The smaller levels may be made by `extend` in another thread; until they are there, fewer values of a
    larger level stand in for them.
    """

    def __init__(self, rgb: Picture) -> None:
        """rgb: (h, w, 3) uint8; kept, not copied, if it is contiguous."""
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
            raise ValueError(f"picture of shape {rgb.shape} and {rgb.dtype}, expected (h, w, 3) uint8")
        self.levels = [np.ascontiguousarray(rgb)]

    @property
    def width(self) -> int:
        """Columns of the full picture."""
        return int(self.levels[0].shape[1])

    @property
    def height(self) -> int:
        """Rows of the full picture."""
        return int(self.levels[0].shape[0])

    def extend(self) -> bool:
        """Make the next smaller level. Returns False when the last one is there."""
        last = self.levels[-1]
        height, width = last.shape[:2]
        if max(height, width) <= _SMALLEST_LEVEL:
            return False
        half = ((width + 1) // 2, (height + 1) // 2)
        self.levels.append(np.asarray(cv2.resize(last, half, interpolation=cv2.INTER_AREA), dtype=np.uint8))
        return True

    def draw(self, view: View) -> tuple[QImage, Area] | None:
        """The picture as seen in a view, and where it stands in the viewport; None if out of sight."""
        area = image_area(view)
        if area is None:
            return None
        octave = max(0, math.floor(-math.log2(view.scale)))
        level = min(octave, len(self.levels) - 1)
        # What the level that is missing would have left out.
        stride = (
            2 ** (octave - level) if octave > level and max(self.levels[level].shape) > _SMALLEST_LEVEL else 1
        )
        image, pixels = new_buffer(area.width, area.height, QImage.Format.Format_RGB888)
        smooth = view.scale < _SHARP and view.scale != 1.0
        done = sampled(self.levels[level], view, area, stride=stride, smooth=smooth, out=pixels)
        if done is not pixels:
            pixels[:] = done
        return image, area


def highlight(
    level: npt.NDArray[np.uint16], view: View, lowest: int, highest: int, color: tuple[int, int, int, int]
) -> tuple[QImage, Area] | None:
    """The pixels whose gray level lies in a range, in colour, as seen in a view; None if out of sight.

    level: (h, w) of the image. lowest, highest: both included. color: as of an ARGB buffer, premultiplied.
    Where the image is shown smaller than it is, the colour is as strong as there are such pixels.
    """
    area = image_area(view)
    if area is None:
        return None
    # Up to two values a device pixel each way are looked at: enough to tell a few from many.
    stride = max(1, math.floor(0.5 / view.scale))
    finer = 2 if view.scale <= 0.5 else 1
    values = sampled(level, _finer(view, finer), _times(area, finer), stride=stride)
    chosen = np.asarray(cv2.inRange(values, lowest, highest), dtype=np.uint8)
    if finer > 1:
        chosen = np.asarray(cv2.resize(chosen, (area.width, area.height), interpolation=cv2.INTER_AREA))
    image, pixels = new_buffer(area.width, area.height, QImage.Format.Format_ARGB32_Premultiplied)
    for channel, value in enumerate(color):
        pixels[..., channel] = cv2.convertScaleAbs(chosen, alpha=value / 255)
    return image, area


def preview(
    mask: npt.NDArray[np.bool_],
    view: View,
    *,
    inside: tuple[int, int, int, int],
    edge: tuple[int, int, int, int],
    width: int,
) -> tuple[QImage, Area] | None:
    """A mask, (h, w) bool of the image's size, as seen in a view; None if out of sight.

    inside, edge: colours as of an ARGB buffer, premultiplied. width: device pixels of the edge.
    """
    area = image_area(view)
    if area is None:
        return None
    stride = max(1, math.floor(1 / view.scale))
    seen = sampled(mask.view(np.uint8), view, area, stride=stride)
    image, pixels = new_buffer(area.width, area.height, QImage.Format.Format_ARGB32_Premultiplied)
    numbers = pixels.view(np.uint32)[..., 0]
    brush = np.ones((2 * width + 1, 2 * width + 1), dtype=np.uint8)
    around = np.asarray(cv2.dilate(seen, brush)) > seen
    np.copyto(numbers, np.array(inside, np.uint8).view(np.uint32)[0], where=seen > 0)
    np.copyto(numbers, np.array(edge, np.uint8).view(np.uint32)[0], where=around)
    return image, area


def _finer(view: View, factor: int) -> View:
    if factor == 1:
        return view
    return replace(
        view,
        width=view.width * factor,
        height=view.height * factor,
        scale=view.scale * factor,
        x=float(view.left * factor),
        y=float(view.top * factor),
    )


def _times(area: Area, factor: int) -> Area:
    return Area(area.x0 * factor, area.y0 * factor, area.x1 * factor, area.y1 * factor)
