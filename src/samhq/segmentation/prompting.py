"""Which prompts a crop is asked with where that is not simply all points of the grid.

adaptive: coarse points first; a finer one only where no accepted mask lies yet.
dark-guided: only points with dark pixels in their cell of the grid.
discovered: another model has found the objects; each is asked for by its box and its innermost point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from samhq.filters import aggregation_of_levels
from samhq.masks import MaskTable
from samhq.monitor import Event, Monitor
from samhq.segmentation.grids import Crop
from samhq.settings import SegmentationSettings

__all__ = [
    "CropPrompts",
    "SearchMonitor",
    "coarse_to_fine",
    "covered",
    "dark_pixels",
    "finder_settings",
    "has_dark_cell",
    "prompts_at",
]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_COARSER = 4  # The first round has a point in every 4th row and column of the grid.
_LARGEST_COVER = 1 / 8  # Part of a crop above which a mask may be ground with objects on it.
_FOUND_BY = ("points_per_side", "point_grids", "crop_n_layers", "crop_nms_thresh", "crop_overlap_ratio",
             "crop_n_points_downscale_factor")  # fmt: skip


@dataclass(frozen=True, slots=True)
class CropPrompts:
    """What one crop is asked, in its pixels.

    points: (n, 2) x, y inside the objects. boxes: (n, 4) xyxy around them, last row and column inside; None if
    only points are given.
    """

    points: FloatArray
    boxes: FloatArray | None = None

    def __len__(self) -> int:
        """Number of masks asked for."""
        return len(self.points)

    def __getitem__(self, chosen: slice | BoolArray | IntArray) -> CropPrompts:
        """Some of the prompts."""
        return CropPrompts(self.points[chosen], None if self.boxes is None else self.boxes[chosen])


# ------------------------------------------------------------------- adaptive


def coarse_to_fine(points: FloatArray) -> list[IntArray]:
    """The order in which points are asked: rounds of their indices, each finer than the one before.

    points: (n, 2) in the unit square, on a grid or anywhere. A round adds the point next to the middle of every
    cell of a checkerboard, first of its black fields, then of its white ones; the next checkerboard has twice as
    many fields along a side. Every point is in exactly one round.
    """
    left = np.ones(len(points), dtype=np.bool_)
    finest = math.isqrt(len(points))
    side = max(1, finest // _COARSER)
    nearest = _nearest_of_cells(points, side)
    left[nearest] = False
    rounds = [np.sort(nearest)]
    while (side := 2 * side) <= finest:
        nearest = _nearest_of_cells(points, side, without=~left)
        column, row = _cells(points[nearest], side).T
        for parity in (0, 1):
            chosen = nearest[(column + row) % 2 == parity]
            left[chosen] = False
            rounds.append(np.sort(chosen))
    rounds.append(np.flatnonzero(left))
    return [chosen for chosen in rounds if len(chosen)]


def _cells(points: FloatArray, side: int) -> IntArray:
    """Column and row of the field of a side x side checkerboard that each point lies in, (n, 2)."""
    return np.clip((points * side).astype(np.int64), 0, side - 1)


def _nearest_of_cells(points: FloatArray, side: int, *, without: BoolArray | None = None) -> IntArray:
    """The point next to the middle of each field; none for fields without points or with one of `without`."""
    cells = _cells(points, side)
    number = cells[:, 1] * side + cells[:, 0]
    # Rounded, so that of points that lie alike the first is taken on every machine.
    distance = np.linalg.norm(points * side - cells - 0.5, axis=1).round(9)
    order = np.lexsort((distance, number))
    _, first = np.unique(number[order], return_index=True)
    nearest: IntArray = order[first]
    if without is not None:
        nearest = nearest[~np.isin(number[nearest], number[without])]
    return nearest


def covered(points: FloatArray, masks: MaskTable, crop: Crop) -> BoolArray:
    """Which points of a crop lie in a mask, (n,).

    points: (n, 2) in pixels of the crop. masks: found in it, in pixels of the image. Masks larger than 1/8 of the
    crop do not count: they may be the ground, or a heap of objects.
    """
    pixels = np.zeros((crop.height, crop.width), dtype=np.bool_)
    for i in np.flatnonzero(masks.areas() <= _LARGEST_COVER * pixels.size):
        x0, y0, x1, y1 = masks.boxes[i] - np.array([crop.x0, crop.y0] * 2)
        pixels[y0:y1, x0:x1] |= masks.crop(int(i))
    columns, rows = np.clip(points.astype(np.int64), 0, np.array([crop.width - 1, crop.height - 1])).T
    held: BoolArray = pixels[rows, columns]
    return held


# ---------------------------------------------------------------- dark-guided


def dark_pixels(image: npt.NDArray[np.uint8], settings: SegmentationSettings) -> BoolArray:
    """Where a picture is dark enough for a prompt.

    image: (h, w, 3) uint8 RGB as the network sees it. Returns (h, w): aggregation of at least
    prompt_min_aggregation, or the darker class of Otsu's threshold where that is None; with prompt_polarity
    "bright" of the inverted picture. Otsu's threshold of a picture of one gray level finds nothing.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    grays = np.arange(256)
    if settings.prompt_min_aggregation is not None:
        aggregation = aggregation_of_levels(settings.prompt_polarity)[257 * grays]
        is_dark = aggregation >= settings.prompt_min_aggregation
    elif gray.min() == gray.max():
        is_dark = np.zeros(256, dtype=np.bool_)
    else:
        cut, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        is_dark = grays > cut if settings.prompt_polarity == "bright" else grays <= cut
    dark: BoolArray = is_dark[gray]
    return dark


