"""An overview picture of all annotated images of a run."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from samhq.export.text import draw_text, text_size

__all__ = ["ContactSheet"]

Picture = npt.NDArray[np.uint8]
_THUMB = 320
_NAME = 20
_GAP = 8
_COLUMNS = 6
_ROWS = 12


class ContactSheet:
    """Collects thumbnails and gives a sheet whenever one is full, so that memory stays small."""

    def __init__(self) -> None:
        self._thumbs: list[tuple[str, Picture]] = []

    @staticmethod
    def thumbnail(picture: Picture) -> Picture:
        """A picture, (h, w, 3) uint8, as small as it is shown; one that is small already stays."""
        height, width = picture.shape[:2]
        scale = min(1.0, _THUMB / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

    def add(self, name: str, picture: Picture) -> Picture | None:
        """Take in one picture, (h, w, 3) uint8, or its thumbnail. Returns the sheet of 72 if it is full now."""
        self._thumbs.append((name, self.thumbnail(picture)))
        return self.rest() if len(self._thumbs) == _COLUMNS * _ROWS else None

    def rest(self) -> Picture | None:
        """The sheet of what is left, None if nothing is."""
        thumbs, self._thumbs = self._thumbs, []
        return _sheet(thumbs) if thumbs else None


def _sheet(thumbs: list[tuple[str, Picture]]) -> Picture:
    columns = min(_COLUMNS, math.ceil(math.sqrt(len(thumbs))))
    rows = -(-len(thumbs) // columns)
    cell_w, cell_h = _THUMB + _GAP, _THUMB + _NAME + _GAP
    sheet = np.full((rows * cell_h + _GAP, columns * cell_w + _GAP, 3), 245, np.uint8)
    for place, (name, thumb) in enumerate(thumbs):
        row, column = divmod(place, columns)
        x, y = _GAP + column * cell_w, _GAP + row * cell_h
        height, width = thumb.shape[:2]
        left, top = x + (_THUMB - width) // 2, y + (_THUMB - height) // 2
        sheet[top : top + height, left : left + width] = thumb
        draw_text(sheet, _fitting(name), x=x, y=y + _THUMB + 2, size=13, color=(30, 30, 30), ground=0)
    return sheet


def _fitting(name: str) -> str:
    """The name, with its beginning cut off if it is wider than a thumbnail: the end tells more."""
    if text_size(name, 13)[0] <= _THUMB:
        return name
    while len(name) > 1 and text_size("…" + name, 13)[0] > _THUMB:
        name = name[1:]
    return "…" + name
