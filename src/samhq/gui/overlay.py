"""Masks over an image: which is under the pointer, and one picture of all of them for the viewport."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from math import ceil, floor, log2
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PyQt6.QtGui import QColor, QImage

from samhq.gui.canvas_contours import Care, Color, Contours, Placed, fill, fill_color, stroke
from samhq.gui.canvas_image import Area, image_area, new_buffer, sampled
from samhq.gui.canvas_view import View

if TYPE_CHECKING:
    from samhq.masks import MaskTable
    from samhq.outlines import Outlines

__all__ = ["MaskOverlay", "MaskStyle", "NumberPlace"]

Buffer = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_LINE, _BOLD, _RIM = 1.5, 2.5, 1.0
"""Widths in pixels of a screen at 100 %: of a line, of a selected one, and of the rim on each side."""

_REACH = 6
"""Device pixels that lines and rims may stand out of the box of their mask, at 100 %."""

_FADED = QColor(150, 150, 150)
_FADED_ALPHA = 0.5
_RIM_ALPHA = 0.45
_SELECTED_RIM_ALPHA = 0.85
_SMALLEST_FILL = 3.0
"""Device pixels; the outline of a smaller mask leaves nothing to fill."""

_FEW_CHANGES = 16
"""Up to so many masks whose style changed are drawn anew alone, with what lies around them."""

_LARGEST_RASTER = 4_000_000

_ALL_NUMBERS, _MOST_NUMBERS = 120, 300
_NUMBER_ROOM = 18.0
"""Up to so many numbers all are shown; of more, those of masks with room for one, the largest first."""


class MaskStyle(IntEnum):
    """How a mask is drawn."""

    HIDDEN = 0
    NORMAL = 1
    FADED = 2
    SELECTED = 3


@dataclass(frozen=True, slots=True)
class NumberPlace:
    """A number and the device pixel in its middle."""

    number: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A finished picture and what it shows."""

    image: QImage
    pixels: Buffer
    view: View
    ratio: float
    care: Care
    version: int


