"""Zeiss CZI, through Zeiss' own library pylibCZIrw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pylibCZIrw import czi

from samhq.errors import ImageReadError
from samhq.images.readers.czi_structure import check_czi
from samhq.images.readers.model import (
    Box,
    OpenedReader,
    PlaneAt,
    Scene,
    check_count,
    checked,
    one_length,
    square_pixel_um,
)

__all__ = ["CziReader"]

_TYPES = {
    "Gray8": "uint8",
    "Gray16": "uint16",
    "Gray32Float": "float32",
    "Bgr24": "uint8",
    "Bgr48": "uint16",
    "Bgr96Float": "float32",
}
_OTHER_AXES = {"R": "rotations", "I": "illuminations", "H": "phases", "V": "views", "B": "acquisition blocks"}
_SMALLEST_LEVEL = 256
# A picture that is only looked at for gaps between its tiles has no more pixels along an edge than this.
_GLANCE = 512


class CziReader(OpenedReader):
    """One CZI file. Scenes that overlap on the slide are read apart; a mosaic is put together from its tiles."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        facts = path.stat()
        self._blocks, self._is_mosaic = check_czi(path, facts.st_size, facts.st_mtime_ns)
        self._session = czi.open_czi(str(path))
        try:
            self._file = self._session.__enter__()
        except RuntimeError as error:
            if "Not enough data" not in str(error):
                raise
            raise ImageReadError(f"{path.name}: ends in the middle; copy it again") from error
        try:
            box = self._file.total_bounding_box
            one_length(
                {_OTHER_AXES[a]: b - f for a, (f, b) in box.items() if a in _OTHER_AXES}, name=path.name
            )
            self._first = {axis: box.get(axis, (0, 1))[0] for axis in "CZT"}
            self._rectangles = self._scene_rectangles()
            self._scenes = tuple(self._describe(box))
        except BaseException:
            self.close()
            raise

    def read(self, at: PlaneAt, *, level: int = 0, region: Box | None = None) -> NDArray[Any]:
        """Pixels of one plane; see Reader."""
        _, box = checked(self._scenes, at, level=level, region=region, name=self._name)
        values = self._pixels(at, box, level=level)
        if values.ndim == 2:
            return values
        return np.ascontiguousarray(values[..., ::-1])  # the library gives BGR

    def notes(self, at: PlaneAt) -> tuple[str, ...]:
        """Whether a mosaic has gaps between its tiles.

        Raises ImageReadError where no pixels are stored for the plane: scenes may differ in their planes.
        """
        planes = sum(len(scene.channels) * scene.z * scene.t for scene in self._scenes)
        if not self._is_mosaic and self._blocks >= planes:
            return ()  # a second look would cost as much as reading
        scene = self._scenes[at.scene]
        level = next(
            (i for i, size in enumerate(scene.levels) if max(size) <= _GLANCE), len(scene.levels) - 1
        )
        box = (0, 0, *scene.levels[level])
        on_black = self._pixels(at, box, level=level, ground=0.0)
        on_white = self._pixels(at, box, level=level, ground=1.0)
        part = float(np.mean(on_black != on_white))
        if not part:
            return ()
        if part == 1:
            raise ImageReadError(
                f"{self._name}: no pixels are stored for plane {at.tag}; choose another plane"
            )
        color = "white" if scene.is_color else "black"
        return (f"about {100 * part:.1f}% of the picture lies between its tiles and was taken for {color}",)

    def close(self) -> None:
        """Close the file."""
        self._session.__exit__(None, None, None)

    def _pixels(self, at: PlaneAt, box: Box, *, level: int, ground: float | None = None) -> NDArray[Any]:
        """(h, w) or BGR (h, w, 3). ground: 0 black or 1 white, for what lies between tiles."""
        number, (left, top) = self._rectangles[at.scene]
        x0, y0, x1, y1 = box
        scale = 2**level
        scene = self._scenes[at.scene]
        white = 1.0 if scene.is_color else 0.0
        shade = white if ground is None else ground
        roi = (
            left + x0 * scale,
            top + y0 * scale,
            min((x1 - x0) * scale, scene.width - x0 * scale),
            min((y1 - y0) * scale, scene.height - y0 * scale),
        )
        places = {"C": at.channel, "Z": at.z, "T": at.t}
        plane = {axis: self._first[axis] + place for axis, place in places.items()}
        values: NDArray[Any] = self._file.read(
            roi=roi,
            plane=plane,
            scene=number,
            zoom=None if level == 0 else 1 / scale,
            background_pixel=(shade, shade, shade),
        )
        values = values[: y1 - y0, : x1 - x0]
        return values[..., 0] if values.shape[2] == 1 else values

    def _scene_rectangles(self) -> tuple[tuple[int | None, tuple[int, int]], ...]:
        """Number of each scene for the library, None in a file without any, and its corner on the slide."""
        found = self._file.scenes_bounding_rectangle
        if found:
            return tuple((number, (r.x, r.y)) for number, r in sorted(found.items()))
        whole = self._file.total_bounding_rectangle
        return ((None, (whole.x, whole.y)),)

    def _describe(self, box: dict[str, tuple[int, int]]) -> Iterator[Scene]:
        lengths = {axis: box[axis][1] - box[axis][0] if axis in box else 1 for axis in "CZT"}
        check_count(
            self._name, channels=lengths["C"], z=lengths["Z"], t=lengths["T"], scenes=len(self._rectangles)
        )
        kinds = [self._file.get_channel_pixel_type(self._first["C"] + c) for c in range(lengths["C"])]
        unknown = next((kind for kind in kinds if kind not in _TYPES), None)
        if unknown is not None:
            raise ImageReadError(
                f"{self._name}: pixels of the type {unknown} are not read; export it as OME-TIFF"
            )
        facts = _Facts(self._file.metadata, channels=lengths["C"])
        rectangles = self._file.scenes_bounding_rectangle or {None: self._file.total_bounding_rectangle}
        for number, _ in self._rectangles:
            area = rectangles[number]
            yield Scene(
                name=facts.scene_names.get(number or 0, ""),
                width=area.w,
                height=area.h,
                channels=facts.channels,
                dtypes=tuple(_TYPES[kind] for kind in kinds),
                bits=facts.bits,
                z=lengths["Z"],
                t=lengths["T"],
                is_color=all(kind.startswith("Bgr") for kind in kinds),
                pixel_size_um=facts.pixel_size_um,
                levels=tuple(_levels(area.w, area.h)),
            )


