"""Correcting masks by hand. Every function leaves its table as it is and works inside boxes only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from samhq.masks import MaskTable, runs_from_crop

__all__ = [
    "Edited",
    "add_mask",
    "delete_masks",
    "merge_masks",
    "paint",
    "replace_mask",
    "split_mask",
]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Edited:
    """A table after one correction.

    rows: (k,) int64, ascending, rows of `masks` that are new or have other pixels than before.
    origin: (n,) int64, for each row of `masks` the row it had before, -1 for a new one.
    """

    masks: MaskTable
    rows: IntArray
    origin: IntArray


def add_mask(
    table: MaskTable,
    mask: BoolArray,
    *,
    predicted_iou: float = 1.0,
    point: Sequence[float] | None = None,
) -> Edited:
    """A further mask in the last row.

    mask: (height, width) bool. point: x, y of the click it is for (default: the middle of its box).
    Its stability score is 1: it was not judged. Raises ValueError for a mask without pixels.
    """
    crop, box = _tight(_whole(table, mask), 0, 0)
    if not crop.size:
        raise ValueError("the mask has no pixels; nothing can be added")
    return _appended(table, [_one(table, crop, box, predicted_iou=predicted_iou, point=point)])


def replace_mask(
    table: MaskTable,
    index: int,
    mask: BoolArray,
    *,
    predicted_iou: float | None = None,
    point: Sequence[float] | None = None,
) -> Edited:
    """Other pixels for a mask, which is deleted if there are none.

    mask: (height, width) bool. predicted_iou, point: as in add_mask; without them they stay.
    """
    _check(table, [index])
    crop, box = _tight(_whole(table, mask), 0, 0)
    edited = _changed(table, index, crop, box)
    if not len(edited.rows):
        return edited
    scores, points = edited.masks.predicted_iou.copy(), edited.masks.points.copy()
    if predicted_iou is not None:
        scores[index] = predicted_iou
    if point is not None:
        points[index] = point
    return replace(edited, masks=replace(edited.masks, predicted_iou=scores, points=points))


def delete_masks(table: MaskTable, indices: Iterable[int] | npt.ArrayLike) -> Edited:
    """The table without some masks. indices: rows, or (n,) bool."""
    keep = np.ones(len(table), dtype=np.bool_)
    keep[_rows(table, indices)] = False
    return Edited(_selected(table, keep), np.zeros(0, np.int64), np.flatnonzero(keep))


def merge_masks(table: MaskTable, indices: Iterable[int] | npt.ArrayLike) -> Edited:
    """One mask in the place of several: their union, in the row of the first.

    Its scores and point are those of the one with the highest predicted IoU.
    Raises ValueError for fewer than two masks.
    """
    rows = np.unique(_rows(table, indices))
    if len(rows) < 2:
        raise ValueError("merging needs two masks or more; choose another one")
    x0, y0 = (int(v) for v in table.boxes[rows, :2].min(axis=0))
    x1, y1 = (int(v) for v in table.boxes[rows, 2:].max(axis=0))
    union = np.zeros((y1 - y0, x1 - x0), dtype=np.bool_)
    for row in rows:
        left, top, right, bottom = (int(v) for v in table.boxes[row])
        union[top - y0 : bottom - y0, left - x0 : right - x0] |= table.crop(int(row))
    first, best = int(rows[0]), int(rows[np.argmax(table.predicted_iou[rows])])
    merged = _changed(table, first, union, (x0, y0, x1, y1)).masks
    columns = {}
    for name in ("predicted_iou", "stability_score", "points"):
        values = getattr(table, name).copy()
        values[first] = values[best]
        columns[name] = values
    crops = table.crop_boxes.copy()
    crops[first, :2], crops[first, 2:] = crops[rows, :2].min(axis=0), crops[rows, 2:].max(axis=0)
    deleted = delete_masks(replace(merged, **columns, crop_boxes=crops), rows[1:])
    return replace(deleted, rows=np.array([first], dtype=np.int64))


def split_mask(table: MaskTable, index: int, line: npt.ArrayLike | None = None) -> Edited:
    """Several masks in the place of one: the largest piece keeps the row, the others come last.

    line: (k, 2) x, y of a line drawn across the mask, in pixels (pixel (x, y) reaches to (x + 1, y + 1)). Only
    the parts it crosses are cut; its own pixels go to the nearest piece, so that none is lost.
    Without a line each connected part (8 neighbours) becomes a mask.
    Raises ValueError if that leaves one piece.
    """
    _check(table, [index])
    crop = table.crop(index)
    x0, y0 = (int(v) for v in table.boxes[index, :2])
    if line is None:
        pieces = _parts(crop)
        if pieces.max() < 2:
            raise ValueError("the mask is in one piece; draw a line across it to split it")
    else:
        pieces = _cut(crop, _polyline(line) - (x0, y0))
    sizes = np.bincount(pieces[crop])
    order = sorted(range(1, len(sizes)), key=lambda label: -sizes[label])
    edited = _changed(table, index, *_tight(pieces == order[0], x0, y0))
    others = []
    for label in order[1:]:
        one = _one(table, *_tight(pieces == label, x0, y0), predicted_iou=float(table.predicted_iou[index]))
        others.append(
            replace(
                one,
                stability_score=table.stability_score[[index]],
                crop_boxes=table.crop_boxes[[index]],
            )
        )
    grown = _appended(edited.masks, others)
    return replace(grown, rows=np.concatenate((edited.rows, grown.rows)))


def paint(
    table: MaskTable, index: int | None, points: npt.ArrayLike, *, radius: float, erase: bool = False
) -> Edited:
    """Add the pixels under a brush stroke to a mask, or take them away.

    index: the mask; None paints a new one. points: (k, 2) x, y in pixels (pixel (x, y) reaches to
    (x + 1, y + 1)). Painted are the pixels whose centres lie within radius of the stroke, and those under
    its points however thin the brush. A mask that is erased to nothing is deleted.
    """
    if not radius >= 0:
        raise ValueError(f"radius is {radius:g}, it must be 0 or more")
    if index is not None:
        _check(table, [index])
    elif erase:
        raise ValueError("there is no mask to erase; choose one")
    stroke, left, top = _stroke(_polyline(points), radius, height=table.height, width=table.width)
    if index is None:
        crop, box = _tight(stroke, left, top)
        if not crop.size:
            raise ValueError("the stroke lies outside the image; nothing can be added")
        return _appended(table, [_one(table, crop, box)])
    runs = _painted_runs(table.mask_runs(index), stroke, left, top, height=table.height, paint=not erase)
    return _with_runs(table, index, runs)


# -------------------------------------------------------------------- pieces and strokes


def _parts(mask: BoolArray) -> npt.NDArray[np.int32]:
    """Labels of the connected parts of a mask, 0 elsewhere."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return np.asarray(labels, dtype=np.int32)


