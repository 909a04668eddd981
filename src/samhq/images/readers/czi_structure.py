"""A look at the skeleton of a CZI file before a library in C++ takes it, which a damaged one may crash.

Source: the segments and the "DV" directory entries of the published CZI file format (Zeiss, libCZI).
"""

from __future__ import annotations

import functools
import struct
from pathlib import Path
from typing import Any, BinaryIO

from samhq.errors import ImageReadError

__all__ = ["check_czi"]

_SEGMENT = struct.Struct("<16sqq")  # name, bytes allocated, bytes used
_POSITIONS = struct.Struct("<qqiq")  # directory, metadata, update pending, attachments
_POSITIONS_AT = 84
_ENTRY = struct.Struct("<2siqiiB5xi")  # schema, pixel type, position, part, compression, pyramid, dimensions
_DIMENSION = struct.Struct("<4siifi")  # name, start, size, start coordinate, stored size
_SIZES = struct.Struct("<iiq")  # of a block of pixels: metadata, attachment, pixels
_DIRECTORY_HEAD = 128
_AXES = frozenset(b"XYCZTRSIHVBM")
_MOST_DIMENSIONS = 40
_MOST_ENTRIES = 2**24


@functools.lru_cache(maxsize=8)
def check_czi(path: Path, size: int, changed_ns: int) -> tuple[int, bool]:
    """How many blocks of pixels a CZI file has at full resolution, and whether any plane is a mosaic of several.

    size, changed_ns: of the file, so that one that stays the same is looked at once.
    Raises ImageReadError where the directory makes no sense or points outside the file.
    """
    with path.open("rb") as stream:
        directory, metadata, _, _ = _unpacked(_POSITIONS, stream, _POSITIONS_AT, path)
        if metadata:
            _segment(stream, metadata, b"ZISRAWMETADATA", size, path)
        if not directory:
            raise ImageReadError(
                f"{path.name}: was not written to its end: it has no directory; save it again"
            )
        _segment(stream, directory, b"ZISRAWDIRECTORY", size, path)
        at = directory + _SEGMENT.size
        count = int.from_bytes(_read(stream, at, 4, path), "little", signed=True)
        if not 0 < count <= _MOST_ENTRIES:
            raise _damaged(path)
        stream.seek(at + _DIRECTORY_HEAD)
        entries = [_entry(stream, path) for _ in range(count)]
        for position, _, _ in entries:
            held = _segment(stream, position, b"ZISRAWSUBBLOCK", size, path)
            _pixels(stream, position + _SEGMENT.size, held, path)
    return sum(whole for _, _, whole in entries), any(tile > 0 for _, tile, _ in entries)


def _entry(stream: BinaryIO, path: Path) -> tuple[int, int, bool]:
    """Check one entry of the directory.

    Returns where its pixels stand, which tile of a mosaic they are, and whether they are at full resolution.
    """
    data = stream.read(_ENTRY.size)
    if len(data) < _ENTRY.size:
        raise _cut(path)
    schema, _, position, _, _, _, dimensions = _ENTRY.unpack(data)
    if schema != b"DV" or not 2 <= dimensions <= _MOST_DIMENSIONS:
        raise _damaged(path)
    names = set()
    tile, is_whole = 0, True
    for _ in range(dimensions):
        data = stream.read(_DIMENSION.size)
        if len(data) < _DIMENSION.size:
            raise _cut(path)
        name, start, length, _, stored = _DIMENSION.unpack(data)
        if name[0] not in _AXES or name[1:].strip(b"\x00") or length < 1 or stored < 0 or name in names:
            raise _damaged(path)
        names.add(name)
        tile = start if name[:1] == b"M" else tile
        # Of a smaller level fewer pixels are stored than it covers.
        is_whole = is_whole and not (name[:1] in b"XY" and 0 < stored < length)
    if not {b"X\x00\x00\x00", b"Y\x00\x00\x00"} <= names:
        raise _damaged(path)
    return int(position), int(tile), is_whole


def _pixels(stream: BinaryIO, at: int, held: int, path: Path) -> None:
    """Check the sizes a block of pixels claims, and its own copy of its entry in the directory."""
    sizes = _unpacked(_SIZES, stream, at, path)
    if min(sizes) < 0 or sum(sizes) > held:
        raise _damaged(path)
    _entry(stream, path)


def _segment(stream: BinaryIO, position: int, name: bytes, size: int, path: Path) -> int:
    """Check the head of a segment. Returns how many bytes it holds."""
    if position < 0:
        raise _damaged(path)
    if position + _SEGMENT.size > size:
        raise _cut(path)
    found, allocated, used = _unpacked(_SEGMENT, stream, position, path)
    if not found.startswith(name) or allocated < 0 or used < 0:
        raise _damaged(path)
    held = int(used or allocated)
    if position + _SEGMENT.size + held > size:
        raise _cut(path)
    return held


def _unpacked(form: struct.Struct, stream: BinaryIO, at: int, path: Path) -> tuple[Any, ...]:
    return form.unpack(_read(stream, at, form.size, path))


def _read(stream: BinaryIO, at: int, count: int, path: Path) -> bytes:
    stream.seek(at)
    data = stream.read(count)
    if len(data) < count:
        raise _cut(path)
    return data


def _cut(path: Path) -> ImageReadError:
    return ImageReadError(f"{path.name}: ends in the middle; copy it again")


def _damaged(path: Path) -> ImageReadError:
    return ImageReadError(f"{path.name}: is damaged: its list of pictures makes no sense; copy it again")
