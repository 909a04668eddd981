"""PNG: every chunk is checked before the pixels are decoded, and 16 bits stay 16 bits."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from samhq.errors import ImageReadError
from samhq.images.exif import exif_orientation, profile_note
from samhq.images.model import Stored, check_size

__all__ = ["CV2_MAX_PIXELS", "decode_png"]

# OpenCV refuses more, whatever the memory.
CV2_MAX_PIXELS = 2**30
_CV2_MAX_SIDE = 2**20

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_SAMPLES = {_GRAY: 1, _RGB: 3, _PALETTE: 1, _GRAY_ALPHA: 2, _RGBA: 4}
_DEPTHS = {
    _GRAY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GRAY_ALPHA: (8, 16),
    _RGBA: (8, 16),
}
# What a decoder needs. Everything else (text, gamma, profiles, animation frames) is kept away from it.
_DECODED = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_ONCE = (b"tRNS", b"sBIT", b"eXIf", b"iCCP", b"acTL")


@dataclass(slots=True)
class _Chunks:
    """The chunks of a PNG that matter here."""

    width: int = 0
    height: int = 0
    depth: int = 0
    color: int = 0
    kept: list[memoryview] = field(default_factory=list)
    single: dict[bytes, bytes] = field(default_factory=dict)
    pixel_bytes: int = 0
    notes: list[str] = field(default_factory=list)


def decode_png(data: bytes, name: str) -> Stored:
    """Decode a PNG.

    data: the whole file. name: for errors.
    Raises ImageReadError where the file is damaged or larger than what is read.
    """
    chunks = _parse(data, name)
    _check_header(chunks, name)
    values = _decode_pixels(chunks, name)
    notes = list(chunks.notes)
    if b"acTL" in chunks.single:
        notes.append("animation: only its main picture is used")
    profile = _profile(chunks.single.get(b"iCCP"))
    notes.extend(profile_note(profile))
    color_values, alpha = _split(values, chunks)
    return Stored(
        values=color_values,
        alpha=alpha,
        bits=chunks.depth if chunks.color != _PALETTE else 8,
        stated_bits=_significant_bits(color_values, chunks),
        mode=_mode(chunks, alpha),
        orientation=exif_orientation(chunks.single.get(b"eXIf", b"")),
        notes=tuple(notes),
    )


def _parse(data: bytes, name: str) -> _Chunks:
    view = memoryview(data)
    chunks = _Chunks()
    at = len(_SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise ImageReadError(f"{name}: ends in the middle: damaged or incompletely copied; copy it again")
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data) or length > 2**31 - 1:
            if kind.isalpha():
                raise ImageReadError(
                    f"{name}: ends in the middle: damaged or incompletely copied; copy it again"
                )
            raise ImageReadError(f"{name}: is damaged: no PNG chunk at byte {at:,}; copy it again")
        good = zlib.crc32(view[at + 4 : end - 4]) == int.from_bytes(view[end - 4 : end], "big")
        if not good and (kind in _DECODED or kind == b"tRNS" or kind == b"sBIT" or not kind.isalpha()):
            raise ImageReadError(f"{name}: is damaged: wrong checksum at byte {at:,}; copy it again")
        if not good:
            chunks.notes.append(f"metadata chunk {kind.decode('ascii')} is damaged and was ignored")
        else:
            _keep(chunks, kind, view[at:end], name)
        at = end
        if kind == b"IEND":
            return chunks


def _keep(chunks: _Chunks, kind: bytes, chunk: memoryview, name: str) -> None:
    body = chunk[8:-4]
    if kind == b"IHDR":
        if chunks.kept or len(body) != 13:
            raise ImageReadError(f"{name}: is damaged: its header is not that of a PNG; copy it again")
        chunks.width, chunks.height, chunks.depth, chunks.color = struct.unpack_from(">IIBB", body)
    if kind in _DECODED:
        if kind != b"IHDR" and not chunks.kept:
            raise ImageReadError(f"{name}: is damaged: its header is missing; copy it again")
        chunks.kept.append(chunk)
        chunks.pixel_bytes += len(body) if kind == b"IDAT" else 0
    elif kind in _ONCE:
        chunks.single.setdefault(kind, bytes(body))


def _check_header(chunks: _Chunks, name: str) -> None:
    if chunks.depth not in _DEPTHS.get(chunks.color, ()):
        raise ImageReadError(
            f"{name}: is damaged: there is no PNG of colour type {chunks.color} and {chunks.depth} bits; copy it again"
        )
    samples = _SAMPLES[chunks.color]
    check_size(
        name,
        width=chunks.width,
        height=chunks.height,
        sample_bytes=4 * max(1, chunks.depth // 8),
        limit=CV2_MAX_PIXELS,
    )
    if max(chunks.width, chunks.height) > _CV2_MAX_SIDE:
        raise ImageReadError(
            f"{name}: {chunks.width:,} x {chunks.height:,} pixels: a PNG may be {_CV2_MAX_SIDE:,} pixels long; "
            "save it as TIFF"
        )
    raw = chunks.height * (1 + (chunks.width * samples * chunks.depth + 7) // 8)
    # Deflate cannot pack better than 1032 to 1.
    if raw > 1040 * (chunks.pixel_bytes + 64):
        raise ImageReadError(
            f"{name}: is damaged: {chunks.pixel_bytes:,} bytes cannot hold its {chunks.width:,} x "
            f"{chunks.height:,} pixels; copy it again"
        )


def _decode_pixels(chunks: _Chunks, name: str) -> NDArray[Any]:
    clean = _SIGNATURE + b"".join(chunks.kept)
    if chunks.color == _PALETTE and b"tRNS" in chunks.single:
        clean = _with_transparency(chunks)
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    values = cv2.imdecode(np.frombuffer(clean, np.uint8), flags)
    if values is None or values.shape[:2] != (chunks.height, chunks.width):
        raise ImageReadError(f"{name}: is damaged: its pixels cannot be unpacked; copy or save it again")
    result: NDArray[Any] = values
    return result


def _with_transparency(chunks: _Chunks) -> bytes:
    body = chunks.single[b"tRNS"]
    kind = b"tRNS" + body
    chunk = struct.pack(">I", len(body)) + kind + struct.pack(">I", zlib.crc32(kind))
    first = next((i for i, c in enumerate(chunks.kept) if bytes(c[4:8]) == b"IDAT"), len(chunks.kept))
    return b"".join((_SIGNATURE, *chunks.kept[:first], chunk, *chunks.kept[first:]))


def _split(values: NDArray[Any], chunks: _Chunks) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Colours as (h, w) or (h, w, 3) RGB, and alpha (h, w) or None, of what OpenCV returned."""
    alpha = values[..., 3] if values.ndim == 3 and values.shape[2] == 4 else None
    if chunks.color in (_GRAY, _GRAY_ALPHA):
        gray = values[..., 0] if values.ndim == 3 else values
        if chunks.depth < 8:
            # OpenCV spreads 1, 2 and 4 bits over 0..255; the stored value is what is reported and scaled.
            gray = gray // (255 // (2**chunks.depth - 1))
        alpha = _color_key(gray, chunks) if chunks.color == _GRAY else alpha
        return (gray.astype(np.bool_) if chunks.depth == 1 else gray), alpha
    if values.ndim == 2:
        rgb = cv2.cvtColor(values, cv2.COLOR_GRAY2RGB)
    else:
        rgb = cv2.cvtColor(np.ascontiguousarray(values[..., :3]), cv2.COLOR_BGR2RGB)
    return rgb, _color_key(rgb, chunks) if chunks.color == _RGB else alpha


