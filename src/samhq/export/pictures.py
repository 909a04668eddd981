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

__all__ = ["Label", "Place", "annotate", "place_labels", "write_picture"]

Picture = npt.NDArray[np.uint8]
LabelStyle = Literal["values", "number", "none"]

# Told apart with every common colour blindness, and light enough for text on a dark ground.
# Source: Okabe and Ito 2008, "Color Universal Design", without black and the dark blue.
_COLORS = ((230, 159, 0), (86, 180, 233), (0, 190, 140), (240, 228, 66), (235, 110, 30), (214, 140, 190))
_SMALLEST_SIDE = 640  # pictures below are enlarged so that labels can be read
_MOST_COVERED = 0.3  # by labels with values; in more crowded pictures numbers stand instead
_LARGEST_SIDE = 2400  # but not beyond this


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
    """
    height, width = rgb.shape[:2]
    factor = _enlargement(height, width)
    picture = np.repeat(np.repeat(rgb, factor, axis=0), factor, axis=1)
    kept = np.flatnonzero(filtered.keep)
    line = max(1, min(6, round(min(picture.shape[:2]) / 450)))
    outlines = [_outline(masks, int(i), factor) for i in kept]
    # First all dark rims, then all colours, so that no rim covers a neighbour's line.
    for outline in outlines:
        cv2.polylines(picture, outline, True, (0, 0, 0), line + 2, cv2.LINE_AA)
    for number, outline in enumerate(outlines):
        cv2.polylines(picture, outline, True, _COLORS[number % len(_COLORS)], line, cv2.LINE_AA)
    if label != "none":
        _draw_labels(picture, masks, filtered, kept, factor=factor, label=label)
    return picture


def write_picture(path: Path, picture: Picture) -> Path:
    """Write an RGB picture as PNG, whole or not at all. Returns where it was written."""
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise ExportError(f"{path}: the picture could not be encoded as PNG; it may be too large")
    return write_bytes(path, bytes(data))


def place_labels(labels: Sequence[Label], *, width: int, height: int, size: int) -> list[Place]:
    """Find room for labels in a picture: inside it, and none on another.

    Each label tries its texts in order: in the middle of its box if it fits inside, where nobody can take
    it for another's, then right, left, above, below, at the corners, and in the middle all the same. One
    that fits nowhere gets an empty text.
    size: of the font in pixels.
    """
    taken = np.zeros((height, width), dtype=np.bool_)
    places = []
    for label in labels:
        place = Place("", 0, 0)
        for text in label.texts:
            w, h = text_size(text, size)
            spot = next((s for s in _spots(label.box, w, h) if _is_free(taken, *s, w, h)), None)
            if spot is not None:
                x, y = spot
                taken[y : y + h, x : x + w] = True
                place = Place(text, x, y)
                break
        places.append(place)
    return places


def _spots(box: tuple[int, int, int, int], w: int, h: int) -> Iterator[tuple[int, int]]:
    x0, y0, x1, y1 = box
    middle_x, middle_y = (x0 + x1 - w) // 2, (y0 + y1 - h) // 2
    gap = 3
    if w < 0.9 * (x1 - x0) and h < 0.9 * (y1 - y0):
        yield middle_x, middle_y
    yield x1 + gap, middle_y
    yield x0 - gap - w, middle_y
    yield middle_x, y0 - gap - h
    yield middle_x, y1 + gap
    yield x1 + gap, y0 - h // 2
    yield x1 + gap, y1 - h // 2
    yield x0 - gap - w, y0 - h // 2
    yield x0 - gap - w, y1 - h // 2
    yield middle_x, middle_y


def _is_free(taken: npt.NDArray[np.bool_], x: int, y: int, w: int, h: int) -> bool:
    inside = x >= 0 and y >= 0 and x + w <= taken.shape[1] and y + h <= taken.shape[0]
    return inside and not taken[y : y + h, x : x + w].any()


def _draw_labels(
    picture: Picture,
    masks: MaskTable,
    filtered: FilteredObjects,
    kept: npt.NDArray[np.intp],
    *,
    factor: int,
    label: LabelStyle,
) -> None:
    height, width = picture.shape[:2]
    size = int(np.clip(round(min(height, width) / 62), 11, 30))
    values = [f"A:{filtered.area[i]} I:{filtered.intensity[i]:.1f} R:{filtered.ratio[i]:.1f}" for i in kept]
    if label == "values" and not _is_crowded(values, size=size, pixels=height * width):
        texts: list[tuple[str, ...]] = [(value, f"#{number}") for number, value in enumerate(values, start=1)]
    else:
        texts = [(str(number),) for number in range(1, len(kept) + 1)]
    boxes = [tuple(int(v) * factor for v in masks.boxes[i]) for i in kept]
    labels = [Label((x0, y0, x1, y1), text) for (x0, y0, x1, y1), text in zip(boxes, texts, strict=True)]
    for number, place in enumerate(place_labels(labels, width=width, height=height, size=size)):
        if place.text:
            color = _COLORS[number % len(_COLORS)]
            draw_text(picture, place.text, x=place.x, y=place.y, size=size, color=color)


def _is_crowded(texts: Sequence[str], *, size: int, pixels: int) -> bool:
    """Whether the texts would cover so much of the picture that nothing could be seen or told apart."""
    covered = sum(w * h for w, h in (text_size(text, size) for text in texts))
    return covered > _MOST_COVERED * pixels


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
