"""Names of the files that belong to one image: unique, and accepted by every system."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from samhq.files import safe_name, short_name
from samhq.images import PlaneAt
from samhq.store import ImageRecord

__all__ = ["output_stems", "picture_names"]

_LONGEST_BYTES = 180  # leaves room for the endings within the 255 bytes of most systems


def picture_names(records: Iterable[ImageRecord]) -> dict[tuple[str, int], str]:
    """(path, page) of every image to the path of its annotated picture in the output folder."""
    return {key: f"{stem}_sam_hq.png" for key, stem in output_stems(records).items()}


def output_stems(records: Iterable[ImageRecord]) -> dict[tuple[str, int], str]:
    """(path, page) of every image to the beginning of its output files, relative, with "/".

    The subfolders and the stem of the image; stems that would collide, also where upper and lower case
    are the same, keep their extension; where a file has several pages, the name tells which: stack_page-02, or
    s1c2z4t1 for scene, channel, slice and time point.
    """
    images = list(records)
    plain = {r.path: PurePosixPath(r.path).with_suffix("") for r in images}
    uses = Counter(_folded(str(stem)) for stem in plain.values())
    stems: dict[tuple[str, int], str] = {}
    taken: set[str] = set()
    for record in images:
        stem = plain[record.path]
        if uses[_folded(str(stem))] > 1:
            stem = PurePosixPath(record.path)
        page = _page_mark(record)
        *folders, name = stem.parts
        parts = [_short(safe_name(folder)) for folder in folders]
        full = "/".join([*parts, _short(safe_name(name + page))])
        if _folded(full) in taken:  # cleaning made two names one
            full = "/".join([*parts, _short(safe_name(name + page), force=f"{record.path}#{record.page}")])
        taken.add(_folded(full))
        stems[record.path, record.page] = full
    return stems


def _page_mark(record: ImageRecord) -> str:
    """What tells the planes of one file apart: their place where the file tells it, else the page."""
    at = PlaneAt.from_page_name(record.page_name) if record.pages > 1 else None
    if at is not None:
        return f"_{at.tag}"
    return f"_page-{record.page:02d}" if record.pages > 1 else ""


def _folded(name: str) -> str:
    """What a file system may take for the same name: case, and how accents are composed, do not count."""
    return unicodedata.normalize("NFC", name).casefold()


def _short(name: str, *, force: str = "") -> str:
    return short_name(name, limit=_LONGEST_BYTES, force=force)