def _color_key(values: NDArray[Any], chunks: _Chunks) -> NDArray[Any] | None:
    """Alpha of a gray or RGB picture one colour of which is transparent."""
    body = chunks.single.get(b"tRNS")
    channels = 1 if values.ndim == 2 else 3
    if body is None or len(body) != 2 * channels:
        return None
    key = np.frombuffer(body, ">u2").astype(np.int64) & (2**chunks.depth - 1)
    transparent = values == key[0] if channels == 1 else (values == key).all(axis=2)
    top = 255 if chunks.depth <= 8 else 65535
    return np.where(transparent, 0, top).astype(values.dtype)


def _significant_bits(values: NDArray[Any], chunks: _Chunks) -> int | None:
    """Bits that sBIT claims for plain numbers in a 16-bit PNG, or None.

    The standard wants numbers of fewer bits spread over the whole range, shifted left with the low bits
    zero or a copy of the high ones; then the range of the data type is right. Many cameras' programs
    write the plain numbers instead. The bit pattern tells which of the two it is.
    """
    body = chunks.single.get(b"sBIT", b"")
    if chunks.depth != 16 or not body or min(body) != max(body) or not 8 <= body[0] < 16:
        return None
    bits = body[0]
    low = values & ((1 << (16 - bits)) - 1)
    spread = not low.any() or bool((low == (values >> bits)).all())
    return None if spread else bits


def _profile(body: bytes | None) -> bytes | None:
    if body is None:
        return None
    try:
        # The name stands before the packed profile. 4 MB is far more than any profile; never a bomb.
        return body.split(b"\x00", 1)[0] + zlib.decompressobj().decompress(
            body.split(b"\x00", 1)[1][1:], 2**22
        )
    except (IndexError, zlib.error):
        return body


def _mode(chunks: _Chunks, alpha: NDArray[Any] | None) -> str:
    base = {_GRAY: "gray", _GRAY_ALPHA: "gray", _PALETTE: "palette"}.get(chunks.color, "rgb")
    return base if alpha is None else f"{base}+alpha"
