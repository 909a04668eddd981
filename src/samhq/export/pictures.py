"""Annotated pictures: whole contours and labels of the kept objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from samhq.errors import ExportError
from samhq.export.text import draw_text, text_size
from samhq.files import write_bytes
from samhq.filters import FilteredObjects
from samhq.masks import MaskTable

__all__ = ["Label", "Place", "annotate", "encode_picture", "place_labels", "write_picture"]

Picture = npt.NDArray[np.uint8]
LabelStyle = Literal["values", "number", "none"]

# Told apart with every common colour blindness, and light enough for text on a dark ground.
# Source: Okabe and Ito 2008, "Color Universal Design", without black and the dark blue.
_COLORS = ((230, 159, 0), (86, 180, 233), (0, 190, 140), (240, 228, 66), (235, 110, 30), (214, 140, 190))
_SMALLEST_SIDE = 640  # pictures below are enlarged so that labels can be read
_MOST_COVERED = 0.3  # by labels with values; in more crowded pictures numbers stand instead
_LARGEST_SIDE = 2400  # but not beyond this
_GROUND = 0.85  # how much a label darkens what is below it
_MIDDLE_COST = 0.5  # of a label across its own object, in parts of one that lies wholly on others


@dataclass(frozen=True, slots=True)
class Label:
    """A text that wants to stand near a box, and what may stand there instead if there is no room.

    box: half-open (x0, y0, x1, y1) of the object. texts: the long and the short one.
    """

    box: tuple[int, int, int, int]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label found room: the upper left corner of its text, or text "" if nowhere."""

    text: str
    x: int
    y: int


def annotate(rgb: Picture, masks: MaskTable, filtered: FilteredObjects, *, label: LabelStyle) -> Picture:
    """Draw the kept objects of an image on it.

    rgb: (h, w, 3) uint8, left as it is. The contour is that of the whole mask, holes included. Objects
    are numbered from 1 in the order of the tables.
    In crowded pictures labels are numbers even if values are asked for; the tables have them.
    Returns (k h, k w, 3) uint8; small images are enlarged by a whole number k.
    Raises ValueError if the masks belong to an image of another size.
    """
    height, width = rgb.shape[:2]
    if (height, width) != (masks.height, masks.width):
        raise ValueError(f"picture {(height, width)} and masks {(masks.height, masks.width)} differ in size")
    factor = _enlargement(height, width)
    picture = rgb.copy() if factor == 1 else np.repeat(np.repeat(rgb, factor, axis=0), factor, axis=1)
    kept = np.flatnonzero(filtered.keep)
    boxes = masks.boxes[kept] * factor
    colors = [_COLORS[c] for c in _distinct_colors(boxes, width=width * factor, height=height * factor)]
    line = max(1, min(6, round(min(picture.shape[:2]) / 450)))
    outlines = [_outline(masks, int(i), factor) for i in kept]
    # First all dark rims, then all colours, so that no rim covers a neighbour's line.
    for outline in outlines:
        cv2.polylines(picture, outline, True, (0, 0, 0), line + 2, cv2.LINE_AA)
    for outline, color in zip(outlines, colors, strict=True):
        cv2.polylines(picture, outline, True, color, line, cv2.LINE_AA)
    if label != "none":
        objects = np.zeros(picture.shape[:2], dtype=np.uint8)
        for outline in outlines:
            cv2.fillPoly(objects, outline, 1)
        texts = _texts(filtered, kept, picture.shape[:2], label=label)
        labels = [Label(_box(box), text) for box, text in zip(boxes, texts, strict=True)]
        size = _font_size(picture.shape[:2])
        for place, color in zip(place_labels(labels, objects=objects, size=size), colors, strict=True):
            if place.text:
                draw_text(picture, place.text, x=place.x, y=place.y, size=size, color=color, ground=_GROUND)
    return picture


def encode_picture(picture: Picture, name: str) -> bytes:
    """An RGB picture as the bytes of a PNG file. Raises ExportError, which gives the name."""
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise ExportError(f"{name}: the picture could not be encoded as PNG; it may be too large")
    return bytes(data)


def write_picture(path: Path, picture: Picture) -> Path:
    """Write an RGB picture as PNG, whole or not at all. Returns where it was written."""
    return write_bytes(path, encode_picture(picture, str(path)))


def place_labels(labels: Sequence[Label], *, objects: npt.NDArray[np.uint8], size: int) -> list[Place]:
    """Find room for labels in a picture: inside it, and none on another.

    Each label tries its texts in order, and with each the middle of its box if it fits inside, where
    nobody can take it for another's. Else it goes right, left, above, below, to a corner or across the
    middle, wherever it hides least of the objects. One that fits nowhere gets an empty text.
    objects: (height, width) of the picture, 1 on objects, 0 elsewhere. size: of the font in pixels.
    """
    taken = np.zeros(objects.shape, dtype=np.bool_)
    places = []
    for label in labels:
        place = Place("", 0, 0)
        for text in label.texts:
            w, h = text_size(text, size)
            spot = _best_spot(label.box, w, h, taken=taken, objects=objects)
            if spot is not None:
                x, y = spot
                taken[y : y + h, x : x + w] = True
                place = Place(text, x, y)
                break
        places.append(place)
    return places


