"""Greedy non-maximum suppression of boxes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["suppress"]


def suppress(
    boxes: npt.NDArray[np.integer], scores: npt.NDArray[np.floating], *, iou_threshold: float
) -> npt.NDArray[np.int64]:
    """Which boxes stay when every box drops the worse ones it overlaps too much.

    boxes: (n, 4) xyxy, with areas (x1 - x0) * (y1 - y0) as they stand. scores: (n,), higher is better.
    Boxes whose IoU with a better kept one is above iou_threshold are dropped; at equal scores the
    earlier one wins. Returns the indices that stay, best first.

    IoU and threshold are compared in fp32, which is what the reference does on a GPU.
    """
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    x0, y0, x1, y1 = boxes[order].astype(np.float32).T
    areas = (x1 - x0) * (y1 - y0)
    limit = np.float32(iou_threshold)
    alive = np.ones(len(order), dtype=np.bool_)
    kept = []
    for i in range(len(order)):
        if not alive[i]:
            continue
        kept.append(i)
        rest = slice(i + 1, None)
        w = np.clip(np.minimum(x1[i], x1[rest]) - np.maximum(x0[i], x0[rest]), 0, None)
        h = np.clip(np.minimum(y1[i], y1[rest]) - np.maximum(y0[i], y0[rest]), 0, None)
        overlap = w * h
        union = areas[i] + areas[rest] - overlap
        # Boxes without area overlap nothing: 0/0 counts as 0.
        iou = np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
        alive[rest] &= ~(iou > limit)
    return order[np.asarray(kept, dtype=np.int64)].astype(np.int64)
