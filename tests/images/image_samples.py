"""Pictures, writers and plain computations for the tests of this room."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as PilImage

from samhq.images import Image, read_image
from samhq.settings import ImageSettings

PLAIN = ImageSettings()
RNG = np.random.default_rng(5)
GRAY8 = RNG.integers(0, 256, (37, 53), dtype=np.uint8)
RGB8 = RNG.integers(0, 256, (37, 53, 3), dtype=np.uint8)
GRAY16 = RNG.integers(0, 65536, (37, 53), dtype=np.uint16)
RGB16 = RNG.integers(0, 65536, (37, 53, 3), dtype=np.uint16)
SMOOTH8 = cv2.GaussianBlur(cv2.resize(RGB8, (160, 120)), (0, 0), 2)


def luma8(rgb: NDArray[Any]) -> NDArray[Any]:
    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)


def luma16(rgb: NDArray[Any]) -> NDArray[Any]:
    r, g, b = (rgb[..., i].astype(np.float64) for i in range(3))
    return np.rint(0.299 * r + 0.587 * g + 0.114 * b)


def saved(path: Path, array: NDArray[Any], **options: Any) -> Path:
    tifffile.imwrite(path, array, **options)
    return path


def pil_bytes(image: PilImage.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    return png[:33] + png_chunk(kind, body) + png[33:]


def encoded(array: NDArray[Any], suffix: str = ".png") -> bytes:
    if array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(suffix, array)[1])


def read(data: Path | bytes, *, name: str = "", page: int | None = None, **settings: Any) -> Image:
    return read_image(data, ImageSettings(**settings), name=name, page=page)


def check_types(image: Image) -> None:
    assert image.level.dtype == np.uint16
    assert image.rgb.dtype == np.uint8
    assert image.rgb.shape == (image.height, image.width, 3)
    assert image.level.flags.c_contiguous
    assert image.rgb.flags.c_contiguous
    assert image.level.flags.writeable
    assert image.rgb.flags.writeable


def png_of_samples(stored: NDArray[Any]) -> bytes:
    height, width, samples = stored.shape
    depth = 8 * stored.dtype.itemsize
    big = stored.astype(stored.dtype.newbyteorder(">"))
    raw = b"".join(b"\x00" + big[row].tobytes() for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, depth, {1: 0, 2: 4, 3: 2, 4: 6}[samples], 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(raw))
        + png_chunk(b"IEND", b"")
    )


def plain_levels(values: NDArray[Any], black: float, white: float) -> NDArray[Any]:
    return np.rint(np.clip((values.astype(np.float64) - black) / (white - black), 0, 1) * 65535)


TWELVE = RNG.integers(0, 4096, (37, 53), dtype=np.uint16)
STACK = RNG.integers(0, 256, (3, 20, 30), dtype=np.uint8)
