"""A data set in the form of YOLO segmentation: polygons as text, pictures, and data.yaml.

Corners are the middles of the outer pixels of an object, as fractions of width and height: programs that cut them to
whole pixels and fill the polygon with its border, as Ultralytics does with OpenCV, get the mask back.
Source of the form: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import TracebackType

import cv2
import numpy as np
import numpy.typing as npt

from samhq.errors import ImageReadError
from samhq.export.pictures import encode_picture
from samhq.export.writer import Destination, FormatWriter
from samhq.files import remove_file, write_bytes, write_text
from samhq.results import ImageResult

__all__ = ["YoloWriter", "yolo_polygon"]

Points = npt.NDArray[np.int64]

_MOST_ENDS = 4000  # corners between which the shortest joins are looked for

_YAML = """\
# A data set of samhq for YOLO segmentation.
# All pictures stand under train and val here: choose other ones for val before you trust a score.
train: images
val: images
names:
  0: {name}
"""


class YoloWriter(FormatWriter):
    """A folder with labels, pictures and data.yaml; every object has the class 0."""

    def __init__(self, to: Destination) -> None:
        super().__init__(to)
        self._folder = to.of_run("_SAM_HQ_yolo")
        self._stems = _loadable(to.stems)

    def add(self, result: ImageResult) -> None:
        """Write the labels of an image, and its picture where that is wanted and can be read."""
        stem = self._stems[result.record.path, result.record.page]
        labels, picture = self._folder / "labels" / f"{stem}.txt", self._folder / "images" / f"{stem}.png"
        if result.record.status != "done":
            remove_file(labels)
            remove_file(picture)
            return
        self.files.append(("label files", write_text(labels, self._lines(result)), labels))
        if not self.to.settings.export.yolo_pictures or self.to.read_rgb is None:
            return
        try:
            rgb = self.to.read_rgb(result.record)
        except (ImageReadError, OSError) as error:
            self.warnings.append(f"no picture of {result.record.path}: {error}")
            return
        png = encode_picture(rgb, result.record.path)
        self.files.append(("pictures", write_bytes(picture, png), picture))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write data.yaml, which comes last: without it the folder is not complete."""
        path = self._folder / "data.yaml"
        if kind is not None:
            return
        name = json.dumps(self.to.settings.export.class_name, ensure_ascii=False)
        self.files.append(("data sets", write_text(path, _YAML.format(name=name)), path))

    def __enter__(self) -> YoloWriter:
        """Take away the data.yaml of an earlier export."""
        remove_file(self._folder / "data.yaml")
        return self

    def _lines(self, result: ImageResult) -> str:
        masks = result.masks[result.filtered.keep]
        size = np.array([masks.width, masks.height])
        digits = max(6, len(str(max(masks.width, masks.height))) + 2)
        lines = []
        for i in range(len(masks)):
            if i % 500 == 0:
                self.to.monitor.check()
            corners = (yolo_polygon(masks.crop(i)) + masks.boxes[i, :2]) / size
            lines.append("0 " + " ".join(f"{v:.{digits}f}" for v in corners.ravel().tolist()) + "\n")
        return "".join(lines)


def _loadable(stems: Mapping[tuple[str, int], str]) -> dict[tuple[str, int], str]:
    """The same stems without folders called "images".

    Ultralytics finds the labels of a picture by exchanging the last such folder of its path for "labels".
    """
    name = "images_"
    folders = {part.casefold() for stem in stems.values() for part in stem.split("/")[:-1]}
    while name in folders:
        name += "_"
    found = {}
    for key, stem in stems.items():
        *above, last = stem.split("/")
        found[key] = "/".join([*(name if part == "images" else part for part in above), last])
    return found


def yolo_polygon(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """One polygon for a mask, (k, 2) x and y, in pixels from the upper left corner of the picture.

    mask: (h, w) bool, not empty. The form knows one polygon an object and no holes: pieces and holes are joined by
    lines that lead there and back. A line one pixel wide becomes a narrow box.
    """
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [np.asarray(contour[:, 0], np.int64) for contour in contours]
    corners = (_joined(rings) if len(rings) > 1 else rings[0]).astype(np.float64) + 0.5
    least, most = corners.min(axis=0), corners.max(axis=0)
    if (least == most).any():  # such a polygon has no area, and fewer corners than three are refused
        (x0, y0), (x1, y1) = least - 0.25, most + 0.25
        corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
    elif len(corners) == 2:  # a slanting line
        aside = np.array([0.25, 0])
        corners = np.concatenate((corners - aside, corners[::-1] + aside))
    return corners


def _joined(rings: Sequence[Points]) -> npt.NDArray[np.float64]:
    """One closed line through all rings, over the shortest joins."""
    children: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for ring, at, parent, parent_at in _joins(rings):
        children.setdefault((parent, parent_at), []).append((ring, at))
    walked: list[npt.NDArray[np.int64]] = []
    # (ring, where its walk began, steps made); a stack, since joins may form a chain of thousands.
    stack = [(0, 0, 0)]
    while stack:
        ring, begin, step = stack.pop()
        size = len(rings[ring])
        at = (begin + step) % size
        walked.append(rings[ring][at])
        waiting = children.get((ring, at))
        if waiting:
            child, child_at = waiting.pop()
            stack += [(ring, begin, step), (child, child_at, 0)]
        elif step < size:
            stack.append((ring, begin, step + 1))
    return np.array(walked, np.float64)


def _joins(rings: Sequence[Points]) -> list[tuple[int, int, int, int]]:
    """For each ring but the first (ring, corner, ring joined to, its corner): the shortest tree, by Prim's method."""
    stride = max(1, -(-sum(map(len, rings)) // _MOST_ENDS))
    corners = [np.arange(0, len(ring), stride) for ring in rings]
    owner = np.repeat(np.arange(len(rings)), [len(c) for c in corners])
    at = np.concatenate(corners)
    points = np.concatenate([ring[c] for ring, c in zip(rings, corners, strict=True)])
    distance = np.full(len(points), np.iinfo(np.int64).max)
    nearest = np.zeros(len(points), np.int64)
    joins, ring = [], 0
    for _ in range(len(rings) - 1):
        mine = np.flatnonzero(owner == ring)
        distance[mine] = -1  # taken
        away = ((points[:, None] - points[mine][None]) ** 2).sum(axis=2)
        best = away.argmin(axis=1)
        shortest = away[np.arange(len(points)), best]
        is_nearer = shortest < distance
        distance[is_nearer], nearest[is_nearer] = shortest[is_nearer], mine[best[is_nearer]]
        free = np.flatnonzero(distance >= 0)
        chosen = free[distance[free].argmin()]
        ring = int(owner[chosen])
        joins.append((ring, int(at[chosen]), int(owner[nearest[chosen]]), int(at[nearest[chosen]])))
    return joins