def has_dark_cell(dark: BoolArray, points: FloatArray) -> BoolArray:
    """Which points have a dark pixel in their cell, (n,).

    dark: (h, w), of a crop. points: (n, 2) in its unit square. The cell of one of n points is the n-th part of
    the crop with the point in its middle: on a grid, its field of the checkerboard.
    """
    height, width = dark.shape
    half = 0.5 / math.sqrt(len(points))
    # Rounded: the sides of a cell that fall on those of a pixel shall not reach into the next one.
    size = np.array([width, height])
    start = np.clip(np.floor(((points - half) * size).round(6)).astype(np.int64), 0, size - 1)
    stop = np.clip(np.ceil(((points + half) * size).round(6)).astype(np.int64), start + 1, size)
    (x0, y0), (x1, y1) = start.T, stop.T
    total = cv2.integral(dark.astype(np.uint8))
    found: BoolArray = total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0] > 0
    return found


# ----------------------------------------------------------------- discovered


def finder_settings(
    settings: SegmentationSettings, recommended: dict[str, object], *, model: str = "starter"
) -> SegmentationSettings:
    """How the finder looks for objects: with the points and crops of settings and its own recommended thresholds."""
    taken = {name: getattr(settings, name) for name in _FOUND_BY}
    return SegmentationSettings(model=model, **taken).with_recommended(recommended)


def prompts_at(found: MaskTable, crops: Sequence[Crop]) -> list[CropPrompts]:
    """For every crop the objects that were found in it, each as its box and its innermost point.

    Objects of a crop that is not among crops are asked for in the first one.
    """
    places = {crop.box: number for number, crop in enumerate(crops)}
    crop_of = np.array([places.get(tuple(box), 0) for box in found.crop_boxes.tolist()], dtype=np.int64)
    inner = np.array([_innermost(found, i) for i in range(len(found))]).reshape(-1, 2)
    boxes = found.boxes.astype(np.float64) - np.array([0, 0, 1, 1])
    prompts = []
    for number, crop in enumerate(crops):
        here = crop_of == number
        corner = np.array([crop.x0, crop.y0], dtype=np.float64)
        prompts.append(CropPrompts(inner[here] - corner, boxes[here] - np.tile(corner, 2)))
    return prompts


def _innermost(found: MaskTable, index: int) -> tuple[float, float]:
    """x, y of the pixel of a mask that is farthest from its edge."""
    x0, y0 = found.boxes[index, :2]
    inside = np.pad(found.crop(index).astype(np.uint8), 1)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    row, column = np.unravel_index(int(distance.argmax()), distance.shape)
    return float(x0 + column - 1), float(y0 + row - 1)


class SearchMonitor:
    """Passes on how far the finder is, as the first half of the work; its objects are not yet drawn.

    parts: what the finder takes, once it has told.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self.parts = 0

    def report(self, event: Event) -> None:
        """Tell it with twice the parts and no objects."""
        self.parts = max(self.parts, event.parts)
        self._monitor.report(replace(event, parts=2 * event.parts, objects=0))

    def check(self) -> None:
        """Raise Cancelled if the work should stop."""
        self._monitor.check()
