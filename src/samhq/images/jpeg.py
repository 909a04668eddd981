"""JPEG: the markers are walked first, because decoders fill what is missing with gray and say nothing."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

from samhq.errors import ImageReadError
from samhq.images.exif import exif_orientation, profile_note
from samhq.images.model import Stored, check_size
from samhq.images.png import CV2_MAX_PIXELS

__all__ = ["cmyk_to_rgb", "decode_jpeg"]

# In packed data FF is followed by 00 (a plain FF), by D0..D7 (restart) or by more FF (filling).
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_EOI, _SOS, _APP1, _APP2 = 0xD9, 0xDA, 0xE1, 0xE2


@dataclass(slots=True)
class _Header:
    width: int = 0
    height: int = 0
    precision: int = 0
    components: int = 0
    exif: bytes = b""
    profile: list[bytes] = field(default_factory=list)
    scans: int = 0


def decode_jpeg(data: bytes, name: str) -> Stored:
    """Decode a JPEG of 8 bits (gray, colour, CMYK) or of 12 or 16 bits.

    data: the whole file. name: for errors.
    Raises ImageReadError where the file ends early, is damaged or is larger than what is read.
    """
    header = _parse(data, name)
    check_size(
        name,
        width=header.width,
        height=header.height,
        sample_bytes=header.components * (1 if header.precision <= 8 else 2),
        limit=CV2_MAX_PIXELS,
    )
    values = _decode_pixels(data, header, name)
    if values.shape[:2] != (header.height, header.width):
        raise ImageReadError(f"{name}: is damaged: its pixels do not fill its size; copy it again")
    notes = list(profile_note(b"".join(header.profile)))
    mode = {1: "gray", 3: "rgb", 4: "cmyk"}[header.components]
    if mode == "cmyk":
        # Adobe's convention, which all writers follow: 255 is no ink.
        values = cmyk_to_rgb(255 - values)
        notes.append("CMYK converted to RGB without its printing profile")
    return Stored(
        values=values,
        bits=header.precision,
        mode=mode,
        orientation=exif_orientation(header.exif),
        notes=tuple(notes),
    )


def cmyk_to_rgb(cmyk: NDArray[Any]) -> NDArray[Any]:
    """(h, w, 3) of (h, w, 4) unsigned inks, 0 = no ink: (1 - ink)(1 - black), rounded."""
    top = int(np.iinfo(cmyk.dtype).max)
    white = top - cmyk[..., 3:].astype(np.uint32)
    paper = top - cmyk[..., :3].astype(np.uint32)
    return ((paper * white + top // 2) // top).astype(cmyk.dtype)


def _parse(data: bytes, name: str) -> _Header:
    header = _Header()
    at = 2
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            raise ImageReadError(f"{name}: ends in the middle: damaged or incompletely copied; copy it again")
        marker, at = found.group(1)[0], found.end()
        if marker == _EOI:
            break
        if marker in (0x01, 0xD8):
            continue
        if at + 2 > len(data):
            continue
        (length,) = struct.unpack_from(">H", data, at)
        body = data[at + 2 : at + length]
        at += max(length, 2)
        if marker == _SOS:
            header.scans += 1
        else:
            _note_segment(header, marker, body, name)
    if not header.scans or not header.components:
        raise ImageReadError(f"{name}: is damaged: it holds no picture; copy it again")
    return header


def _note_segment(header: _Header, marker: int, body: bytes, name: str) -> None:
    if marker in _FRAMES and not header.components:
        if len(body) < 6:
            raise ImageReadError(f"{name}: is damaged: its size is cut off; copy it again")
        header.precision, header.height, header.width, header.components = struct.unpack_from(">BHHB", body)
        if header.components not in (1, 3, 4) or not 2 <= header.precision <= 16:
            raise ImageReadError(
                f"{name}: a JPEG of {header.components} colours and {header.precision} bits is not read; "
                "save it as PNG or TIFF"
            )
    elif marker == _APP1 and body.startswith(b"Exif\x00\x00") and not header.exif:
        header.exif = body[6:]
    elif marker == _APP2 and body.startswith(b"ICC_PROFILE\x00"):
        header.profile.append(body[14:])


def _decode_pixels(data: bytes, header: _Header, name: str) -> NDArray[Any]:
    values: NDArray[Any] | None
    if header.components == 4:
        values = imagecodecs.jpeg8_decode(data, outcolorspace="CMYK")
    elif header.precision != 8:
        values = imagecodecs.jpeg_decode(data)
    else:
        flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        values = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        if values is not None and values.ndim == 3:
            values = cv2.cvtColor(values, cv2.COLOR_BGR2RGB)
    expected = {1: 2, 3: 3, 4: 3}[header.components]
    if values is None or values.ndim != expected:
        raise ImageReadError(f"{name}: is damaged: its pixels cannot be unpacked; copy or save it again")
    return values
