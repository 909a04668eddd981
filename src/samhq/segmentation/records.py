"""The three output modes of the official mask generator."""

from __future__ import annotations

from typing import Any, Literal

from pycocotools import mask as coco_mask

from samhq.masks import MaskTable

__all__ = ["OutputMode", "records"]

OutputMode = Literal["binary_mask", "uncompressed_rle", "coco_rle"]


def records(table: MaskTable, mode: OutputMode) -> list[dict[str, Any]]:
    """One dict per mask with exactly the official keys.

    segmentation: a (height, width) bool array, a dict of plain run lengths, or a dict of compressed COCO
    run lengths as text. area: pixels. bbox: x, y, width, height in the official convention, in which the
    width is last column minus first column, one less than the number of columns. predicted_iou,
    stability_score: floats. point_coords: [[x, y]]. crop_box: x, y, width, height.
    Raises ValueError for an unknown mode.
    """
    if mode not in ("binary_mask", "uncompressed_rle", "coco_rle"):
        raise ValueError(
            f"output mode {mode!r} is not known; choose binary_mask, uncompressed_rle or coco_rle"
        )
    areas = table.areas()
    return [
        {
            "segmentation": _segmentation(table, i, mode=mode),
            "area": int(areas[i]),
            "bbox": [int(x0), int(y0), int(x1 - 1 - x0), int(y1 - 1 - y0)],
            "predicted_iou": float(table.predicted_iou[i]),
            "point_coords": [table.points[i].tolist()],
            "stability_score": float(table.stability_score[i]),
            "crop_box": [int(cx0), int(cy0), int(cx1 - cx0), int(cy1 - cy0)],
        }
        for i, ((x0, y0, x1, y1), (cx0, cy0, cx1, cy1)) in enumerate(
            zip(table.boxes, table.crop_boxes, strict=True)
        )
    ]


def _segmentation(table: MaskTable, index: int, *, mode: OutputMode) -> Any:
    if mode == "binary_mask":
        return table.mask(index)
    plain = {"size": [table.height, table.width], "counts": table.mask_runs(index).tolist()}
    if mode == "uncompressed_rle":
        return plain
    packed = coco_mask.frPyObjects(plain, table.height, table.width)
    return {"size": packed["size"], "counts": packed["counts"].decode("ascii")}
