"""Which part of an image a viewport shows: zoom, pan and fit as arithmetic without widgets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["MOST_ENLARGED", "View"]

MOST_ENLARGED = 128.0
"""Device pixels an image pixel may take at most."""

_SEEN = 48.0
"""Device pixels of the image that stay in sight, however far it is panned."""

_MARGIN = 0.04
"""Room around a fitted box, in parts of the viewport."""


@dataclass(frozen=True, slots=True)
class View:
    """An image in a viewport. Immutable: each method gives the next view.

    image_width, image_height: pixels of the image.
    width, height: device pixels of the viewport.
    scale: device pixels an image pixel takes.
    x, y: device pixel of the viewport where the upper left corner of the image lies. Kept as fractions so that
        zooming in and out does not drift; what is drawn stands at `left` and `top`.
    """

    image_width: int
    image_height: int
    width: int
    height: int
    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    @property
    def left(self) -> int:
        """The whole device pixel at which the image begins: whole, so that panning only shifts pixels."""
        return math.floor(self.x + 0.5)

    @property
    def top(self) -> int:
        """The whole device pixel at which the image begins."""
        return math.floor(self.y + 0.5)

    @property
    def fit_scale(self) -> float:
        """The scale at which the whole image is just in sight."""
        scale = min(self.width / self.image_width, self.height / self.image_height)
        return min(max(scale, 1e-6), MOST_ENLARGED)

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Image coordinates of a device pixel of the viewport; whole numbers are pixel corners."""
        return (x - self.left) / self.scale, (y - self.top) / self.scale

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """Device pixel of the viewport of image coordinates."""
        return x * self.scale + self.left, y * self.scale + self.top

    def seen(self) -> tuple[float, float, float, float]:
        """The part of the image in sight, x0, y0, x1, y1 in image coordinates; empty (x1 <= x0) if none."""
        x0, y0 = self.to_image(0, 0)
        x1, y1 = self.to_image(self.width, self.height)
        return max(0.0, x0), max(0.0, y0), min(float(self.image_width), x1), min(float(self.image_height), y1)

    def fitted(self) -> View:
        """The whole image, centred."""
        return self.around((0, 0, self.image_width, self.image_height), self.fit_scale)

    def around(self, box: tuple[float, float, float, float], scale: float | None = None) -> View:
        """A box of the image (x0, y0, x1, y1), centred. scale: None for one that shows the box with a margin."""
        x0, y0, x1, y1 = box
        if scale is None:
            room = 1 - 2 * _MARGIN
            across = self.width * room / max(x1 - x0, 1)
            scale = min(across, self.height * room / max(y1 - y0, 1))
        scale = self._allowed(scale)
        x = self.width / 2 - (x0 + x1) / 2 * scale
        y = self.height / 2 - (y0 + y1) / 2 * scale
        return replace(self, scale=scale, x=x, y=y)._kept_in_sight()

    def zoomed(self, factor: float, x: float, y: float) -> View:
        """Enlarged by a factor; what is under the device pixel (x, y) stays there."""
        scale = self._allowed(self.scale * factor)
        ratio = scale / self.scale
        moved = replace(self, scale=scale, x=x - (x - self.x) * ratio, y=y - (y - self.y) * ratio)
        return moved._kept_in_sight()

    def panned(self, dx: float, dy: float) -> View:
        """Moved by device pixels."""
        return replace(self, x=self.x + dx, y=self.y + dy)._kept_in_sight()

    def resized(self, width: int, height: int) -> View:
        """In a viewport of another size, the same place in the middle."""
        dx, dy = (width - self.width) / 2, (height - self.height) / 2
        return replace(self, width=width, height=height, x=self.x + dx, y=self.y + dy)._kept_in_sight()

    def _allowed(self, scale: float) -> float:
        # Far enough out that a fitted image can still shrink, however wide and flat it is.
        least = min(self.fit_scale, 1.0) / 4
        return min(max(scale, least), MOST_ENLARGED)

    def _kept_in_sight(self) -> View:
        return replace(
            self,
            x=_kept(self.x, self.image_width * self.scale, self.width),
            y=_kept(self.y, self.image_height * self.scale, self.height),
        )


def _kept(start: float, length: float, room: int) -> float:
    seen = min(_SEEN, length / 2, room / 2)
    # An image thinner than a device pixel still takes one.
    return min(max(start, seen - length), room - max(seen, 1.0))
