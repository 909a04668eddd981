"""Masks of one image as a struct of arrays: boxes, scores and run-length encoding.

Masks are kept as COCO run lengths: pixels in column-major order (down each column, columns left to
right), runs alternate background, object, background, ..., the first run is background and may be 0.
Source: the RLE of the COCO API, https://github.com/cocodataset/cocoapi
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["MaskTable", "box_iou", "crop_from_runs", "runs_from_crop"]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def runs_from_crop(crop: BoolArray, *, x0: int, y0: int, height: int, width: int) -> npt.NDArray[np.uint32]:
    """Run lengths, over a whole image, of a mask known inside one rectangle.

    crop: (h, w) bool, its upper left pixel at (x0, y0) of an image of height x width; the mask is
    empty outside it.
    Returns (k,) uint32 run lengths in column-major order, beginning with background. They sum to
    height * width.
    Raises ValueError if the rectangle leaves the image.
    """
    h, w = crop.shape
    if x0 < 0 or y0 < 0 or x0 + w > width or y0 + h > height:
        raise ValueError(f"crop {w}x{h} at ({x0}, {y0}) leaves the image {width}x{height}")
    if h == height:  # runs go on in the next column
        flips = _flips(np.ascontiguousarray(crop.T).ravel())
        shift: int | npt.NDArray[np.int64] = x0 * height
    else:
        # A background pixel below every column keeps the runs of neighbouring columns apart.
        padded = np.zeros((w, h + 1), dtype=np.bool_)
        padded[:, :-1] = crop.T
        flips = _flips(padded.ravel())
        shift = x0 * height + y0 + (flips // (h + 1)) * (height - h - 1)
    bounds = np.concatenate(([0], flips + shift, [height * width]))
    runs = np.diff(bounds)
    if len(runs) > 1 and runs[-1] == 0:
        runs = runs[:-1]
    return runs.astype(np.uint32)


def _flips(pixels: BoolArray) -> npt.NDArray[np.int64]:
    """Where (n,) pixels change, as if background came before and after them: an even number of places."""
    inside = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    first = np.flatnonzero(pixels[:1])
    last = len(pixels) + np.flatnonzero(pixels[-1:])
    return np.concatenate((first, inside, last))


def crop_from_runs(
    runs: npt.NDArray[np.integer], *, box: Sequence[int] | npt.NDArray[np.integer], height: int
) -> BoolArray:
    """The part of a run-length encoded mask inside a box.

    runs: (k,) run lengths of an image with the given height.
    box: half-open (x0, y0, x1, y1) that contains the whole mask.
    Returns (y1 - y0, x1 - x0) bool.
    """
    x0, y0, x1, y1 = (int(v) for v in box)
    bounds = np.cumsum(np.asarray(runs, dtype=np.int64))
    starts, stops = bounds[0:-1:2], bounds[1::2]
    if y0 > 0 or y1 < height:
        # No run goes on in the next column, so that only the rows of the box are painted. A row more
        # in each column keeps a stop apart from the start in the next column.
        h = y1 - y0 + 1
        column = starts // height
        shift = column * (h - height) - x0 * h - y0
        starts, stops = starts + shift, stops + shift
    else:
        h = height
        starts, stops = starts - x0 * h, stops - x0 * h
    columns = np.zeros((x1 - x0) * h + 1, dtype=np.int8)
    # Runs never overlap and never touch, so every flip is at a place of its own.
    columns[starts] = 1
    columns[stops] -= 1
    filled = np.cumsum(columns[:-1], dtype=np.int8).reshape(x1 - x0, h)
    return np.ascontiguousarray(filled.T[: y1 - y0]).astype(np.bool_)


def box_iou(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Intersection over union of half-open boxes.

    first: (n, 4), second: (m, 4) xyxy. Returns (n, m) float64; 0 where both are empty.
    """
    a = first.astype(np.float64)[:, None]
    b = second.astype(np.float64)[None, :]
    overlap = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None)
    inter = overlap[..., 0] * overlap[..., 1]
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    union = area_a + area_b - inter
    result: npt.NDArray[np.float64] = np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)
    return result


