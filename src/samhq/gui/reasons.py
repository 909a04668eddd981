"""Reasons that the engine gives, in the language of the window.

The engine speaks English, since its messages also stand in logs, tables and terminals. The reasons met most
often are known here; any other is shown as it came.
"""

from __future__ import annotations

import re
from functools import cache

from samhq.gui.translate import tr

__all__ = ["REASONS", "in_words"]

REASONS = (
    # images that cannot be read
    "ends in the middle: damaged or incompletely copied; copy it again",
    "ends in the middle: page {page} is cut off; copy it again",
    "ends in the middle: {planes} planes are announced but not all are there; copy it again",
    "is damaged: its pixels do not fill its size; copy it again",
    "is damaged: it holds no picture; copy it again",
    "is damaged: its size is cut off; copy it again",
    "is damaged: its pixels cannot be unpacked; copy or save it again",
    "is damaged: no PNG chunk at byte {place}; copy it again",
    "is damaged: wrong checksum at byte {place}; copy it again",
    "holds no picture; the file is damaged, copy or save it again",
    "ends in the middle; copy it again",
    "{parts}; choose with {flags}, or all in place of N",
    "has no channel {channel}; it has {there}",
    "is empty; copy or save it again",
    "holds only zero bytes, as after an interrupted copy; copy it again",
    "is an HTML page, as a failed download leaves behind; download the picture again",
    "is an XML or SVG text; save it as PNG, JPEG or TIFF",
    "is a text file; give a PNG, JPEG or TIFF picture",
    "is not a PNG, JPEG or TIFF picture, or its beginning is damaged; save it again in one of these formats",
    "holds {kind} numbers; save it as integers or floats",
    "{bad} of {size} values are NaN or infinite; replace them by numbers and save it again",
    "has no pixels ({width} x {height}); the file is damaged",
    "there is no such file or folder; check the spelling and that its disk is connected",
    "is neither a file nor a folder; give an image or a folder of images",
    # disks
    "the disk is full; free some space or choose another output folder",
    "your disk quota is used up; free some space or choose another output folder",
    "the disk is read-only; choose another output folder",
    "access is denied; choose an output folder you may write to",
    "access is denied; choose an output folder you may write to, or close the program that holds the file open",
    "a file stands where a folder is needed; move it away or choose another output folder",
    "the name is too long; use a shorter folder or file name",
    "the folder has disappeared; check that its disk is connected",
    "the disk reports an error; check the disk or the network connection",
    # models and memory
    "is a folder; choose the model file inside it",
    "memory ran out in the encoder; close other programs that use it, choose --device cpu or a smaller model",
)
"""Reasons as the engine words them, without the name of the file in front; {fields} stand for anything."""


def in_words(message: str) -> str:
    """A message of the engine in the language of the window, as it is where it is not known.

    message: a reason of REASONS, with or without the name of what it is about and a colon in front.
    """
    at = 0
    while True:
        reason = _known(message[at:])
        if reason is not None:
            return tr("{path}: {reason}", path=message[: at - 2], reason=reason) if at else reason
        at = message.find(": ", at) + 2
        if at < 2:
            return message


def _known(text: str) -> str | None:
    for reason, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            return tr(reason, **found.groupdict())
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (reason, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^;]+?)", re.escape(reason))))
        for reason in REASONS
    )
