"""What the training dialog asks of processes and threads; see samhq.gui.work for how they are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq import api
from samhq.api import TrainingPicture
from samhq.errors import SamhqError
from samhq.masks import MaskTable
from samhq.monitor import Monitor
from samhq.training_settings import TrainingSettings

__all__ = ["Listed", "Trained", "add_picture", "list_pictures", "remove_pictures", "train"]

Partial = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Listed:
    """The pictures of some folders. problems: what is wrong with a folder, by folder."""

    pictures: tuple[TrainingPicture, ...]
    problems: dict[Path, str]


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model, without anything that would load PyTorch into the window.

    ap50: before and after, None where nothing was compared; compared_on: on how many pictures; learnt: the model had
    learnt from these pictures.
    """

    path: Path
    report: Path | None
    steps: int
    ap50: tuple[float, float] | None
    compared_on: int
    learnt: bool


def train(
    folders: Sequence[Path],
    start: str,
    out: Path,
    settings: TrainingSettings,
    incomplete: Sequence[str],
    *,
    monitor: Monitor,
    partial: Partial,
) -> Trained:
    """Train, or go on where the last stop was; partial gets the rows of the learning curves."""
    result = api.train_model(
        list(folders),
        start=start,
        out=out,
        settings=settings,
        incomplete=incomplete,
        on_row=lambda row: partial(dict(row)),
        monitor=monitor,
    )
    known = "ap50" in result.before and "ap50" in result.after
    return Trained(
        path=result.path,
        report=result.report,
        steps=result.steps,
        ap50=(result.before["ap50"], result.after["ap50"]) if known else None,
        compared_on=result.compared_on,
        learnt=result.compared_learnt,
    )


def list_pictures(folders: Sequence[Path], *, monitor: Monitor, partial: Partial) -> Listed:
    """The labelled pictures of the folders, with their numbers of objects."""
    found: list[TrainingPicture] = []
    problems = {}
    for folder in folders:
        try:
            found += api.training_pictures(folder, monitor=monitor)
        except (SamhqError, OSError) as error:
            problems[folder] = str(error)
    return Listed(tuple(found), problems)


def add_picture(
    folder: Path,
    name: str,
    rgb: npt.NDArray[np.uint8],
    masks: MaskTable,
    *,
    monitor: Monitor,
    partial: Partial,
) -> TrainingPicture:
    """Put the image on the screen with its masks into a folder."""
    return api.add_training_picture(folder, name, rgb, masks)


def remove_pictures(pictures: Sequence[TrainingPicture], *, monitor: Monitor, partial: Partial) -> None:
    """Take pictures that were added out again."""
    for picture in pictures:
        api.remove_training_picture(picture)
