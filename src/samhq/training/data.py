"""Labelled pictures as training wants them: which there are, and their pixels and labels in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samhq.errors import ImageReadError
from samhq.images.read import read_image
from samhq.labels import LabelledImage, find_sets
from samhq.settings import ImageSettings

__all__ = ["LabelledPicture", "PictureFile", "find_pictures", "read_picture"]


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture on disk. group: the set it belongs to. kind: what it shows, else the group.

    incomplete: some objects have no label, so what is unlabelled may be an object.
    """

    group: str
    kind: str
    item: LabelledImage
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture in memory. pixels: (h, w) or (h, w, 3) uint8 RGB. labels: (h, w) uint16, 0 on the ground."""

    group: str
    kind: str
    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint16]
    incomplete: bool = False


def find_pictures(folder: Path, *, split: str = "train", incomplete: Sequence[str] = ()) -> list[PictureFile]:
    """The labelled pictures of a folder, in any form that samhq.labels knows; reads no pixels.

    split: which part of each set, where it has parts. incomplete: names of sets or kinds that hold objects without a
    label, "all" for every one. Raises ImageReadError naming the fault and the remedy.
    """
    names = set(incomplete)
    found = []
    for group in find_sets(folder, split=split):
        if group.notices:
            raise ImageReadError(f"{group.folder}: {group.notices[0]}; add it, or take the picture out")
        for item in group.images:
            kind = item.kind or group.name
            left_out = group.incomplete or bool(names & {"all", group.name, kind})
            found.append(PictureFile(group.name, kind, item, left_out))
    return found


def read_picture(file: PictureFile) -> LabelledPicture:
    """Read a picture with its labels. Raises ImageReadError on files that cannot be used."""
    pixels = read_image(file.item.image, ImageSettings()).rgb
    labels = file.item.read((pixels.shape[0], pixels.shape[1]))
    if not labels.any():
        raise ImageReadError(
            f"{file.item.labels.name}: has no objects, all labels are 0; leave the picture out or label it"
        )
    if labels.max() > np.iinfo(np.uint16).max:
        raise ImageReadError(
            f"{file.item.labels.name}: has more than 65535 objects; cut the picture into parts"
        )
    if (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all():
        pixels = np.ascontiguousarray(pixels[..., 0])  # a third of the memory
    return LabelledPicture(file.group, file.kind, pixels, labels.astype(np.uint16), file.incomplete)
