"""What every reader of a microscopy file offers: scenes, channels, slices, time points, and lazy pixels."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from samhq.errors import ImageReadError

__all__ = [
    "Box",
    "OpenedReader",
    "PlaneAt",
    "Reader",
    "Scene",
    "check_count",
    "checked",
    "one_length",
    "planes_of",
    "square_pixel_um",
]

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, half-open."""

_MOST_PLANES = 2**22
_MOST_CHANNELS = 2**12

_TAG = re.compile(r"s(\d+)c(\d+)z(\d+)t(\d+)(?: |$)")


@dataclass(frozen=True, slots=True, order=True)
class PlaneAt:
    """Where a plane lies in its file. All four count from 0; texts that users see count from 1."""

    scene: int = 0
    channel: int = 0
    z: int = 0
    t: int = 0

    @property
    def tag(self) -> str:
        """The place as it stands in tables and file names, e.g. "s1c2z4t1", counted from 1."""
        return f"s{self.scene + 1}c{self.channel + 1}z{self.z + 1}t{self.t + 1}"

    @classmethod
    def from_page_name(cls, page_name: str) -> PlaneAt | None:
        """The place that the name of a page begins with; None for a page of a file without such places."""
        found = _TAG.match(page_name)
        numbers = [int(number) - 1 for number in found.groups()] if found else []
        return cls(*numbers) if numbers and min(numbers) >= 0 else None


@dataclass(frozen=True, slots=True)
class Scene:
    """One place on the slide, one image of a collection: its planes share width and height.

    width, height: pixels at full resolution. channels: names, "" where the file gives none. dtypes: stored
    type of each channel. bits: significant bits, 0 where the file does not say. z, t: numbers of slices and of
    time points. is_color: planes are RGB. pixel_size_um: edge of a pixel in micrometres, None where it is not known.
    levels: (width, height) of the pyramid, full resolution first.
    """

    name: str
    width: int
    height: int
    channels: tuple[str, ...] = ("",)
    dtypes: tuple[str, ...] = ("uint8",)
    bits: int = 0
    z: int = 1
    t: int = 1
    is_color: bool = False
    pixel_size_um: float | None = None
    levels: tuple[tuple[int, int], ...] = ()


class Reader(Protocol):
    """An open file. Not for two threads at once. Use it as a context manager."""

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """What the file holds; read from its header, without pixels."""

    def read(self, at: PlaneAt, *, level: int = 0, region: Box | None = None) -> NDArray[Any]:
        """Pixels of one plane as stored: (h, w), or (h, w, 3) in RGB order.

        level: of the pyramid, 0 is full resolution. region: in pixels of that level; without it the whole
        plane. Only what is asked for is decoded where the format allows it.
        Raises ImageReadError for a plane, level or region that is not there, or data that is cut off.
        """

    def notes(self, at: PlaneAt) -> tuple[str, ...]:
        """What a careful user would want to know of a plane, one sentence each."""

    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Reader:
        """The reader itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""


class OpenedReader(ABC):
    """What the readers have in common: the scenes they found when they opened the file, and that they close it."""

    _scenes: tuple[Scene, ...] = ()

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """What the file holds."""
        return self._scenes

    def notes(self, at: PlaneAt) -> tuple[str, ...]:
        """Nothing, where a format gives no reason to doubt a plane."""
        return ()

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Self:
        """The reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()


def planes_of(scenes: Sequence[Scene]) -> tuple[PlaneAt, ...]:
    """All planes of a file in the order of its pages: channels run fastest, then z, then t, then scenes."""
    return tuple(
        PlaneAt(s, c, z, t)
        for s, scene in enumerate(scenes)
        for t in range(scene.t)
        for z in range(scene.z)
        for c in range(len(scene.channels))
    )


def check_count(name: str, *, channels: int, z: int, t: int, scenes: int = 1) -> None:
    """Refuse by its header a file with more planes than any microscope records, before they are listed."""
    count = channels * z * t * scenes
    if channels > _MOST_CHANNELS or count > _MOST_PLANES:
        raise ImageReadError(f"{name}: claims {count:,} planes; it is damaged, copy or save it again")


def checked(
    scenes: Sequence[Scene], at: PlaneAt, *, level: int, region: Box | None, name: str
) -> tuple[Scene, Box]:
    """The scene of a plane and the region to read. Raises ImageReadError where any of them is not there."""
    scene = scenes[at.scene] if 0 <= at.scene < len(scenes) else None
    lengths = (0, 0, 0) if scene is None else (len(scene.channels), scene.z, scene.t)
    if scene is None or not all(0 <= i < n for i, n in zip((at.channel, at.z, at.t), lengths, strict=True)):
        raise ImageReadError(f"{name}: there is no plane {at.tag}; choose one that the file has")
    levels = scene.levels or ((scene.width, scene.height),)
    if not 0 <= level < len(levels):
        raise ImageReadError(f"{name}: has {len(levels)} pyramid levels, so there is no level {level}")
    width, height = levels[level]
    x0, y0, x1, y1 = region or (0, 0, width, height)
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise ImageReadError(
            f"{name}: the region {region} does not lie inside the {width} x {height} pixels of level {level}"
        )
    return scene, (x0, y0, x1, y1)


def square_pixel_um(x: float | None, y: float | None) -> float | None:
    """Edge of a pixel where both edges are known, positive and equal to 0.1 %, else None."""
    for size in (x, y):
        if size is None or not math.isfinite(size) or size <= 0:
            return None
    if x is None or y is None or not math.isclose(x, y, rel_tol=0.001):
        return None
    return float(f"{x:.12g}")  # metres times 10**6 would end in 99999


def one_length(lengths: dict[str, int], *, name: str) -> None:
    """Refuse axes that have no place among scene, channel, z and t. lengths: of each, by its name."""
    further = [f"{length} {axis}" for axis, length in lengths.items() if length > 1]
    if further:
        raise ImageReadError(
            f"{name}: holds {' and '.join(further)}, which are not read; export the planes you need as OME-TIFF"
        )
