"""Masks and measurements of one image as the bytes that the run store keeps."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq.filters import ObjectHistograms
from samhq.masks import MaskTable
from samhq.measure import ObjectMeasurements

__all__ = ["HISTOGRAM_COLUMNS", "StoredHistograms", "StoredObjects", "pack", "unpack", "unpack_histograms"]

HISTOGRAM_COLUMNS = (
    "count_bytes",
    "levels",
    "counts",
    "level_offsets",
    "exclusive_rows",
    "exclusive_levels",
    "exclusive_counts",
    "exclusive_offsets",
)
"""The columns that unpack_histograms needs."""


@dataclass(frozen=True, slots=True)
class StoredObjects:
    """The masks of one image and their measurements, in the same order."""

    masks: MaskTable
    measurements: ObjectMeasurements


@dataclass(frozen=True, slots=True)
class StoredHistograms:
    """What a filter needs of the objects of one image; see ObjectMeasurements."""

    histograms: ObjectHistograms
    exclusive_rows: npt.NDArray[np.int64]
    exclusive: ObjectHistograms


def pack(objects: StoredObjects) -> dict[str, object]:
    """The objects as columns of the table "objects": little-endian bytes, run lengths compressed."""
    masks, measured = objects.masks, objects.measurements
    counts = measured.histograms.counts
    # Most counts fit one or two bytes; the exclusive ones are parts of them.
    count_type = np.min_scalar_type(int(counts.max(initial=0)))
    return {
        "boxes": _bytes(masks.boxes, "<i4"),
        "predicted_iou": _bytes(masks.predicted_iou, "<f4"),
        "stability_score": _bytes(masks.stability_score, "<f4"),
        "points": _bytes(masks.points, "<f8"),
        "crop_boxes": _bytes(masks.crop_boxes, "<i4"),
        "centroids": _bytes(measured.centroids, "<f8"),
        "runs": zlib.compress(_bytes(masks.runs, "<u4"), 1),
        "run_offsets": _bytes(masks.offsets, "<i8"),
        "levels": _bytes(measured.histograms.levels, "<u2"),
        "counts": _bytes(counts, f"<u{count_type.itemsize}"),
        "count_bytes": count_type.itemsize,
        "level_offsets": _bytes(measured.histograms.offsets, "<i8"),
        "exclusive_rows": _bytes(measured.exclusive_rows, "<i8"),
        "exclusive_levels": _bytes(measured.exclusive.levels, "<u2"),
        "exclusive_counts": _bytes(measured.exclusive.counts, f"<u{count_type.itemsize}"),
        "exclusive_offsets": _bytes(measured.exclusive.offsets, "<i8"),
    }


def unpack(row: dict[str, Any]) -> StoredObjects:
    """The objects of a row of the table "objects", with width, height and overlap_fraction of the image."""
    stored = unpack_histograms(row)
    masks = MaskTable(
        height=row["height"],
        width=row["width"],
        boxes=_array(row["boxes"], "<i4", 4).astype(np.int32),
        predicted_iou=_array(row["predicted_iou"], "<f4").astype(np.float32),
        stability_score=_array(row["stability_score"], "<f4").astype(np.float32),
        points=_array(row["points"], "<f8", 2).astype(np.float64),
        crop_boxes=_array(row["crop_boxes"], "<i4", 4).astype(np.int32),
        runs=_array(zlib.decompress(row["runs"]), "<u4").astype(np.uint32),
        offsets=_array(row["run_offsets"], "<i8").astype(np.int64),
    )
    measurements = ObjectMeasurements(
        histograms=stored.histograms,
        exclusive_rows=stored.exclusive_rows,
        exclusive=stored.exclusive,
        centroids=_array(row["centroids"], "<f8", 2).astype(np.float64),
        overlap_fraction=row["overlap_fraction"],
    )
    return StoredObjects(masks=masks, measurements=measurements)


def unpack_histograms(row: dict[str, Any]) -> StoredHistograms:
    """The histograms of a row with HISTOGRAM_COLUMNS."""
    count_type = f"<u{row['count_bytes']}"
    return StoredHistograms(
        histograms=_histograms(row["levels"], row["counts"], row["level_offsets"], count_type),
        exclusive_rows=_array(row["exclusive_rows"], "<i8").astype(np.int64),
        exclusive=_histograms(
            row["exclusive_levels"], row["exclusive_counts"], row["exclusive_offsets"], count_type
        ),
    )


def _histograms(levels: bytes, counts: bytes, offsets: bytes, count_type: str) -> ObjectHistograms:
    return ObjectHistograms(
        levels=_array(levels, "<u2").astype(np.uint16),
        counts=_array(counts, count_type).astype(np.uint32),
        offsets=_array(offsets, "<i8").astype(np.int64),
    )


def _bytes(array: npt.NDArray[Any], dtype: str) -> bytes:
    return np.ascontiguousarray(array, dtype=dtype).tobytes()


def _array(data: bytes, dtype: str, columns: int | None = None) -> npt.NDArray[Any]:
    flat = np.frombuffer(data, dtype=dtype)
    return flat if columns is None else flat.reshape(-1, columns)
