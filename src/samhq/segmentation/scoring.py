"""Judging masks by their logits: stability, boxes, and whether a crop's edge cut them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samhq.segmentation.grids import Crop

__all__ = ["EDGE_TOLERANCE_PX", "inclusive_boxes", "near_crop_edge", "stability"]

EDGE_TOLERANCE_PX = 20


def stability(logits: Tensor, *, offset: float) -> Tensor:
    """How little each mask changes when its cutoff moves.

    logits: (n, h, w) float, before the cutoff at 0.
    Returns (n,) fp32: area(logits > offset) / area(logits > -offset), NaN where the wider mask is empty.
    Source: Kirillov et al. 2023, "stability score".
    """
    inner = (logits > offset).sum(dim=(1, 2), dtype=torch.int32)
    outer = (logits > -offset).sum(dim=(1, 2), dtype=torch.int32)
    return inner.float() / outer.float()


def inclusive_boxes(masks: Tensor) -> Tensor:
    """The first and last column and row of each mask.

    masks: (n, h, w) bool, none empty. Returns (n, 4) int64 x0, y0, x1, y1 with x1 and y1 inside the mask.
    The official thresholds are made for this convention.
    """
    columns, rows = masks.any(dim=1).to(torch.int32), masks.any(dim=2).to(torch.int32)
    height, width = masks.shape[1:]
    # argmax gives the first of equal values.
    return torch.stack(
        [
            columns.argmax(dim=1),
            rows.argmax(dim=1),
            width - 1 - columns.flip(1).argmax(dim=1),
            height - 1 - rows.flip(1).argmax(dim=1),
        ],
        dim=1,
    )


def near_crop_edge(
    boxes: npt.NDArray[np.int64], *, crop: Crop, height: int, width: int
) -> npt.NDArray[np.bool_]:
    """Which masks probably go on beyond their crop.

    boxes: (n, 4) inclusive xyxy in pixels of the crop. height, width: the whole image.
    Returns (n,) bool: a side lies within 20 px of the crop's edge and not of the image's own.
    """
    placed = boxes + np.array([crop.x0, crop.y0, crop.x0, crop.y0])
    at_crop = np.abs(placed - np.array(crop.box)) <= EDGE_TOLERANCE_PX
    at_image = np.abs(placed - np.array([0, 0, width, height])) <= EDGE_TOLERANCE_PX
    cut: npt.NDArray[np.bool_] = np.any(at_crop & ~at_image, axis=1)
    return cut