def _best_spot(
    box: tuple[int, int, int, int],
    w: int,
    h: int,
    *,
    taken: npt.NDArray[np.bool_],
    objects: npt.NDArray[np.uint8],
) -> tuple[int, int] | None:
    """Upper left corner for a label of w x h pixels, None without room."""
    x0, y0, x1, y1 = box
    middle = (x0 + x1 - w) // 2, (y0 + y1 - h) // 2
    if w < 0.9 * (x1 - x0) and h < 0.9 * (y1 - y0) and _is_free(taken, *middle, w, h):
        return middle
    best, least = None, float("inf")
    for x, y in (*_spots_around(box, w, h), middle):
        if not _is_free(taken, x, y, w, h):
            continue
        # Across the middle a label hides its own object, but it is better there than on a neighbour.
        hidden = _MIDDLE_COST * w * h if (x, y) == middle else cv2.countNonZero(objects[y : y + h, x : x + w])
        if hidden == 0:
            return x, y
        if hidden < least:
            best, least = (x, y), hidden
    return best


def _spots_around(box: tuple[int, int, int, int], w: int, h: int) -> Iterator[tuple[int, int]]:
    x0, y0, x1, y1 = box
    middle_x, middle_y = (x0 + x1 - w) // 2, (y0 + y1 - h) // 2
    gap = 3
    yield x1 + gap, middle_y
    yield x0 - gap - w, middle_y
    yield middle_x, y0 - gap - h
    yield middle_x, y1 + gap
    yield x1 + gap, y0 - h // 2
    yield x1 + gap, y1 - h // 2
    yield x0 - gap - w, y0 - h // 2
    yield x0 - gap - w, y1 - h // 2


def _is_free(taken: npt.NDArray[np.bool_], x: int, y: int, w: int, h: int) -> bool:
    inside = x >= 0 and y >= 0 and x + w <= taken.shape[1] and y + h <= taken.shape[0]
    return inside and not taken[y : y + h, x : x + w].any()


def _texts(
    filtered: FilteredObjects, kept: npt.NDArray[np.intp], shape: tuple[int, ...], *, label: LabelStyle
) -> list[tuple[str, ...]]:
    """What may stand beside each kept object, what is liked best first."""
    if label == "values":
        values = [
            f"A:{filtered.area[i]} I:{filtered.intensity[i]:.1f} R:{filtered.ratio[i]:.1f}" for i in kept
        ]
        if not _is_crowded(values, size=_font_size(shape), pixels=shape[0] * shape[1]):
            return [(value, f"#{number}") for number, value in enumerate(values, start=1)]
    return [(str(number),) for number in range(1, len(kept) + 1)]


def _font_size(shape: tuple[int, ...]) -> int:
    return int(np.clip(round(min(shape[:2]) / 62), 11, 30))


def _box(box: npt.NDArray[np.int32]) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = (int(v) for v in box)
    return x0, y0, x1, y1


def _distinct_colors(boxes: npt.NDArray[np.int32], *, width: int, height: int) -> list[int]:
    """Places in _COLORS, one a box, so that what lies close differs: a label's colour says whose it is."""
    cell = max(1, max(height, width) // 128)
    near = np.zeros((len(_COLORS), height // cell + 1, width // cell + 1), dtype=np.int32)
    font = _font_size((height, width))
    chosen = []
    for number, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        cost = np.zeros(len(_COLORS), dtype=np.int64)
        # Neighbours weigh most, then whatever a label could be taken to belong to.
        for reach, weight in ((2 * font, 20), (12 * font, 1)):
            rows = slice(max(y0 - reach, 0) // cell, (y1 + reach) // cell + 1)
            columns = slice(max(x0 - reach, 0) // cell, (x1 + reach) // cell + 1)
            cost += weight * near[:, rows, columns].sum(axis=(1, 2), dtype=np.int64)
        # Equally good colours take turns.
        turns = (np.arange(len(_COLORS)) + number) % len(_COLORS)
        color = int(turns[np.argmin(cost[turns])])
        near[color, y0 // cell : y1 // cell + 1, x0 // cell : x1 // cell + 1] += 1
        chosen.append(color)
    return chosen


def _is_crowded(texts: Sequence[str], *, size: int, pixels: int) -> bool:
    """Whether the texts would cover so much of the picture that nothing could be seen or told apart."""
    covered = 0
    for text in texts:  # measuring a text takes long, so no more of them than needed
        width, height = text_size(text, size)
        covered += width * height
        if covered > _MOST_COVERED * pixels:
            return True
    return False


def _outline(masks: MaskTable, index: int, factor: int) -> list[npt.NDArray[np.int32]]:
    """Contours of one mask in pixels of the enlarged picture, outer ones and holes."""
    crop = masks.crop(index).astype(np.uint8)
    if factor > 1:
        crop = np.repeat(np.repeat(crop, factor, axis=0), factor, axis=1)
    x0, y0 = (int(v) * factor for v in masks.boxes[index][:2])
    contours, _ = cv2.findContours(crop, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(x0, y0))
    return [np.asarray(contour, dtype=np.int32) for contour in contours]


def _enlargement(height: int, width: int) -> int:
    wanted = -(-_SMALLEST_SIDE // min(height, width))
    return max(1, min(wanted, _LARGEST_SIDE // max(height, width)))
