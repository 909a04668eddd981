"""Masks as polygons along the edges of their pixels: valid ones, whose area is exactly that of the mask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from samhq.masks import MaskTable, runs_from_crop
from samhq.monitor import SILENT, Monitor
from samhq.outlines import outlines

__all__ = ["Polygon", "polygons_of", "ring_area"]

Ring = npt.NDArray[np.int64]

_AT_ONCE = 1000  # masks whose outlines are in memory together


@dataclass(frozen=True, slots=True)
class Polygon:
    """A piece of an object with its holes.

    exterior, holes: rings (k, 2) int64, x and y of corners of pixels: the pixel (x, y) is the square from (x, y) to
    (x + 1, y + 1). The last corner is joined to the first, which is not repeated. Rings touch themselves nowhere and
    others at corners at most. By the formula of ring_area exteriors are positive and holes negative.
    """

    exterior: Ring
    holes: tuple[Ring, ...]

    @property
    def area(self) -> int:
        """Pixels of the piece."""
        return ring_area(self.exterior) + sum(ring_area(hole) for hole in self.holes)


def ring_area(ring: Ring) -> int:
    """The area inside a ring, negative if it runs the other way around."""
    x, y = ring.T
    return int(x[:-1] @ y[1:] - x[1:] @ y[:-1] + x[-1] * y[0] - x[0] * y[-1]) // 2


def polygons_of(masks: MaskTable, *, monitor: Monitor = SILENT) -> Iterator[tuple[Polygon, ...]]:
    """The pieces of each mask, in the order of the masks.

    Pixels that only touch at a corner belong to different pieces: one ring through both would touch itself, which
    programs for polygons reject. A mask without pixels has no piece. Raises Cancelled.
    """
    for first in range(0, len(masks), _AT_ONCE):
        monitor.check()
        yield from _polygons(masks[first : first + _AT_ONCE])


def _polygons(masks: MaskTable) -> list[tuple[Polygon, ...]]:
    pieces, owner = _pieces(masks)
    lines = outlines(pieces)
    found: list[list[Polygon]] = [[] for _ in range(len(masks))]
    for piece in range(len(pieces)):
        found[owner[piece]].append(_polygon(lines.of(piece)))
    return [tuple(polygons) for polygons in found]


def _polygon(contours: list[npt.NDArray[np.float32]]) -> Polygon:
    """Contours of one piece: the largest one encloses all others, which are its holes."""
    rings = [contour.astype(np.int64) for contour in contours]
    areas = [ring_area(ring) for ring in rings]
    outer = max(range(len(rings)), key=lambda place: abs(areas[place]))
    turned = [
        ring if (area > 0) == (place == outer) else ring[::-1]
        for place, (ring, area) in enumerate(zip(rings, areas, strict=True))
    ]
    return Polygon(turned.pop(outer), tuple(turned))


def _pieces(masks: MaskTable) -> tuple[MaskTable, list[int]]:
    """A table in which every mask is a piece whose pixels are joined by edges, and the mask each belongs to."""
    runs: list[npt.NDArray[np.uint32]] = []
    places: list[tuple[int, int, int, int]] = []
    owner: list[int] = []
    for i in range(len(masks)):
        crop = masks.crop(i)
        left, top, right, bottom = (int(v) for v in masks.boxes[i])
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(crop.view(np.uint8), connectivity=4)
        owner += [i] * (count - 1)
        if count == 2:
            runs.append(masks.mask_runs(i))
            places.append((left, top, right, bottom))
            continue
        for label, (x, y, w, h, _) in enumerate(boxes[1:].tolist(), start=1):
            piece = np.asarray(labels[y : y + h, x : x + w] == label)
            x, y = left + x, top + y
            runs.append(runs_from_crop(piece, x0=x, y0=y, height=masks.height, width=masks.width))
            places.append((x, y, x + w, y + h))
    boxes_of = np.array(places, np.int32).reshape(-1, 4)
    return MaskTable.from_runs(runs, height=masks.height, width=masks.width, boxes=boxes_of), owner
