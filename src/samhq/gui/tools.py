"""What a press, moves and a release over the image mean in each mode: state machines without widgets.

Positions come twice: `at`, device pixels of the viewport, in which small movements of a hand are judged, and
`place`, image coordinates, in which results are given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

__all__ = [
    "BoxDrawn",
    "CanvasMode",
    "Clicked",
    "CutDrawn",
    "Gesture",
    "Outcome",
    "Panned",
    "RegionDrawn",
    "StrokeDrawn",
    "brush_step",
    "clipped_box",
    "polygon_area",
]

Point = tuple[float, float]
FloatArray = npt.NDArray[np.float64]

_CLICK_PX = 4.0
"""A hand that clicks moves the pointer by no more than this, in pixels of the screen at 100 % scaling."""

_STEP_PX = 1.5
"""Points of a drawn line closer than this tell nothing."""

SMALLEST_RADIUS, LARGEST_RADIUS = 0.5, 2000.0


class CanvasMode(StrEnum):
    """What the left button does."""

    SELECT = "select"
    RECTANGLE = "rectangle"
    LASSO = "lasso"
    POINT = "point"
    BOX = "box"
    BRUSH = "brush"
    ERASER = "eraser"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Clicked:
    """A click at `place`, image coordinates."""

    place: Point


@dataclass(frozen=True, slots=True)
class Panned:
    """The image follows the hand by so many device pixels."""

    dx: float
    dy: float


@dataclass(frozen=True, slots=True)
class RegionDrawn:
    """A closed polygon, (k, 2) float64 in image coordinates."""

    polygon: FloatArray


@dataclass(frozen=True, slots=True)
class BoxDrawn:
    """A rectangle by two opposite corners in image coordinates."""

    start: Point
    stop: Point


@dataclass(frozen=True, slots=True)
class StrokeDrawn:
    """The way of a round brush, (k, 2) float64 in image coordinates, k >= 1."""

    points: FloatArray
    erase: bool


@dataclass(frozen=True, slots=True)
class CutDrawn:
    """A line across a mask, (k, 2) float64 in image coordinates, k >= 2."""

    points: FloatArray


Outcome = Clicked | RegionDrawn | BoxDrawn | StrokeDrawn | CutDrawn

_STROKES = (CanvasMode.BRUSH, CanvasMode.ERASER)
_PANNING = (CanvasMode.SELECT, CanvasMode.POINT)


@dataclass(slots=True)
class Gesture:
    """One press of a button until its release.

    mode: what the button does. pans: a drag moves the image (space, middle button), whatever the mode.
    ratio: device pixels in a pixel of the screen at 100 % scaling.
    points: image coordinates passed so far, the first is where the button went down.
    """

    mode: CanvasMode
    at: Point
    place: Point
    pans: bool = False
    ratio: float = 1.0
    points: list[Point] = field(default_factory=list)
    dragged: bool = False
    _last: Point = (0.0, 0.0)

    def __post_init__(self) -> None:
        self.points = [self.place]
        self._last = self.at

    @property
    def moves_image(self) -> bool:
        """Whether a drag moves the image rather than draws."""
        return self.pans or self.mode in _PANNING

    def move(self, at: Point, place: Point) -> Panned | None:
        """The pointer moved with the button down. Returns how far the image moves, None while drawing."""
        if not self.dragged and math.dist(at, self.at) > self.slack:
            self.dragged = True
        if self.moves_image:
            if not self.dragged:
                return None
            moved = Panned(at[0] - self._last[0], at[1] - self._last[1])
            self._last = at
            return moved
        if math.dist(at, self._last) >= _STEP_PX * self.ratio:
            self.points.append(place)
            self._last = at
        elif len(self.points) > 1:
            self.points[-1] = place
        return None

    @property
    def slack(self) -> float:
        """Device pixels a click may move; none where every pixel counts or the image is to be moved."""
        return 0.0 if self.pans or self.mode in _STROKES else _CLICK_PX * self.ratio

    def release(self, at: Point, place: Point) -> Outcome | None:
        """The button went up. Returns what was meant, None if nothing (the image was moved)."""
        self.move(at, place)
        if self.mode in _STROKES and not self.pans:
            return StrokeDrawn(self.line(place), erase=self.mode is CanvasMode.ERASER)
        if self.moves_image or not self.dragged:
            return None if self.pans or self.dragged else Clicked(self.place)
        if self.mode is CanvasMode.RECTANGLE:
            return RegionDrawn(_rectangle(self.place, place))
        if self.mode is CanvasMode.BOX:
            return BoxDrawn(self.place, place)
        line = self.line(place)
        if self.mode is CanvasMode.CUT:
            return CutDrawn(line)
        return RegionDrawn(line) if polygon_area(line) > 0 else None

    def line(self, place: Point | None = None) -> FloatArray:
        """The way so far, (k, 2) float64. place: where the pointer is now, if not yet among the points."""
        points = list(self.points)
        if place is not None and points[-1] != place:
            points.append(place)
        return np.array(points, dtype=np.float64)


def _rectangle(start: Point, stop: Point) -> FloatArray:
    (x0, y0), (x1, y1) = start, stop
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)


def polygon_area(points: FloatArray) -> float:
    """Area inside a closed polygon, (k, 2), without regard to its direction; 0 for fewer than three points."""
    x, y = points.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def clipped_box(start: Point, stop: Point, *, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The half-open box of the pixels that a rectangle touches, inside an image; None if it touches none.

    start, stop: opposite corners in image coordinates.
    """
    x0, x1 = sorted((start[0], stop[0]))
    y0, y1 = sorted((start[1], stop[1]))
    left, top = max(0, math.floor(x0)), max(0, math.floor(y0))
    right, bottom = min(width, math.ceil(x1)), min(height, math.ceil(y1))
    return (left, top, right, bottom) if left < right and top < bottom else None


def brush_step(radius: float, steps: int) -> float:
    """The next larger (steps > 0) or smaller radius of the brush in image pixels, about a sixth a step."""
    for _ in range(abs(steps)):
        change = max(0.5, round(radius / 6 * 2) / 2)
        radius += math.copysign(change, steps)
    return min(max(radius, SMALLEST_RADIUS), LARGEST_RADIUS)
