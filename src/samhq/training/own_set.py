"""A user's own labelled pictures: a folder that grows picture by picture. Loads no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from samhq.errors import ExportError
from samhq.files import long_path, natural_key, remove_file, safe_name, write_bytes
from samhq.labels import find_sets, labels_of_masks, write_labels
from samhq.masks import MaskTable
from samhq.monitor import SILENT, Monitor

__all__ = ["TrainingPicture", "add_training_picture", "remove_training_picture", "training_pictures"]


@dataclass(frozen=True, slots=True)
class TrainingPicture:
    """One labelled picture of a folder. objects: how many labels it has. own: made by add_training_picture."""

    folder: Path
    name: str
    image: Path
    labels: Path
    objects: int
    own: bool


def training_pictures(folder: Path, *, monitor: Monitor = SILENT) -> list[TrainingPicture]:
    """The labelled pictures that training would take from a folder, none where it is empty or missing.

    Reads every label file. Raises ImageReadError for a folder with other things in it and for broken labels.
    """
    folder = Path(folder)
    if not long_path(folder).is_dir() or not any(long_path(folder).iterdir()):
        return []
    if _is_own(folder) and not any((folder / "images").iterdir()):
        return []
    found = []
    for group in find_sets(folder, split="train"):
        for item in group.images:
            monitor.check()
            own = _is_own(folder) and item.image.parent == folder / "images"
            found.append(
                TrainingPicture(folder, item.name, item.image, item.labels, int(item.read().max()), own)
            )
    return sorted(found, key=lambda picture: natural_key(picture.name))


def add_training_picture(
    folder: Path, name: str, rgb: npt.NDArray[np.uint8], masks: MaskTable
) -> TrainingPicture:
    """Put a picture with its masks into a folder of labelled pictures; the folder is made if it is not there.

    name: what to call it. The same picture again gets new labels; another picture of that name another name.
    rgb: (height, width, 3) uint8, what the network sees. masks: at least one; of two on one pixel the smaller counts.
    Writes images/NAME.png and labels/NAME.png. Raises ExportError, OSError.
    """
    folder = Path(folder)
    labels = labels_of_masks(masks)
    if not labels.any():
        raise ExportError(f"{name}: has no masks to learn from; generate or draw some first")
    if long_path(folder).is_dir() and any(long_path(folder).iterdir()) and not _is_own(folder):
        raise ExportError(
            f"{folder}: holds other things; choose an empty folder, or one with images and labels in it"
        )
    done, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    if not done:
        raise ExportError(f"{name}: the picture could not be encoded as PNG; it may be too large")
    content = data.tobytes()
    image = _place(folder / "images", safe_name(name), content)
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    image.parent.mkdir(parents=True, exist_ok=True)
    # First the labels: a picture without any would stop the training.
    path = write_labels(folder / "labels" / image.name, labels)
    write_bytes(image, content)
    return TrainingPicture(folder, image.name, image, path, int(labels.max()), own=True)


def remove_training_picture(picture: TrainingPicture) -> None:
    """Take a picture that was added out again, with its labels. Raises ValueError for any other, and OSError."""
    if not picture.own:
        raise ValueError(f"{picture.image} was not added by add_training_picture")
    remove_file(picture.image)
    remove_file(picture.labels)


def _is_own(folder: Path) -> bool:
    """Whether a folder has the form that add_training_picture gives it."""
    return (folder / "images").is_dir() and (folder / "labels").is_dir()


def _place(folder: Path, name: str, content: bytes) -> Path:
    """Where a picture goes: where it lies already, or under a name that no other picture has."""
    number = 1
    while True:
        path = folder / (f"{name}.png" if number == 1 else f"{name}_{number}.png")
        # Some systems take names for the same that differ in case.
        taken = {p.stem.casefold() for p in folder.glob("*")} if folder.is_dir() else set()
        if path.stem.casefold() not in taken or (path.is_file() and path.read_bytes() == content):
            return path
        number += 1
