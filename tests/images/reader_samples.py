"""Microscopy files for the tests: written by libraries that know nothing of samhq."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

RNG = np.random.default_rng(11)
# time, z, channel, y, x
PLANES = RNG.integers(0, 4096, (2, 3, 2, 41, 57), dtype=np.uint16)
CHANNELS = ["DAPI", "GFP"]


def written_czi(path: Path, scenes: int = 1, **options: Any) -> NDArray[Any]:
    """A CZI file by Zeiss' own library. Returns (scenes, t, z, c, y, x)."""
    from pylibCZIrw import czi

    values = np.stack([PLANES + 16 * scene for scene in range(scenes)])
    with czi.create_czi(str(path), **options) as file:
        for scene, t, z, c in np.ndindex(values.shape[:4]):
            file.write(
                values[scene, t, z, c][..., None],
                location=(scene * 100 - 30, scene * 7 - 20),
                plane={"T": t, "Z": z, "C": c},
                scene=scene,
            )
        file.write_metadata(channel_names=dict(enumerate(CHANNELS)), scale_x=0.25e-6, scale_y=0.25e-6)
    return values


def written_ome(path: Path, **options: Any) -> Path:
    """An OME-TIFF of two channels, three slices and two times."""
    facts = {
        "axes": "TZCYX",
        "PhysicalSizeX": 250.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 250.0,
        "PhysicalSizeYUnit": "nm",
        "Channel": {"Name": CHANNELS},
    }
    tifffile.imwrite(path, PLANES, photometric="minisblack", metadata=facts, **options)
    return path


def written_pyramid(
    path: Path, base: NDArray[Any], *, description: str | None, levels: int = 3
) -> list[NDArray[Any]]:
    """A tiled pyramid of RGB as slide scanners write it, with odd sizes. Returns its levels."""
    made = [base]
    for _ in range(levels - 1):
        last = made[-1]
        made.append(np.ascontiguousarray(last[: last.shape[0] // 2 * 2 : 2, : last.shape[1] // 2 * 2 : 2]))
    options: dict[str, Any] = {"photometric": "rgb", "tile": (64, 64), "metadata": None}
    with tifffile.TiffWriter(path) as writer:
        writer.write(made[0], description=description, compression="zlib", **options)
        if description is not None:  # Aperio: the thumbnail is the second page
            writer.write(made[-1], photometric="rgb", metadata=None, rowsperstrip=16)
        for level in made[1:]:
            writer.write(
                level,
                description=description,
                compression="zlib",
                subfiletype=0 if description else 1,
                **options,
            )
    return made


APERIO = (
    "Aperio Image Library v10.0.51\r\n211x173 [0,0 211x173] (64x64) J2K/KDU Q=70|AppMag = 20|MPP = 0.4990"
)
