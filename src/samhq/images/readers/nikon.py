"""Nikon ND2, through the library nd2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nd2
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

__all__ = ["Nd2Reader"]

_KNOWN = {"P", "T", "Z", "C", "Y", "X", "S"}


class Nd2Reader(OpenedReader):
    """One ND2 file; its stage positions are the scenes."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._file = nd2.ND2File(path)
        try:
            sizes = dict(self._file.sizes)
            one_length(
                {f"entries of the axis {a}": n for a, n in sizes.items() if a not in _KNOWN}, name=path.name
            )
            self._sizes = sizes
            counts = {"channels": "C", "z": "Z", "t": "T", "scenes": "P"}
            check_count(path.name, **{word: sizes.get(axis, 1) for word, axis in counts.items()})
            self._loops = [axis for axis in sizes if axis in "PTZ"]
            self._scenes = self._describe()
        except BaseException as error:
            self.close()
            # The library has no error of its own for a file without its end.
            if isinstance(error, Exception) and "ChunkMap" in str(error):
                raise ImageReadError(
                    f"{path.name}: ends in the middle: its list of planes is missing; the recording or the copy "
                    "broke off, copy it again"
                ) from error
            raise

    def read(self, at: PlaneAt, *, level: int = 0, region: Box | None = None) -> NDArray[Any]:
        """Pixels of one plane; see Reader. Frames lie open on the disk, so a region reads little else."""
        scene, (x0, y0, x1, y1) = checked(self._scenes, at, level=level, region=region, name=self._name)
        frame = self._frame(self._number(at))
        count = len(scene.channels)
        frame = frame.reshape((count, scene.height, scene.width, 3 if scene.is_color else 1))
        values = frame[at.channel, y0:y1, x0:x1]
        return np.array(values if scene.is_color else values[..., 0])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _number(self, at: PlaneAt) -> int:
        """Place of a frame in the file: its loops in the order in which they were recorded."""
        places = {"P": at.scene, "T": at.t, "Z": at.z}
        number = 0
        for axis in self._loops:
            number = number * self._sizes[axis] + places[axis]
        return number

    def _frame(self, number: int) -> NDArray[Any]:
        frame: NDArray[Any] = self._file.read_frame(number)
        # The library gives zeros for a frame that the file lacks, as after a broken-off recording or copy.
        if not frame.any() and not self._has_frame(number):
            raise ImageReadError(
                f"{self._name}: plane {number + 1} of the recording is not in the file; the recording or the copy "
                "broke off, copy it again"
            )
        return frame

    def _has_frame(self, number: int) -> bool:
        offsets = getattr(getattr(self._file, "_rdr", None), "_frame_offsets", None)
        if not isinstance(offsets, dict):
            return True
        offset = offsets.get(number)
        return offset is not None and offset < Path(self._file.path).stat().st_size

    def _describe(self) -> tuple[Scene, ...]:
        facts = self._file.attributes
        size = self._file.voxel_size()
        is_color = self._file.is_rgb
        count = self._sizes.get("C", 1)
        names = self._channel_names()
        bits = int(facts.bitsPerComponentSignificant or 0)
        scene = Scene(
            name="",
            width=int(facts.widthPx or 0),
            height=int(facts.heightPx),
            channels=tuple((names + [""] * count)[:count]),
            dtypes=(self._file.dtype.name,) * count,
            bits=bits if self._file.dtype.kind in "ui" else 0,
            z=self._sizes.get("Z", 1),
            t=self._sizes.get("T", 1),
            is_color=is_color,
            # 1 stands in files that were never calibrated.
            pixel_size_um=square_pixel_um(size.x, size.y) if (size.x, size.y) != (1.0, 1.0) else None,
            levels=((int(facts.widthPx or 0), int(facts.heightPx)),),
        )
        return tuple(scene for _ in range(int(self._sizes.get("P", 1))))

    def _channel_names(self) -> list[str]:
        channels = getattr(self._file.metadata, "channels", None) or []
        return [str(channel.channel.name or "") for channel in channels]