@dataclass(frozen=True, slots=True)
class MaskTable:
    """All masks of one image.

    height, width: the image in pixels.
    boxes: (n, 4) int32, half-open xyxy around each mask.
    predicted_iou, stability_score: (n,) float32 in about [0, 1].
    points: (n, 2) float64, x and y of the prompt in image pixels.
    crop_boxes: (n, 4) int32, half-open xyxy of the crop that was segmented.
    runs: (sum of k,) uint32, the run lengths of all masks one after the other.
    offsets: (n + 1,) int64; mask i has runs[offsets[i]:offsets[i + 1]].
    """

    height: int
    width: int
    boxes: npt.NDArray[np.int32]
    predicted_iou: npt.NDArray[np.float32]
    stability_score: npt.NDArray[np.float32]
    points: npt.NDArray[np.float64]
    crop_boxes: npt.NDArray[np.int32]
    runs: npt.NDArray[np.uint32]
    offsets: IntArray

    def __post_init__(self) -> None:
        n = len(self.boxes)
        shapes = {
            "boxes": (self.boxes.shape, (n, 4)),
            "predicted_iou": (self.predicted_iou.shape, (n,)),
            "stability_score": (self.stability_score.shape, (n,)),
            "points": (self.points.shape, (n, 2)),
            "crop_boxes": (self.crop_boxes.shape, (n, 4)),
            "offsets": (self.offsets.shape, (n + 1,)),
        }
        for name, (actual, expected) in shapes.items():
            if actual != expected:
                raise ValueError(f"MaskTable.{name} has shape {actual}, expected {expected}")

    @classmethod
    def empty(cls, *, height: int, width: int) -> MaskTable:
        """A table without masks for an image of this size."""
        return cls.from_runs([], height=height, width=width)

    @classmethod
    def from_runs(
        cls,
        runs: Sequence[npt.NDArray[np.integer]],
        *,
        height: int,
        width: int,
        boxes: npt.ArrayLike | None = None,
        predicted_iou: npt.ArrayLike | None = None,
        stability_score: npt.ArrayLike | None = None,
        points: npt.ArrayLike | None = None,
        crop_boxes: npt.ArrayLike | None = None,
    ) -> MaskTable:
        """Build a table from one run-length array per mask.

        What is not given is filled in: boxes from the runs, scores with 1, points with the middle
        of the box, crop boxes with the whole image.
        """
        n = len(runs)
        lengths = np.fromiter((len(r) for r in runs), dtype=np.int64, count=n)
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        flat = np.concatenate([np.asarray(r, dtype=np.uint32) for r in runs]) if n else np.zeros(0, np.uint32)
        box_array = (
            np.array([_box_of_runs(r, height) for r in runs], dtype=np.int32).reshape(n, 4)
            if boxes is None
            else np.asarray(boxes, dtype=np.int32).reshape(n, 4)
        )
        middle = (box_array[:, :2] + box_array[:, 2:] - 1) / 2
        whole = np.tile(np.array([0, 0, width, height], dtype=np.int32), (n, 1))
        return cls(
            height=height,
            width=width,
            boxes=box_array,
            predicted_iou=_column(predicted_iou, n),
            stability_score=_column(stability_score, n),
            points=middle if points is None else np.asarray(points, dtype=np.float64).reshape(n, 2),
            crop_boxes=whole if crop_boxes is None else np.asarray(crop_boxes, dtype=np.int32).reshape(n, 4),
            runs=flat,
            offsets=offsets,
        )

    @classmethod
    def from_labels(cls, labels: npt.NDArray[np.integer]) -> MaskTable:
        """One mask per label of a label image.

        labels: (h, w) integers, 0 background. Masks come in ascending order of label.
        """
        height, width = labels.shape
        runs = []
        for label in np.unique(labels[labels > 0]):
            mask = labels == label
            runs.append(runs_from_crop(mask, x0=0, y0=0, height=height, width=width))
        return cls.from_runs(runs, height=height, width=width)

    def __len__(self) -> int:
        """Number of masks."""
        return len(self.boxes)

    def __getitem__(self, index: npt.ArrayLike | slice) -> MaskTable:
        """The masks chosen by a boolean mask, indices or a slice, in that order."""
        chosen = np.arange(len(self))[index if isinstance(index, slice) else np.asarray(index)]
        parts = [self.mask_runs(int(i)) for i in chosen]
        return MaskTable.from_runs(
            parts,
            height=self.height,
            width=self.width,
            boxes=self.boxes[chosen],
            predicted_iou=self.predicted_iou[chosen],
            stability_score=self.stability_score[chosen],
            points=self.points[chosen],
            crop_boxes=self.crop_boxes[chosen],
        )

    @staticmethod
    def concatenate(tables: Iterable[MaskTable]) -> MaskTable:
        """One table of the masks of several tables of the same image. Raises ValueError without any."""
        parts = list(tables)
        if not parts:
            raise ValueError("no tables to concatenate")
        if len({(t.height, t.width) for t in parts}) != 1:
            raise ValueError("tables of images of different size cannot be concatenated")
        shifts = np.cumsum([0] + [len(t.runs) for t in parts])
        offsets = [t.offsets[:-1] + shift for t, shift in zip(parts, shifts[:-1], strict=True)]
        return MaskTable(
            height=parts[0].height,
            width=parts[0].width,
            boxes=np.concatenate([t.boxes for t in parts]),
            predicted_iou=np.concatenate([t.predicted_iou for t in parts]),
            stability_score=np.concatenate([t.stability_score for t in parts]),
            points=np.concatenate([t.points for t in parts]),
            crop_boxes=np.concatenate([t.crop_boxes for t in parts]),
            runs=np.concatenate([t.runs for t in parts]),
            offsets=np.concatenate([*offsets, shifts[-1:]]).astype(np.int64),
        )

    def mask_runs(self, index: int) -> npt.NDArray[np.uint32]:
        """The run lengths of one mask, (k,) uint32."""
        return self.runs[self.offsets[index] : self.offsets[index + 1]]

    def crop(self, index: int) -> BoolArray:
        """One mask inside its box, (y1 - y0, x1 - x0) bool."""
        return crop_from_runs(self.mask_runs(index), box=self.boxes[index], height=self.height)

    def mask(self, index: int) -> BoolArray:
        """One mask over the whole image, (height, width) bool."""
        full = np.zeros((self.height, self.width), dtype=np.bool_)
        x0, y0, x1, y1 = self.boxes[index]
        full[y0:y1, x0:x1] = self.crop(index)
        return full

    def areas(self) -> IntArray:
        """Pixels of each mask, (n,) int64."""
        is_object = _odd_places(self.offsets)
        sums = np.concatenate(([0], np.cumsum(np.where(is_object, self.runs, 0), dtype=np.int64)))
        return sums[self.offsets[1:]] - sums[self.offsets[:-1]]

    def hit(self, x: int, y: int) -> IntArray:
        """Indices of the masks that cover pixel (x, y), the smallest mask first."""
        x0, y0, x1, y1 = self.boxes.T
        near = np.flatnonzero((x0 <= x) & (x < x1) & (y0 <= y) & (y < y1))
        place = x * self.height + y
        # The pixel belongs to the mask if an odd number of runs ended at or before it.
        hits = [
            i
            for i in near
            if np.searchsorted(np.cumsum(self.mask_runs(int(i))), place, side="right") % 2 == 1
        ]
        order = np.argsort(self.areas()[hits], kind="stable")
        return np.asarray(hits, dtype=np.int64)[order]


def _column(values: npt.ArrayLike | None, n: int) -> npt.NDArray[np.float32]:
    return np.ones(n, np.float32) if values is None else np.asarray(values, dtype=np.float32).reshape(n)


def _odd_places(offsets: IntArray) -> BoolArray:
    """True for the object runs: the odd places within each mask's own runs."""
    total = int(offsets[-1])
    lengths = np.diff(offsets)
    place = np.arange(total) - np.repeat(offsets[:-1], lengths)
    result: BoolArray = place % 2 == 1
    return result


def _box_of_runs(runs: npt.NDArray[np.integer], height: int) -> tuple[int, int, int, int]:
    bounds = np.cumsum(np.asarray(runs, dtype=np.int64))
    starts, stops = bounds[0:-1:2], bounds[1::2]
    if not len(stops):
        return 0, 0, 0, 0
    x0, x1 = int(starts[0] // height), int((stops[-1] - 1) // height) + 1
    first_column, last_column = starts // height, (stops - 1) // height
    if np.any(first_column != last_column):  # a run through the bottom of a column touches top and bottom
        return x0, 0, x1, height
    return x0, int((starts % height).min()), x1, int(((stops - 1) % height).max()) + 1
