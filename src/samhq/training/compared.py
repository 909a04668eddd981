"""Two models on the same labelled pictures: what the training changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samhq.engine import load_engine
from samhq.evaluation.evaluate import judge, picture_of
from samhq.evaluation.metrics import Score, SetScore, exclusive_labels, summarise
from samhq.evaluation.pictures import overlay
from samhq.labels import LabelledSet
from samhq.monitor import SILENT, Event, Monitor, PartMonitor
from samhq.planning import Segmenter
from samhq.settings import Settings
from samhq.training.data import PictureFile

__all__ = ["Compared", "ComparedPicture", "Judged", "compare"]

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What one model found in one picture. drawn: (h, w, 3) uint8, its objects and the labels on the picture."""

    score: Score = field(repr=False)
    drawn: Picture = field(repr=False)

    @property
    def numbers(self) -> SetScore:
        """AP and the others of this picture alone."""
        return summarise([self.score])


@dataclass(frozen=True, slots=True, eq=False)
class ComparedPicture:
    """One picture under both models. plain: (h, w, 3) uint8, the picture itself."""

    name: str
    plain: Picture = field(repr=False)
    before: Judged
    after: Judged


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Pictures under two models, each with the settings that its file recommends.

    learnt: the pictures were learnt from, so that the numbers say nothing of others. of: how many there were to
    choose from.
    """

    pictures: tuple[ComparedPicture, ...]
    learnt: bool
    of: int

    @property
    def before(self) -> SetScore:
        """All pictures together under the model that training started from."""
        return summarise([p.before.score for p in self.pictures])

    @property
    def after(self) -> SetScore:
        """All pictures together under the trained model."""
        return summarise([p.after.score for p in self.pictures])


def compare(
    start: Path,
    result: Path,
    files: Sequence[PictureFile],
    *,
    device: str = "auto",
    most: int = 8,
    learnt: bool = False,
    monitor: Monitor = SILENT,
) -> Compared | None:
    """Segment labelled pictures with two models and judge what they find. None without pictures.

    most: at most so many, evenly spread over the list. Raises Cancelled, ImageReadError, CheckpointError.
    """
    places = np.linspace(0, len(files) - 1, min(most, len(files))).round().astype(int)
    chosen = [files[i] for i in np.unique(places)]
    if not chosen:
        return None
    found: list[list[Judged]] = []
    for number, model in enumerate((start, result)):
        values = {"segmentation": {"model": str(model)}, "compute": {"device": device}}
        settings = Settings().updated(values)
        engine = load_engine(settings)
        segment = engine.segmenter(engine.resolve(settings))
        found.append([])
        for i, file in enumerate(chosen):
            monitor.check()
            place = Event("evaluate", number * len(chosen) + i, 2 * len(chosen), file.item.name)
            found[-1].append(_judged(file, segment, settings, PartMonitor(monitor, place)))
    monitor.report(Event("evaluate", 2 * len(chosen), 2 * len(chosen)))
    pictures = (
        ComparedPicture(file.item.name, picture_of(file.item, Settings().image).rgb, before, after)
        for file, before, after in zip(chosen, *found, strict=True)
    )
    return Compared(tuple(pictures), learnt=learnt, of=len(files))


def _judged(file: PictureFile, segment: Segmenter, settings: Settings, monitor: Monitor) -> Judged:
    image = picture_of(file.item, settings.image)
    found = exclusive_labels(segment(image.rgb, monitor))
    owner = LabelledSet(file.group, file.item.image.parent, (), incomplete=file.incomplete)
    case = judge(file.item, image, found, owner=owner, polarity=settings.filter.polarity)
    return Judged(case.score, overlay(image.rgb, file.item.read(), found))