def _levels(width: int, height: int) -> Iterator[tuple[int, int]]:
    """The library scales by any factor; halves are what its files hold."""
    yield width, height
    while max(width, height) > _SMALLEST_LEVEL:
        width, height = width // 2, height // 2
        if not width or not height:
            return
        yield width, height


class _Facts:
    """What the XML of a CZI file says. It may lack any part."""

    def __init__(self, metadata: Any, *, channels: int) -> None:
        root = _under(metadata, "ImageDocument", "Metadata")
        image = _under(root, "Information", "Image")
        described = _listed(_under(image, "Dimensions", "Channels", "Channel"))
        names = [str(entry.get("@Name") or entry.get("Fluor") or "") for entry in described]
        self.channels = tuple((names + [""] * channels)[:channels])
        bits = [_whole(entry.get("ComponentBitCount")) for entry in described]
        self.bits = bits[0] if bits and len(set(bits)) == 1 else 0
        edges = {
            str(entry.get("@Id")): _metres(entry.get("Value"))
            for entry in _listed(_under(root, "Scaling", "Items", "Distance"))
        }
        self.pixel_size_um = square_pixel_um(edges.get("X"), edges.get("Y"))
        self.scene_names = {
            _whole(entry.get("@Index")): str(entry.get("@Name") or "")
            for entry in _listed(_under(image, "Dimensions", "S", "Scenes", "Scene"))
        }


def _under(tree: Any, *names: str) -> Any:
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _listed(entry: Any) -> list[dict[str, Any]]:
    entries = entry if isinstance(entry, list) else [entry]
    return [e for e in entries if isinstance(e, dict)]


def _whole(text: Any) -> int:
    try:
        return int(text)
    except (TypeError, ValueError):
        return 0


def _metres(text: Any) -> float | None:
    try:
        return float(text) * 1e6
    except (TypeError, ValueError):
        return None
