"""Masks and what else lies over an image: highlighted levels, a mask in the making and its prompts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PyQt6.QtGui import QColor, QImage, QPainter
from PyQt6.QtWidgets import QWidget

from samhq.gui import theme
from samhq.gui.canvas_base import ImageView
from samhq.gui.canvas_contours import fill_color
from samhq.gui.canvas_image import Area, highlight, preview
from samhq.gui.canvas_marks import number_font, paint_numbers, paint_prompts
from samhq.gui.canvas_view import View
from samhq.gui.overlay import MaskOverlay

if TYPE_CHECKING:
    from samhq.masks import MaskTable
    from samhq.outlines import Outlines

__all__ = ["LayeredView"]

_HIGHLIGHT = QColor("#00C896")
_HIGHLIGHT_ALPHA = 0.75
_PREVIEW = QColor("#00B4FF")
_PREVIEW_ALPHA = 0.35

_Picture = tuple[QImage, Area] | None


class LayeredView(ImageView):
    """An image with layers over it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        colors = theme.colors()
        self._overlay = MaskOverlay(colors.selected, colors.palette)
        self._masks_visible = True
        self._bare = False
        self._highlight: tuple[int, int] | None = None
        self._preview: npt.NDArray[np.bool_] | None = None
        self._kept: dict[str, tuple[object, _Picture]] = {}
        self._prompts: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]] | None = None
        self._prompt_box: tuple[float, float, float, float] | None = None

    # ------------------------------------------------------------------ masks

    def set_masks(self, masks: MaskTable | None, outlines: Outlines | None) -> None:
        """Show other masks, all NORMAL, without numbers. Raises ValueError if only one of the two is given."""
        self._overlay.set_masks(masks, outlines)
        self._port.update()

    def set_styles(self, styles: npt.NDArray[np.integer]) -> None:
        """A MaskStyle for each mask, (n,). Raises ValueError for another length."""
        self._overlay.set_styles(styles)
        self._port.update()

    def set_numbers(self, numbers: npt.NDArray[np.integer]) -> None:
        """A number to write on each mask, (n,), 0 for none. Raises ValueError for another length."""
        self._overlay.set_numbers(numbers)
        self._port.update()

    def set_opacity(self, opacity: float) -> None:
        """How much the inside of masks covers the image, 0..1."""
        self._overlay.opacity = opacity
        self._port.update()

    @property
    def opacity(self) -> float:
        """How much the inside of masks covers the image, 0..1."""
        return self._overlay.opacity

    def show_masks(self, shown: bool) -> None:
        """Show masks, or none of them (key X); masks that are not shown are not hit."""
        self._masks_visible = shown
        self._port.update()

    def show_outlines(self, shown: bool) -> None:
        """Show the lines around masks, or their inside alone (key Z)."""
        self._overlay.outlines_shown = shown
        self._port.update()

    def hit(self, x: int, y: int) -> npt.NDArray[np.int64]:
        """Indices of the masks in sight that cover the pixel (x, y), the smallest first."""
        return self._overlay.hit(x, y) if self._masks_visible else np.zeros(0, dtype=np.int64)

    # ------------------------------------------------------------------ other things over the image

    def set_highlight_range(self, lowest: int | None, highest: int | None) -> None:
        """Colour the pixels whose gray level (see set_levels) is in a range, both included; None for none."""
        self._highlight = None if lowest is None or highest is None else (lowest, highest)
        self._port.update()

    def set_prompts(
        self,
        points: npt.ArrayLike,
        labels: npt.ArrayLike,
        box: tuple[float, float, float, float] | None = None,
    ) -> None:
        """Show clicks for a new mask: points (k, 2) in image coordinates, labels (k,) 1 inside, 0 outside."""
        places = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        signs = np.asarray(labels, dtype=np.int64).reshape(-1)
        if len(places) != len(signs):
            raise ValueError(f"{len(places)} points and {len(signs)} labels, expected as many of both")
        self._prompts = (places, signs)
        self._prompt_box = box
        self._port.update()

    def set_preview(self, mask: npt.NDArray[np.bool_] | None) -> None:
        """Show a mask that is being made, (h, w) bool of the image's size."""
        if mask is not None and mask.shape != self._image_shape():
            raise ValueError(f"mask of shape {mask.shape}, expected {self._image_shape()}")
        self._preview = mask
        self._kept.pop("preview", None)
        self._port.update()

    # ------------------------------------------------------------------ painting

    def _paint_over(self, painter: QPainter, view: View) -> None:
        if self._bare:
            return
        if self._highlight is not None and self._level is not None:
            self._paint_highlight(painter, view, self._highlight)
        if self._masks_visible:
            picture = self._overlay.picture(view, self._ratio)
            if picture is not None:
                self._paint_picture(painter, (picture, Area(0, 0, view.width, view.height)))
        if self._preview is not None:
            self._paint_preview(painter, view)
        if self._masks_visible:
            painter.setFont(number_font(self.font()))
            places = self._overlay.number_places(view, self._ratio)
            paint_numbers(painter, places, self._ratio, theme.colors().selected)
            painter.setFont(self.font())
        if self._prompts is not None:
            paint_prompts(painter, view, self._ratio, *self._prompts, self._prompt_box)

    def _paint_highlight(self, painter: QPainter, view: View, levels: tuple[int, int]) -> None:
        level = self._level
        assert level is not None
        c = _HIGHLIGHT
        color = fill_color(c.red(), c.green(), c.blue(), _HIGHLIGHT_ALPHA)
        key = (self._level_changes, view, levels)
        self._paint_kept(painter, "highlight", key, lambda: highlight(level, view, *levels, color))

    def _paint_preview(self, painter: QPainter, view: View) -> None:
        mask = self._preview
        assert mask is not None
        c, width = _PREVIEW, max(1, round(self._ratio))
        inside = fill_color(c.red(), c.green(), c.blue(), _PREVIEW_ALPHA)
        edge = fill_color(c.red(), c.green(), c.blue())
        key = view
        self._paint_kept(
            painter, "preview", key, lambda: preview(mask, view, inside=inside, edge=edge, width=width)
        )

    def _paint_kept(self, painter: QPainter, name: str, key: object, make: Callable[[], _Picture]) -> None:
        """Paint a picture that is made anew only when its key changes."""
        kept = self._kept.get(name)
        if kept is None or kept[0] != key:
            kept = self._kept[name] = (key, make())
        self._paint_picture(painter, kept[1])

    def _theme_changed(self) -> None:
        colors = theme.colors()
        self._overlay.set_colors(colors.selected, colors.palette)
        super()._theme_changed()
