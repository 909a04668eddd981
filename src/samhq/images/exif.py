"""The two facts that matter in EXIF and ICC blocks: orientation, and whether colours are sRGB."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

__all__ = ["exif_orientation", "oriented", "profile_note"]


def exif_orientation(data: bytes) -> int:
    """Orientation 1..8 from an EXIF block (a small TIFF without pixels); 1 where it says nothing usable.

    Source: EXIF 2.32, tag 0x0112 of IFD0.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", data, start + 2 + 12 * index)
            if tag == 0x0112 and kind == 3:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def oriented(array: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    """The array as it is meant to be seen; (h, w) or (h, w, c), a view where possible."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    # After the transposition of 5..8 the remaining flips are those of 1, 2, 4 and 3.
    rows = {3: True, 4: True, 7: True, 8: True}.get(orientation, False)
    columns = {2: True, 3: True, 6: True, 7: True}.get(orientation, False)
    if rows:
        array = array[::-1]
    if columns:
        array = array[:, ::-1]
    return array


def profile_note(profile: bytes | None) -> tuple[str, ...]:
    """A note where an embedded colour profile is something else than sRGB."""
    if not profile or b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile:
        return ()
    return ("embedded colour profile ignored: gray levels are those stored in the file",)
