"""From low-resolution logits to masks of the image's size, and masks without specks and holes."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

from samhq.masks import MaskTable, runs_from_crop
from samhq.segmentation.nms import suppress

__all__ = ["clean_masks", "fill_small_holes", "full_size_chunks", "remove_small_islands", "to_original_size"]

BoolArray = npt.NDArray[np.bool_]

_MAX_PIXELS = 1 << 26  # logits held at full size at once (fp32: 256 MiB), at least those of one mask


def to_original_size(
    logits: Tensor, *, image_size: int, input_size: tuple[int, int], original_size: tuple[int, int]
) -> Tensor:
    """Bring logits to the size of the image, in the two bilinear steps of the official library.

    logits: (n, s/4, s/4) float; image_size: s. input_size: (height, width) the image takes up in the
    network's input. Returns (n, height, width) of original_size.
    """
    padded = F.interpolate(logits[:, None], (image_size, image_size), mode="bilinear", align_corners=False)
    inside = padded[..., : input_size[0], : input_size[1]]
    return F.interpolate(inside, original_size, mode="bilinear", align_corners=False)[:, 0]


def full_size_chunks(
    logits: Tensor, *, image_size: int, input_size: tuple[int, int], original_size: tuple[int, int]
) -> Iterator[tuple[slice, Tensor]]:
    """Like to_original_size, in pieces of bounded memory: (which masks, their logits), in order."""
    pixels = max(image_size**2, original_size[0] * original_size[1])
    step = max(1, _MAX_PIXELS // pixels)
    for start in range(0, len(logits), step):
        part = slice(start, min(start + step, len(logits)))
        yield (
            part,
            to_original_size(
                logits[part], image_size=image_size, input_size=input_size, original_size=original_size
            ),
        )


def clean_masks(table: MaskTable, *, min_area: int, iou_threshold: float) -> MaskTable:
    """Fill holes and remove pieces smaller than min_area, then drop masks that became duplicates.

    Masks that needed no change come first and win against changed ones; among equals the order stays.
    """
    runs, changed = [], np.zeros(len(table), dtype=np.bool_)
    for i in range(len(table)):
        mask, (x0, y0), changed[i] = _clean_one(table, i, min_area=min_area)
        runs.append(
            runs_from_crop(mask, x0=x0, y0=y0, height=table.height, width=table.width)
            if changed[i]
            else table.mask_runs(i)
        )
    cleaned = MaskTable.from_runs(
        runs,
        height=table.height,
        width=table.width,
        predicted_iou=table.predicted_iou,
        stability_score=table.stability_score,
        points=table.points,
        crop_boxes=table.crop_boxes,
    )
    inclusive = cleaned.boxes - np.array([0, 0, 1, 1], dtype=np.int32)
    return cleaned[suppress(inclusive, (~changed).astype(np.float32), iou_threshold=iou_threshold)]


def _clean_one(table: MaskTable, index: int, *, min_area: int) -> tuple[BoolArray, tuple[int, int], bool]:
    """The cleaned part of a mask, where its upper left pixel lies, and whether anything changed."""
    x0, y0, x1, y1 = (int(v) for v in table.boxes[index])
    left, top, right, bottom = x0, y0, table.width - x1, table.height - y1
    strips = (left * table.height, right * table.height, top * table.width, bottom * table.width)
    if any(0 < area < min_area for area in strips):
        # The background beside the box may itself be small enough to be filled: look at all of it.
        mask, corner = table.mask(index), (0, 0)
        endless = np.zeros_like(mask)
    else:
        # A row or column on every side stands for the large background there. The corner stays at an even
        # place: OpenCV numbers parts by blocks of 2 x 2, and of equal parts the first one stays.
        sides = ((_to_even(top), min(bottom, 1)), (_to_even(left), min(right, 1)))
        mask = np.pad(table.crop(index), sides)
        endless = np.pad(np.zeros((y1 - y0, x1 - x0), dtype=np.bool_), sides, constant_values=True)
        corner = (x0 - sides[1][0], y0 - sides[0][0])
    mask, filled = fill_small_holes(mask, min_area=min_area, endless=endless)
    mask, removed = remove_small_islands(mask, min_area=min_area)
    return mask, corner, filled or removed


def _to_even(before: int) -> int:
    """How many of the rows (columns) before a box are looked at: 1 or 2, 0 if there is none."""
    return 2 - before % 2 if before else 0


def fill_small_holes(
    mask: BoolArray, *, min_area: int, endless: BoolArray | None = None
) -> tuple[BoolArray, bool]:
    """Fill connected parts of the background (8 neighbours) with fewer than min_area pixels.

    endless: where the background goes on beyond the array, so that its size there is not known.
    Returns the mask and whether it changed.
    """
    labels, areas = _components(~mask)
    small = areas < min_area
    if endless is not None:
        small[labels[endless]] = False
    small[0] = False
    if not small.any():
        return mask, False
    return mask | small[labels], True


def remove_small_islands(mask: BoolArray, *, min_area: int) -> tuple[BoolArray, bool]:
    """Remove connected parts of a mask (8 neighbours) with fewer than min_area pixels.

    If all are smaller the largest stays. Returns the mask and whether it changed.
    """
    labels, areas = _components(mask)
    small = areas < min_area
    small[0] = False
    if not small.any():
        return mask, False
    kept = ~small
    kept[0] = False
    if not kept.any():
        kept[1 + int(np.argmax(areas[1:]))] = True
    return kept[labels], True


def _components(mask: BoolArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Labels of the connected parts, 0 elsewhere, and the pixels of each label."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return labels, stats[:, cv2.CC_STAT_AREA].astype(np.int64)
