"""From a reader of microscopy files to what the rest of this room takes: planes, and decoded pages."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from samhq.images.model import Stored, check_size
from samhq.images.planes import FilePlanes
from samhq.images.readers import PlaneAt, Scene, open_reader

__all__ = ["decode_plane", "planes_of_file"]


@functools.lru_cache(maxsize=8)
def planes_of_file(path: Path, kind: str, size: int, changed_ns: int) -> FilePlanes:
    """The planes of a file that a reader opens. size, changed_ns: of the file, so that a changed one is read anew.

    Raises ImageReadError where the reader is missing, and whatever its library raises on a damaged file.
    """
    with open_reader(path, kind) as reader:
        return FilePlanes.of_scenes(reader.scenes)


def decode_plane(path: Path, kind: str, name: str, *, planes: FilePlanes, number: int) -> Stored:
    """Decode one page, counted from 1. Raises as planes_of_file does, and where the plane is too large."""
    at = planes.places[number - 1]
    with open_reader(path, kind) as reader:
        scene = reader.scenes[at.scene]
        own = np.dtype(scene.dtypes[at.channel])
        check_size(
            name,
            width=scene.width,
            height=scene.height,
            sample_bytes=own.itemsize * (3 if scene.is_color else 1),
        )
        values = reader.read(at)
        notes = reader.notes(at)
    bits = 8 * values.dtype.itemsize
    return Stored(
        values=np.ascontiguousarray(values, values.dtype.newbyteorder("=")),
        bits=bits,
        stated_bits=scene.bits if 8 <= scene.bits < bits else None,
        mode="gray" if values.ndim == 2 else "rgb",
        page=number,
        pages=planes.count,
        page_name=_page_name(planes, scene, at),
        pixel_size_um=scene.pixel_size_um,
        notes=notes,
    )


def _page_name(planes: FilePlanes, scene: Scene, at: PlaneAt) -> str:
    tag = at.tag if planes.count > 1 else ""
    of_scene = scene.name if len(planes.scenes) > 1 else ""
    return " ".join(part for part in (tag, of_scene, scene.channels[at.channel]) if part)
