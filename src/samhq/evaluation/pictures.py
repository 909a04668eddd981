"""Pictures of an evaluation: labels and found objects drawn on the images, the worst ones, a contact sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from samhq.evaluation.evaluate import Case, Contender, Evaluation, picture_of
from samhq.evaluation.metrics import iou_matrix, match
from samhq.export.pictures import write_picture
from samhq.export.sheet import ContactSheet
from samhq.export.text import draw_text
from samhq.files import safe_name
from samhq.labels import LabelArray
from samhq.monitor import SILENT, Event, Monitor

__all__ = [
    "FOUND_COLOR",
    "LABEL_COLOR",
    "WRONG_COLOR",
    "chosen_cases",
    "overlay",
    "worst_cases",
    "write_pictures",
]

Picture = npt.NDArray[np.uint8]

# Okabe and Ito 2008: told apart with every common colour blindness.
LABEL_COLOR = (240, 228, 66)
FOUND_COLOR = (86, 180, 233)
WRONG_COLOR = (213, 94, 0)
_SIDE_PX = 900


def overlay(rgb: Picture, truth: LabelArray, found: LabelArray, *, title: str = "") -> Picture:
    """Labels (yellow) and found objects on an image: blue where they match at IoU 0.5, vermilion where not.

    rgb: (h, w, 3) uint8, left as it is. Small images are enlarged by a whole number. Returns (k h, k w, 3).
    """
    factor = max(1, min(-(-_SIDE_PX // max(rgb.shape[:2])), 8))
    picture = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    pairs = match(iou_matrix(truth, found), 0.5)
    right = np.zeros(int(found.max()) + 1, np.bool_)
    right[pairs.found + 1] = True
    _draw(picture, truth, np.arange(1, int(truth.max()) + 1), color=LABEL_COLOR, factor=factor)
    for good, color in ((True, FOUND_COLOR), (False, WRONG_COLOR)):
        numbers = np.flatnonzero(right == good)
        _draw(picture, found, numbers[numbers > 0], color=color, factor=factor)
    if title:
        draw_text(picture, title, x=4, y=4, size=15, color=(255, 255, 255), ground=0.7)
    return np.asarray(picture, np.uint8)


def _draw(
    picture: Picture,
    labels: LabelArray,
    numbers: npt.NDArray[np.integer],
    *,
    color: tuple[int, int, int],
    factor: int,
) -> None:
    from scipy.ndimage import find_objects

    boxes = find_objects(labels)
    for number in numbers.tolist():
        box = boxes[number - 1]
        if box is None:
            continue
        crop = (labels[box] == number).astype(np.uint8)
        crop = np.repeat(np.repeat(crop, factor, axis=0), factor, axis=1)
        start = (box[1].start * factor, box[0].start * factor)
        contours, _ = cv2.findContours(crop, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=start)
        cv2.polylines(picture, contours, True, color, min(factor, 2), cv2.LINE_8)


def worst_cases(contender: Contender, count: int) -> list[Case]:
    """The cases with the lowest AP at 0.5, those with most objects first among equals."""
    return sorted(contender.cases, key=lambda c: (c.score.ap[0], -c.score.labelled))[:count]


def chosen_cases(contender: Contender, each: int) -> list[Case]:
    """Cases of every set, spread evenly from its worst to its best."""
    found: list[Case] = []
    for name in dict.fromkeys(c.set_name for c in contender.cases):
        ranked = sorted(contender.of(name), key=lambda c: c.score.ap[0])
        places = np.unique(np.linspace(0, len(ranked) - 1, min(each, len(ranked))).round().astype(int))
        found += [ranked[i] for i in places]
    return found


def write_pictures(
    evaluation: Evaluation, folder: Path, *, worst: int = 12, each: int = 3, monitor: Monitor = SILENT
) -> list[Path]:
    """Write the worst cases of the first contender one by one, and a contact sheet of cases of every set.

    worst: how many. each: cases of a set on the sheet. Returns the files. Raises ExportError, Cancelled.
    """
    judged = evaluation.contenders[0]
    bad = worst_cases(judged, worst)
    shown = chosen_cases(judged, each)
    written: list[Path] = []
    sheet = ContactSheet()
    for done, (place, case) in enumerate(_in_turn(bad, shown)):
        monitor.check()
        monitor.report(Event("export", done, len(bad) + len(shown), case.item.name))
        picture = _picture(evaluation, case, titled=place > 0)
        if place:
            name = safe_name(f"worst_{place:02d}_{case.set_name}_{Path(case.item.name).stem}.png")
            written.append(write_picture(folder / name, picture))
            continue
        full = sheet.add(f"{case.set_name} {case.score.ap[0]:.2f}", picture)
        written += [_sheet(folder, written, full)] if full is not None else []
    rest = sheet.rest()
    return [*written, _sheet(folder, written, rest)] if rest is not None else written


def _in_turn(bad: Sequence[Case], shown: Sequence[Case]) -> Iterator[tuple[int, Case]]:
    """Cases with their rank among the worst, 0 for those of the sheet."""
    yield from enumerate(bad, start=1)
    yield from ((0, case) for case in shown)


def _sheet(folder: Path, written: list[Path], picture: Picture) -> Path:
    number = 1 + sum(p.name.startswith("contact_sheet") for p in written)
    return write_picture(folder / f"contact_sheet_{number}.png", picture)


def _picture(evaluation: Evaluation, case: Case, *, titled: bool) -> Picture:
    image = picture_of(case.item, evaluation.settings.image)
    score = case.score
    title = f"{case.set_name}  AP50 {score.ap[0]:.2f}  {score.labelled} labelled, {case.strict.found} found"
    return overlay(image.rgb, case.item.read(), case.found(), title=title if titled else "")