class MaskOverlay:
    """All masks of one image with their styles, and the picture of those in sight.

    The picture is kept until the view or the masks change; a pan shifts it and draws what comes into sight.
    """

    def __init__(self, selected: QColor, palette: tuple[QColor, ...]) -> None:
        self._selected = selected
        self._palette = palette
        self._masks: MaskTable | None = None
        self._contours: Contours | None = None
        self._boxes = np.zeros((0, 4), dtype=np.int64)
        self._areas = np.zeros(0, dtype=np.int64)
        self._colors = np.zeros(0, dtype=np.int64)
        self.styles = np.zeros(0, dtype=np.uint8)
        self.numbers = np.zeros(0, dtype=np.int64)
        self._opacity = 0.2
        self._outlines_shown = True
        self._version = 0
        self._restyled = np.zeros(0, dtype=np.int64)
        self._owners: tuple[object, npt.NDArray[np.float32]] | None = None
        self._drawn: _Drawn | None = None

    def __len__(self) -> int:
        """Number of masks, hidden ones too."""
        return len(self.styles)

    @property
    def opacity(self) -> float:
        """How much the fill covers the image, 0..1."""
        return self._opacity

    @opacity.setter
    def opacity(self, value: float) -> None:
        self._opacity = min(max(value, 0.0), 1.0)
        self._version += 1

    @property
    def outlines_shown(self) -> bool:
        """Whether lines are drawn; without them only the fill is."""
        return self._outlines_shown

    @outlines_shown.setter
    def outlines_shown(self, shown: bool) -> None:
        self._outlines_shown = shown
        self._version += 1

    def set_colors(self, selected: QColor, palette: tuple[QColor, ...]) -> None:
        """Colours of selected masks and of the others."""
        self._selected, self._palette = selected, palette
        self._colors = _spread_colors(self._boxes, len(palette))
        self._version += 1

    def set_masks(self, masks: MaskTable | None, outlines: Outlines | None) -> None:
        """Other masks, all NORMAL and without number. Raises ValueError if only one of the two is given."""
        if (masks is None) != (outlines is None):
            raise ValueError("masks and outlines belong together: give both or neither")
        self._masks = masks
        self._contours = None if outlines is None else Contours(outlines)
        count = 0 if masks is None else len(masks)
        self._boxes = np.zeros((0, 4), np.int64) if masks is None else masks.boxes.astype(np.int64)
        self._areas = np.zeros(0, np.int64) if masks is None else masks.areas()
        self._colors = _spread_colors(self._boxes, len(self._palette))
        self.styles = np.full(count, MaskStyle.NORMAL, dtype=np.uint8)
        self.numbers = np.zeros(count, dtype=np.int64)
        self._restyled = np.zeros(0, dtype=np.int64)
        self._version += 1

    def set_styles(self, styles: npt.NDArray[np.integer]) -> None:
        """A MaskStyle for each mask, (n,). Raises ValueError for another length."""
        old, self.styles = self.styles, self._one_each("styles", styles).astype(np.uint8)
        changed = np.union1d(self._restyled, np.flatnonzero(old != self.styles))
        if len(changed) <= _FEW_CHANGES:
            self._restyled = changed
        else:
            self._version += 1

    def set_numbers(self, numbers: npt.NDArray[np.integer]) -> None:
        """A number for each mask, (n,), 0 for none. Raises ValueError for another length."""
        self.numbers = self._one_each("numbers", numbers).astype(np.int64)

    def _one_each(self, name: str, values: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        values = np.asarray(values)
        if values.shape != self.styles.shape:
            raise ValueError(f"{name} has shape {values.shape}, expected {self.styles.shape}")
        return values

    def hit(self, x: int, y: int) -> IntArray:
        """Indices of the masks that cover the pixel (x, y), the smallest first, hidden ones left out."""
        if self._masks is None:
            return np.zeros(0, dtype=np.int64)
        x0, y0, x1, y1 = self._boxes.T
        near = (x0 <= x) & (x < x1) & (y0 <= y) & (y < y1) & (self.styles != MaskStyle.HIDDEN)
        place = x * self._masks.height + y
        hits = np.array([i for i in np.flatnonzero(near) if self._covers(int(i), place)], dtype=np.int64)
        return hits[np.argsort(self._areas[hits], kind="stable")]

    def _covers(self, index: int, place: int) -> bool:
        assert self._masks is not None
        # The pixel belongs to the mask if an odd number of runs ended at or before it.
        ends = np.cumsum(self._masks.mask_runs(index), dtype=np.int64)
        return bool(np.searchsorted(ends, place, side="right") % 2)

    def picture(self, view: View, ratio: float) -> QImage | None:
        """The masks in sight as a picture of the viewport's size, None if there are none.

        ratio: device pixels in a pixel of the screen at 100 % scaling, for the width of lines.
        """
        if self._contours is None or not len(self.styles):
            return None
        seen = self._seen(view, 0, 0, (view.height, view.width))
        care = self._contours.care(seen, scale=view.scale)
        old = self._drawn
        same = old is not None and (old.version, old.ratio, old.care) == (self._version, ratio, care)
        if old is not None and same and replace(old.view, x=view.x, y=view.y) == view:
            self._drawn = self._shifted(old, view)
            self._redraw_changed(self._drawn)
        else:
            image, pixels = _viewport_picture(view)
            self._draw(pixels, view, Area(0, 0, view.width, view.height), ratio, care)
            self._drawn = _Drawn(image, pixels, view, ratio, care, self._version)
        self._restyled = np.zeros(0, dtype=np.int64)
        return self._drawn.image

    def _shifted(self, old: _Drawn, view: View) -> _Drawn:
        dx, dy = view.left - old.view.left, view.top - old.view.top
        if not dx and not dy:
            return old
        image, pixels = _viewport_picture(view)
        whole = Area(0, 0, view.width, view.height)
        kept = Area(dx, dy, dx + view.width, dy + view.height).meet(whole)
        if kept is not None:
            source = old.pixels[kept.y0 - dy : kept.y1 - dy, kept.x0 - dx : kept.x1 - dx]
            pixels[kept.y0 : kept.y1, kept.x0 : kept.x1] = source
        for strip in _around(kept, whole) if kept is not None else [whole]:
            self._draw(pixels, view, strip, old.ratio, old.care)
        return replace(old, image=image, pixels=pixels, view=view)

    def _redraw_changed(self, drawn: _Drawn) -> None:
        view, reach = drawn.view, round(_REACH * drawn.ratio)
        for x0, y0, x1, y1 in self._boxes[self._restyled].tolist():
            left, top = view.to_view(x0, y0)
            right, bottom = view.to_view(x1, y1)
            box = Area(int(left) - reach, int(top) - reach, int(right) + reach, int(bottom) + reach)
            area = box.meet(Area(0, 0, view.width, view.height))
            if area is not None:
                self._draw(drawn.pixels, view, area, drawn.ratio, drawn.care)

    def _draw(self, pixels: Buffer, view: View, area: Area, ratio: float, care: Care) -> None:
        """Draw what lies in an area of the viewport into an array of the whole viewport."""
        reach = round(_REACH * ratio)
        # Drawn with a margin and cut, so that a line at the border of a strip looks as in the whole.
        buffer = np.zeros((area.height + 2 * reach, area.width + 2 * reach, 4), dtype=np.uint8)
        x, y = view.left - area.x0 + reach, view.top - area.y0 + reach
        seen = self._seen(view, x - view.left, y - view.top, buffer.shape)
        if seen.any():
            assert self._contours is not None
            placed = self._contours.placed(seen, scale=view.scale, x=x, y=y, care=care)
            raster = self._raster(view) if care is Care.CROWD else None
            if self._opacity > 0 and raster is not None:
                self._fill_crowd(buffer[reach:-reach, reach:-reach], raster, view, area)
            elif self._opacity > 0:
                self._fill(buffer, placed, view.scale)
            if self._outlines_shown:
                self._stroke(buffer, placed, ratio, care)
        inside = buffer[reach : reach + area.height, reach : reach + area.width]
        pixels[area.y0 : area.y1, area.x0 : area.x1] = inside

    def _fill_colors(self) -> tuple[list[Color], IntArray]:
        """Colours of the inside, and which of them each mask has, (n,); the last is none."""
        colors = [_premultiplied(c, self._opacity) for c in (*self._palette, self._selected)]
        count = len(self._palette)
        which = np.where(self.styles == MaskStyle.SELECTED, count, self._colors)
        which[(self.styles == MaskStyle.HIDDEN) | (self.styles == MaskStyle.FADED)] = count + 1
        return [*colors, (0, 0, 0, 0)], which

    def _fill(self, buffer: Buffer, placed: Placed, scale: float) -> None:
        colors, which = self._fill_colors()
        large = (self._boxes[:, 2:] - self._boxes[:, :2]).max(axis=1) * scale >= _SMALLEST_FILL
        # The largest first, so that a mask within another is seen.
        for index, pieces in placed.by_mask(large & (which < len(colors) - 1), -self._areas):
            fill(buffer, pieces, colors[which[index]])

    def _raster(self, view: View) -> npt.NDArray[np.float32] | None:
        """Whose each place is, for a view of so many masks that filling one by one takes too long."""
        assert self._contours is not None
        scale = 2.0 ** -max(0, floor(-log2(view.scale)))
        shape = (ceil(view.image_height * scale), ceil(view.image_width * scale))
        if shape[0] * shape[1] > _LARGEST_RASTER:
            return None
        shown = self.styles != MaskStyle.HIDDEN
        key = (self._contours, scale, shown.tobytes())
        if self._owners is None or self._owners[0] != key:
            owners = self._contours.owners(shown, -self._areas, scale=scale, shape=shape)
            self._owners = (key, owners)
        return self._owners[1]

    def _fill_crowd(self, buffer: Buffer, raster: npt.NDArray[np.float32], view: View, area: Area) -> None:
        """Fill an area of the viewport, whose array buffer is, by looking up whose each pixel is."""
        part = image_area(view)
        part = None if part is None else part.meet(area)
        if part is None:
            return
        colors, which = self._fill_colors()
        numbers = np.array(colors, dtype=np.uint8).view(np.uint32)[:, 0]
        of_owner = numbers[np.concatenate(([len(colors) - 1], which))]
        owner = sampled(raster, view, part).astype(np.int64)
        target = buffer[part.y0 - area.y0 : part.y1 - area.y0, part.x0 - area.x0 : part.x1 - area.x0]
        target.view(np.uint32)[..., 0] = of_owner[owner]

    def _stroke(self, buffer: Buffer, placed: Placed, ratio: float, care: Care) -> None:
        line = max(1, round(_LINE * ratio)) if care is Care.FINE else max(1, int(ratio))
        bold = max(2, round(_BOLD * ratio))
        rim = 2 * max(1, round(_RIM * ratio))
        normal = self.styles == MaskStyle.NORMAL
        faded = placed.of(self.styles == MaskStyle.FADED)
        selected = placed.of(self.styles == MaskStyle.SELECTED)
        stroke(buffer, faded, _premultiplied(_FADED, _FADED_ALPHA), width=line, care=care)
        if care is not Care.CROWD:
            dark = _premultiplied(QColor(0, 0, 0), _RIM_ALPHA)
            stroke(buffer, placed.of(normal), dark, width=line + rim, care=Care.CROWD)
        for place, color in enumerate(self._palette):
            contours = placed.of(normal & (self._colors == place))
            stroke(buffer, contours, _premultiplied(color, 1), width=line, care=care)
        if care is not Care.CROWD:
            light = _premultiplied(QColor(255, 255, 255), _SELECTED_RIM_ALPHA)
            rim_care = care if care is Care.FINE else Care.CROWD
            stroke(buffer, selected, light, width=bold + rim, care=rim_care)
        stroke(buffer, selected, _premultiplied(self._selected, 1), width=bold, care=care)

    def _seen(self, view: View, dx: int, dy: int, shape: tuple[int, ...]) -> BoolArray:
        """Which masks may show in a picture of (h, w) whose (0, 0) lies dx, dy left of and above the viewport's."""
        height, width = shape[:2]
        x0, y0, x1, y1 = self._boxes.T
        x, y, scale = view.left + dx, view.top + dy, view.scale
        seen: BoolArray = (self.styles != MaskStyle.HIDDEN) & (x1 > x0)
        seen &= (x0 * scale + x - _REACH < width) & (x1 * scale + x + _REACH > 0)
        seen &= (y0 * scale + y - _REACH < height) & (y1 * scale + y + _REACH > 0)
        return seen

    def number_places(self, view: View, ratio: float) -> list[NumberPlace]:
        """The numbers of masks in sight, the largest mask first, and where they stand. ratio: as in `picture`."""
        seen = self._seen(view, 0, 0, (view.height, view.width))
        numbered = np.flatnonzero((self.numbers != 0) & seen)
        if len(numbered) > _ALL_NUMBERS:
            side = (self._boxes[numbered, 2:] - self._boxes[numbered, :2]).min(axis=1) * view.scale
            numbered = numbered[side >= _NUMBER_ROOM * ratio]
        numbered = numbered[np.argsort(-self._areas[numbered], kind="stable")[:_MOST_NUMBERS]]
        middle = (self._boxes[numbered, :2] + self._boxes[numbered, 2:]) / 2 * view.scale
        return [
            NumberPlace(number, x + view.left, y + view.top)
            for number, (x, y) in zip(self.numbers[numbered].tolist(), middle.tolist(), strict=True)
        ]


def _premultiplied(color: QColor, alpha: float) -> Color:
    return fill_color(color.red(), color.green(), color.blue(), alpha)


def _viewport_picture(view: View) -> tuple[QImage, Buffer]:
    return new_buffer(view.width, view.height, QImage.Format.Format_ARGB32_Premultiplied)


def _around(inner: Area, whole: Area) -> list[Area]:
    """What of a whole lies around a part that touches at least one corner of it."""
    strips = (
        Area(whole.x0, whole.y0, whole.x1, inner.y0),
        Area(whole.x0, inner.y1, whole.x1, whole.y1),
        Area(whole.x0, inner.y0, inner.x0, inner.y1),
        Area(inner.x1, inner.y0, whole.x1, inner.y1),
    )
    return [strip for strip in strips if strip.width > 0 and strip.height > 0]


def _spread_colors(boxes: IntArray, count: int) -> IntArray:
    """A colour for each mask, (n,) 0..count-1, so that neighbours mostly differ, whatever their order.

    Cells of a grid about as large as the masks get colours as a knight moves, so that the eight cells around
    one differ from it; masks that share a cell take the next ones.
    """
    if not len(boxes):
        return np.zeros(0, dtype=np.int64)
    side = np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1))
    # A power of two: the colours stay when a few masks are added.
    cell = 2 ** max(1, round(float(np.log2(max(side, 1)))))
    column, row = ((boxes[:, :2] + boxes[:, 2:]) // 2 // cell).T
    key = row * (column.max() + 1) + column
    order = np.argsort(key, kind="stable")
    first = np.concatenate(([True], key[order][1:] != key[order][:-1]))
    start = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - start
    colors: IntArray = (column + 2 * row + rank) % count
    return colors