def _cut(crop: BoolArray, line: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Labels from 1 of the pieces of a mask after a cut, 0 outside it."""
    drawn = np.zeros(crop.shape, dtype=np.uint8)
    # With 4 neighbours the line has no gap that a part with 8 neighbours could slip through.
    cv2.polylines(drawn, [np.floor(line).astype(np.int32)], False, 1, lineType=cv2.LINE_4)
    on_line = crop & (drawn > 0)
    before, pieces = _parts(crop), _parts(crop & ~on_line)
    # A part that the line only touches is in one piece as before, and is not cut.
    pairs = np.unique(np.stack([before[pieces > 0], pieces[pieces > 0]], axis=1), axis=0)
    is_cut = np.bincount(pairs[:, 0], minlength=int(before.max()) + 1) > 1
    if not is_cut.any():
        raise ValueError("the line does not cut the mask in two; draw it from one side to the other")
    crossed = is_cut[before]
    pieces[~crossed] = 0
    # Every pixel of the line goes to the nearest piece, and what was not cut stays with the largest one.
    _, nearest = cv2.distanceTransformWithLabels(
        (pieces == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    piece_of = np.zeros(int(nearest.max()) + 1, dtype=np.int32)
    piece_of[nearest[pieces > 0]] = pieces[pieces > 0]
    left_over = crossed & (pieces == 0)
    pieces[left_over] = piece_of[nearest[left_over]]
    pieces[crop & ~crossed] = int(np.argmax(np.bincount(pieces[pieces > 0])))
    _, numbers = np.unique(pieces, return_inverse=True)  # from 1 without gaps; 0 is outside, if anywhere
    labels: npt.NDArray[np.int32] = numbers.reshape(pieces.shape).astype(np.int32)
    return labels if (pieces == 0).any() else labels + np.int32(1)


def _stroke(
    points: npt.NDArray[np.float64], radius: float, *, height: int, width: int
) -> tuple[BoolArray, int, int]:
    """The pixels of an image under a brush inside a rectangle, and the x and y of its upper left corner."""
    reach = radius + 1
    low = np.clip(np.floor(points.min(axis=0) - reach), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(points.max(axis=0) + reach), 0, (width, height)).astype(int)
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    painted = np.zeros((max(y1 - y0, 0), max(x1 - x0, 0)), dtype=np.bool_)
    if not painted.size:
        return painted, x0, y0
    local = points - (x0, y0)
    for start, stop in zip(local, local[1:] if len(local) > 1 else local, strict=False):
        _paint_segment(painted, start, stop, radius)
    under = np.floor(local).astype(int)
    inside = ((under >= 0) & (under < (x1 - x0, y1 - y0))).all(axis=1)
    painted[under[inside, 1], under[inside, 0]] = True
    return painted, x0, y0


def _paint_segment(
    painted: BoolArray, start: npt.NDArray[np.float64], stop: npt.NDArray[np.float64], radius: float
) -> None:
    height, width = painted.shape
    left, top = np.floor(np.minimum(start, stop) - radius).astype(int)
    right, bottom = np.ceil(np.maximum(start, stop) + radius).astype(int)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right)[None, :] + 0.5 - start[0]
    y = np.arange(top, bottom)[:, None] + 0.5 - start[1]
    dx, dy = stop - start
    length = dx * dx + dy * dy
    along = np.clip((x * dx + y * dy) / length, 0, 1) if length > 0 else np.zeros((1, 1))
    painted[top:bottom, left:right] |= (x - along * dx) ** 2 + (y - along * dy) ** 2 <= radius**2


# -------------------------------------------------------------------- tables


def _painted_runs(
    runs: npt.NDArray[np.uint32], stroke: BoolArray, left: int, top: int, *, height: int, paint: bool
) -> npt.NDArray[np.uint32]:
    """Run lengths of a mask after a stroke, known inside one rectangle; only its columns are looked at."""
    bounds = np.cumsum(runs, dtype=np.int64)
    starts, stops = bounds[0:-1:2], bounds[1::2]
    low, high = left * height, (left + stroke.shape[1]) * height
    is_before, is_after = starts < low, stops > high
    is_inside = (starts < high) & (stops > low)
    flips = np.zeros(high - low + 1, dtype=np.int8)
    flips[np.maximum(starts[is_inside], low) - low] = 1
    flips[np.minimum(stops[is_inside], high) - low] -= 1
    columns = np.cumsum(flips[:-1], dtype=np.int8).reshape(-1, height)
    columns[:, top : top + stroke.shape[0]][stroke.T] = paint
    edges = np.diff(columns.reshape(-1), prepend=np.int8(0), append=np.int8(0))
    starts = np.concatenate(
        (starts[is_before], np.flatnonzero(edges == 1) + low, np.maximum(starts[is_after], high))
    )
    stops = np.concatenate(
        (np.minimum(stops[is_before], low), np.flatnonzero(edges == -1) + low, stops[is_after])
    )
    # A run that went on over the edge of the columns was cut there.
    is_joint = starts[1:] == stops[:-1]
    starts, stops = (
        starts[np.append(True, ~is_joint)[: len(starts)]],
        stops[np.append(~is_joint, True)[: len(stops)]],
    )
    flat = np.append(np.stack((starts, stops), axis=1).reshape(-1), bounds[-1])
    painted = np.diff(flat, prepend=0)
    return (painted[:-1] if len(painted) > 1 and painted[-1] == 0 else painted).astype(np.uint32)


def _changed(table: MaskTable, index: int, crop: BoolArray, box: Box) -> Edited:
    """The table with other pixels in a row, or without the row if there are none."""
    runs = runs_from_crop(crop, x0=box[0], y0=box[1], height=table.height, width=table.width)
    return _with_runs(table, index, runs)


def _with_runs(table: MaskTable, index: int, runs: npt.NDArray[np.uint32]) -> Edited:
    if len(runs) < 2:
        return delete_masks(table, [index])
    origin = np.arange(len(table), dtype=np.int64)
    if np.array_equal(runs, table.mask_runs(index)):
        return Edited(table, np.zeros(0, np.int64), origin)
    box = MaskTable.from_runs([runs], height=table.height, width=table.width).boxes[0]
    return Edited(_spliced(table, index, runs, box), np.array([index], dtype=np.int64), origin)


def _spliced(
    table: MaskTable, index: int, runs: npt.NDArray[np.uint32], box: npt.NDArray[np.int32]
) -> MaskTable:
    first, last = int(table.offsets[index]), int(table.offsets[index + 1])
    offsets, boxes = table.offsets.copy(), table.boxes.copy()
    offsets[index + 1 :] += len(runs) - (last - first)
    boxes[index] = box
    flat = np.concatenate((table.runs[:first], runs, table.runs[last:]))
    return replace(table, boxes=boxes, runs=flat, offsets=offsets)


def _selected(table: MaskTable, keep: BoolArray) -> MaskTable:
    lengths = np.diff(table.offsets)
    return MaskTable(
        height=table.height,
        width=table.width,
        boxes=table.boxes[keep],
        predicted_iou=table.predicted_iou[keep],
        stability_score=table.stability_score[keep],
        points=table.points[keep],
        crop_boxes=table.crop_boxes[keep],
        runs=table.runs[np.repeat(keep, lengths)],
        offsets=np.concatenate(([0], np.cumsum(lengths[keep]))).astype(np.int64),
    )


def _one(
    table: MaskTable,
    crop: BoolArray,
    box: Box,
    *,
    predicted_iou: float = 1.0,
    point: Sequence[float] | None = None,
) -> MaskTable:
    """A table of one mask for the image of another table."""
    return MaskTable.from_runs(
        [runs_from_crop(crop, x0=box[0], y0=box[1], height=table.height, width=table.width)],
        height=table.height,
        width=table.width,
        boxes=[box],
        predicted_iou=[predicted_iou],
        points=None if point is None else [point],
    )


def _appended(table: MaskTable, others: Sequence[MaskTable]) -> Edited:
    n = len(table)
    return Edited(
        masks=MaskTable.concatenate([table, *others]),
        rows=np.arange(n, n + len(others), dtype=np.int64),
        origin=np.concatenate((np.arange(n), np.full(len(others), -1))).astype(np.int64),
    )


def _tight(mask: BoolArray, x0: int, y0: int) -> tuple[BoolArray, Box]:
    """The part of a mask that its box holds, with the box; without pixels both are empty."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return mask[:0, :0], (0, 0, 0, 0)
    left, right, top, bottom = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    return mask[top:bottom, left:right], (x0 + left, y0 + top, x0 + right, y0 + bottom)


def _whole(table: MaskTable, mask: BoolArray) -> BoolArray:
    if mask.shape != (table.height, table.width) or mask.dtype != np.bool_:
        raise ValueError(f"mask is {mask.dtype} {mask.shape}, expected bool {(table.height, table.width)}")
    return mask


def _polyline(points: npt.ArrayLike) -> npt.NDArray[np.float64]:
    line = np.asarray(points, dtype=np.float64)
    if line.ndim != 2 or line.shape[1] != 2 or not len(line) or not np.isfinite(line).all():
        raise ValueError(
            f"points have shape {line.shape}, expected (k, 2) finite numbers with k of 1 or more"
        )
    return line


def _rows(table: MaskTable, indices: Iterable[int] | npt.ArrayLike) -> IntArray:
    given = np.asarray(indices if isinstance(indices, np.ndarray) else list(indices))  # type: ignore[arg-type]
    if given.dtype == np.bool_:
        if given.shape != (len(table),):
            raise ValueError(f"indices are bool {given.shape}, expected ({len(table)},), one for each mask")
        return np.flatnonzero(given).astype(np.int64)
    _check(table, given.reshape(-1).tolist())
    return given.reshape(-1).astype(np.int64)


def _check(table: MaskTable, indices: Sequence[int]) -> None:
    wrong = [i for i in indices if not 0 <= i < len(table)]
    if wrong:
        raise ValueError(f"there is no mask {wrong[0]}; the table has {len(table)}, counted from 0")
