"""Leica LIF, through the library liffile."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import liffile
import numpy as np
from numpy.typing import NDArray

from samhq.errors import ImageReadError
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

__all__ = ["LifReader"]

# Spectral axes: wavelength of emission and of excitation. Each of their entries is a channel.
_SPECTRAL = ("λ", "Λ")
_CHANNEL_AXES = ("C", *_SPECTRAL)


class _Layout:
    """Which axis of one image of the collection stands for what.

    A scan may run in x and z, or have y as its slow axis: the last two axes are the picture, and the third axis
    of space counts as slices.
    """

    def __init__(self, image: Any, name: str) -> None:
        self.image = image
        self._name = name
        self.sizes: dict[str, int] = dict(image.sizes)
        axes = list(image.dims)
        self.is_color = axes[-1] == "S"
        if self.is_color and self.sizes["S"] != 3:
            raise ImageReadError(
                f"{name}: {image.name} has {self.sizes['S']} samples a pixel and is no colour picture"
            )
        inner = axes[:-1] if self.is_color else axes
        self.rows, self.columns = inner[-2:]
        outer = inner[:-2]
        self.channels = [axis for axis in outer if axis in _CHANNEL_AXES]
        space = [axis for axis in outer if axis in ("X", "Y", "Z")]
        self.z = space[0] if space else ""
        rest = [axis for axis in outer if axis not in (*self.channels, self.z, "T")]
        one_length(
            {f"entries of the axis {axis}": self.sizes[axis] for axis in rest}, name=f"{name}: {image.name}"
        )

    def indices(self, at: PlaneAt) -> dict[str, int]:
        """The place of a plane in the library's words."""
        found: dict[str, int] = {}
        left = at.channel
        for axis in reversed(self.channels):
            left, found[axis] = divmod(left, self.sizes[axis])
        if self.z:
            found[self.z] = at.z
        if "T" in self.sizes:
            found["T"] = at.t
        return found

    def scene(self, path_in_file: str) -> Scene:
        """What the image holds."""
        count = math.prod(self.sizes[axis] for axis in self.channels)
        check_count(self._name, channels=count, z=self.sizes.get(self.z, 1), t=self.sizes.get("T", 1))
        width, height = self.sizes[self.columns], self.sizes[self.rows]
        return Scene(
            name=path_in_file,
            width=width,
            height=height,
            channels=tuple(self._names(count)),
            dtypes=(np.dtype(self.image.dtype).name,) * count,
            z=self.sizes.get(self.z, 1),
            t=self.sizes.get("T", 1),
            is_color=self.is_color,
            pixel_size_um=square_pixel_um(self._step_um(self.columns), self._step_um(self.rows)),
            levels=((width, height),),
        )

    def _names(self, count: int) -> list[str]:
        """Wavelengths of a spectral scan; the file names no channels."""
        axes = [axis for axis in self.channels if axis in _SPECTRAL]
        if len(axes) != 1 or len(self.channels) != 1 or axes[0] not in self.image.coords:
            return [""] * count
        return [f"{1e9 * float(metres):.0f} nm" for metres in self.image.coords[axes[0]]]

    def _step_um(self, axis: str) -> float | None:
        places = self.image.coords.get(axis)
        if places is None or len(places) < 2:
            return None
        return abs(float(places[-1]) - float(places[0])) / (len(places) - 1) * 1e6


class LifReader(OpenedReader):
    """One LIF file; the images of the collection are the scenes."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._file = liffile.LifFile(path)
        try:
            images = [image for image in self._file.images if len(image.dims) >= 2 and image.size]
            if not images:
                raise ImageReadError(f"{path.name}: holds no picture; save it again")
            self._layouts = [_Layout(image, path.name) for image in images]
            self._scenes = tuple(layout.scene(str(layout.image.name)) for layout in self._layouts)
        except BaseException:
            self.close()
            raise

    def read(self, at: PlaneAt, *, level: int = 0, region: Box | None = None) -> NDArray[Any]:
        """Pixels of one plane; see Reader. The plane is read whole, other planes are not touched."""
        scene, (x0, y0, x1, y1) = checked(self._scenes, at, level=level, region=region, name=self._name)
        layout = self._layouts[at.scene]
        frame = self._frame(layout, at)
        expected = (scene.height, scene.width, 3) if scene.is_color else (scene.height, scene.width)
        if frame.shape != expected:
            raise ImageReadError(
                f"{self._name}: plane {at.tag} holds {frame.shape} values where {expected} are announced; "
                "copy it again"
            )
        return np.ascontiguousarray(frame[y0:y1, x0:x1])

    def _frame(self, layout: _Layout, at: PlaneAt) -> NDArray[Any]:
        try:
            return np.asarray(layout.image.frame(**layout.indices(at)))
        except (OSError, LookupError) as error:
            if isinstance(error, OSError) and error.errno:
                raise  # the disk, not the file
            raise ImageReadError(
                f"{self._name}: ends in the middle: plane {at.tag} is cut off; copy it again"
            ) from error

    def notes(self, at: PlaneAt) -> tuple[str, ...]:
        """That a scan does not show x and y."""
        layout = self._layouts[at.scene]
        if (layout.columns, layout.rows) == ("X", "Y"):
            return ()
        return (f"its rows run along {layout.rows} and its columns along {layout.columns}",)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
