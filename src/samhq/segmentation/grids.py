"""Where the generator prompts: point grids, and the crops of large images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from samhq.settings import SegmentationSettings

__all__ = ["Crop", "crops_of", "layer_points", "point_grid", "workload"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crop:
    """One part of an image that is segmented on its own: half-open box in pixels, and its layer."""

    x0: int
    y0: int
    x1: int
    y1: int
    layer: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Half-open xyxy."""
        return self.x0, self.y0, self.x1, self.y1


def point_grid(per_side: int) -> FloatArray:
    """Evenly spaced points in the unit square, (per_side^2, 2) x, y, row by row from the top left.

    Every point is the middle of one cell of a per_side x per_side checkerboard.
    """
    margin = 1 / (2 * per_side)
    side = np.linspace(margin, 1 - margin, per_side)
    return np.stack([np.tile(side, per_side), np.repeat(side, per_side)], axis=1)


def layer_points(settings: SegmentationSettings) -> list[FloatArray]:
    """The points of every crop layer in the unit square, one (n, 2) array for each layer from 0."""
    layers = range(settings.crop_n_layers + 1)
    if settings.point_grids is not None:
        return [np.asarray(settings.point_grids[i], dtype=np.float64).reshape(-1, 2) for i in layers]
    side, factor = settings.points_per_side or 0, settings.crop_n_points_downscale_factor
    return [point_grid(int(side / factor**i)) for i in layers]


def workload(settings: SegmentationSettings, *, height: int, width: int) -> tuple[int, int]:
    """How often an image of this size is encoded, and how many prompts are drawn in all, at the most.

    With prompts "discovered" the prompts are those of the finder.
    """
    crops = crops_of(
        height=height,
        width=width,
        layers=settings.crop_n_layers,
        overlap_ratio=settings.crop_overlap_ratio,
    )
    points = layer_points(settings)
    models = 2 if settings.prompts == "discovered" else 1
    return models * len(crops), sum(len(points[crop.layer]) for crop in crops)


def crops_of(*, height: int, width: int, layers: int, overlap_ratio: float) -> list[Crop]:
    """The whole image, then 2^i x 2^i overlapping crops for every layer i, column by column.

    overlap_ratio: overlap in layer 1 as a part of the shorter side; halved with every layer.
    Crops that would hold no pixel (of an image a few pixels wide) are left out.
    """
    crops = [Crop(0, 0, width, height, 0)]
    for layer in range(1, layers + 1):
        per_side = 2**layer
        overlap = int(overlap_ratio * min(height, width) * (2 / per_side))
        crop_w = _crop_length(width, per_side, overlap)
        crop_h = _crop_length(height, per_side, overlap)
        lefts = [(crop_w - overlap) * i for i in range(per_side)]
        tops = [(crop_h - overlap) * i for i in range(per_side)]
        layer_crops = (
            Crop(x0, y0, min(x0 + crop_w, width), min(y0 + crop_h, height), layer)
            for x0, y0 in product(lefts, tops)
        )
        crops += [c for c in layer_crops if c.width > 0 and c.height > 0]
    return crops


def _crop_length(length: int, count: int, overlap: int) -> int:
    return math.ceil((overlap * (count - 1) + length) / count)
