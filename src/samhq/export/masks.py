"""Masks for other programs: COCO JSON, label images, and the three output modes of SAM."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from samhq.errors import ExportError
from samhq.files import appearing_file, long_path, remove_file, write_bytes, write_text
from samhq.results import ImageResult
from samhq.segmentation.records import OutputMode, records

__all__ = ["CocoWriter", "label_image", "write_labels", "write_masks"]


class CocoWriter:
    """Writes one COCO file image by image; use it as a context manager.

    Every kept object is an annotation with its whole mask as compressed run lengths. Pages of a file
    are images of their own, told apart by "page".
    Source of the format: https://cocodataset.org/#format-data
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._appearing = appearing_file(path)
        self._images: list[dict[str, Any]] = []
        self._count = 0
        self.written = path

    def __enter__(self) -> CocoWriter:
        """Open the temporary file."""
        self._file = self._appearing.__enter__()
        self._file.stream.write(b'{"annotations": [')
        return self

    def __exit__(self, *error: Any) -> None:
        """Write what is known at the end, and let the file appear."""
        if error[0] is None:
            rest = {
                "images": self._images,
                "categories": [{"id": 1, "name": "object", "supercategory": "object"}],
                "info": {"description": "objects found by samhq with SAM-HQ"},
                "licenses": [],
            }
            text = json.dumps(rest, ensure_ascii=False)
            self._file.stream.write(b"\n], " + text[1:].encode("utf-8") + b"\n")
        self._appearing.__exit__(*error)
        self.written = self._file.written

    def add(self, result: ImageResult) -> None:
        """Write the kept objects of one image; an image that failed or waits is left out."""
        record = result.record
        if record.status != "done":
            return
        image_id = len(self._images) + 1
        self._images.append(
            {
                "id": image_id,
                "file_name": record.path,
                "page": record.page,
                "width": record.width,
                "height": record.height,
            }
        )
        for annotation in _annotations(result):
            self._count += 1
            line = json.dumps({"id": self._count, "image_id": image_id, **annotation})
            lead = b",\n" if self._count > 1 else b"\n"
            self._file.stream.write(lead + line.encode("ascii"))


def _annotations(result: ImageResult) -> Iterable[dict[str, Any]]:
    filtered = result.filtered
    kept = np.flatnonzero(filtered.keep)
    table = result.masks[kept]
    for place, record in enumerate(records(table, "coco_rle")):
        i = kept[place]
        x0, y0, x1, y1 = (int(v) for v in table.boxes[place])
        yield {
            "category_id": 1,
            "iscrowd": 0,
            "segmentation": record["segmentation"],
            "area": record["area"],
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "predicted_iou": record["predicted_iou"],
            "stability_score": record["stability_score"],
            "object": place + 1,
            "area_px": int(filtered.area[i]),
            "intensity": float(filtered.intensity[i]),
            "ratio": float(filtered.ratio[i]),
            "initial_area_px": int(filtered.initial_area[i]),
            "initial_intensity": float(filtered.initial_intensity[i]),
            "initial_ratio": float(filtered.initial_ratio[i]),
        }


def label_image(result: ImageResult, *, exclusive: bool) -> npt.NDArray[np.uint32]:
    """The kept objects of an image as one picture: 0 background, else the number of the object.

    exclusive: each pixel goes to the mask with the highest predicted IoU, as in the tables; pixels of
    a mask that was filtered out stay background. Else the smaller of two overlapping objects is seen, so
    that one inside another stays visible.
    Returns (height, width) uint32.
    """
    masks, keep = result.masks, result.filtered.keep
    numbers = np.where(keep, np.cumsum(keep), 0).astype(np.uint32)
    if exclusive:
        order = np.argsort(-masks.predicted_iou, kind="stable")[::-1]
    else:
        order = np.argsort(-masks.areas(), kind="stable")
        order = order[keep[order]]
    labels = np.zeros((masks.height, masks.width), dtype=np.uint32)
    for i in order:
        x0, y0, x1, y1 = masks.boxes[i]
        labels[y0:y1, x0:x1][masks.crop(int(i))] = numbers[i]
    return labels


def write_labels(result: ImageResult, path: Path, *, exclusive: bool = False) -> tuple[Path, int]:
    """Write the kept objects of an image as a label image, .tif or .png.

    uint16, or uint32 where there are more than 65535 objects (only .tif holds them).
    exclusive: see label_image.
    Returns the path and how many objects are hidden completely under others.
    """
    count = int(result.filtered.keep.sum())
    wide = label_image(result, exclusive=exclusive)
    hidden = count - len(np.unique(wide[wide > 0]))
    labels = wide.astype(np.uint16) if count <= np.iinfo(np.uint16).max else wide
    if path.suffix.lower() in (".tif", ".tiff"):
        written = write_bytes(path, _tiff(labels))
    elif labels.dtype == np.uint16:
        written = write_bytes(path, _png(labels))
    else:
        raise ExportError(f"{path}: PNG holds 65535 labels, there are {count}; choose TIFF")
    return written, hidden


def write_masks(result: ImageResult, stem: Path, mode: OutputMode) -> Path:
    """Write the masks of the kept objects of an image in one of the output modes of SAM.

    binary_mask: a folder <stem>_sam_hq_masks with one 0/255 PNG an object, named by its number. The other
    two: <stem>_sam_hq_masks.json with a list of the official records.
    Returns the folder or file.
    """
    table = result.masks[result.filtered.keep]
    if mode == "binary_mask":
        folder = stem.with_name(stem.name + "_sam_hq_masks")
        for old in long_path(folder).glob("[0-9]*.png"):
            remove_file(old)  # of an earlier export with more objects
        for i in range(len(table)):
            write_bytes(folder / f"{i + 1:04d}.png", _png(table.mask(i).astype(np.uint8) * 255))
        return folder
    path = stem.with_name(stem.name + "_sam_hq_masks.json")
    return write_text(path, json.dumps(records(table, mode)) + "\n")


def _tiff(labels: npt.NDArray[Any]) -> bytes:
    import tifffile

    stream = io.BytesIO()
    tifffile.imwrite(
        stream, labels, compression="zlib", photometric="minisblack", metadata=None, software="samhq"
    )
    return stream.getvalue()


def _png(picture: npt.NDArray[Any]) -> bytes:
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise ExportError("a picture could not be encoded as PNG; it may be too large")
    return bytes(data)
