"""Text in pictures, with the font that comes with matplotlib."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ImageFont

__all__ = ["draw_text", "text_size"]

Picture = npt.NDArray[np.uint8]
PADDING = 2


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def text_size(text: str, size: int) -> tuple[int, int]:
    """Width and height in pixels of the box of a text, padding included."""
    return _size(printable(text), size)


def printable(text: str) -> str:
    """The text with a box for every line break and other character that cannot be drawn in a line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "□" for c in text)


@lru_cache(maxsize=20_000)
def _size(text: str, size: int) -> tuple[int, int]:
    font = _font(size)
    ascent, descent = font.getmetrics()
    return int(np.ceil(font.getlength(text))) + 2 * PADDING, ascent + descent


def draw_text(
    picture: Picture,
    text: str,
    *,
    x: int,
    y: int,
    size: int,
    color: tuple[int, int, int],
    ground: float = 0.62,
) -> None:
    """Draw a text on a half-transparent dark ground, readable on anything, into the picture itself.

    x, y: upper left corner of its box; what lies outside the picture is cut off.
    ground: how much of the picture below is darkened, 0 to 1.
    """
    text = printable(text)
    width, height = _size(text, size)
    coverage = _coverage(text, size)
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + width, picture.shape[1]), min(y + height, picture.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    alpha = coverage[y0 - y : y1 - y, x0 - x : x1 - x, None] / np.float32(255)
    below = picture[y0:y1, x0:x1] * np.float32(1 - ground)
    ink = np.array(color, dtype=np.float32)
    picture[y0:y1, x0:x1] = (below * (1 - alpha) + ink * alpha + np.float32(0.5)).astype(np.uint8)


@lru_cache(maxsize=2_000)
def _coverage(text: str, size: int) -> Picture:
    """How much ink each pixel of the box carries, (height, width) uint8."""
    from PIL import Image, ImageDraw

    canvas = Image.new("L", _size(text, size))
    ImageDraw.Draw(canvas).text((PADDING, 0), text, font=_font(size), fill=255)
    return np.asarray(canvas)
