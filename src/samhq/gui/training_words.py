"""What the training dialog says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samhq.gui.reasons import in_words
from samhq.gui.time_left import spoken
from samhq.gui.training_model import FEWEST, TrainingModel
from samhq.gui.translate import tr
from samhq.monitor import Event

if TYPE_CHECKING:
    from samhq.gui.training_work import Trained

__all__ = ["outcome_text", "pictures_text", "present_text", "problems_text", "step_text", "waiting_text"]


def present_text(model: TrainingModel) -> str:
    """What the button for the open image would do."""
    image = model.session.image
    if image is None:
        return tr("Open an image, generate masks and correct them; then it can be added here.")
    if not model.present():
        return tr("{name} has no masks yet: generate or draw some.", name=image.name)
    return tr(
        "{name}: {n} objects pass the filter. Every object should have its mask.",
        name=image.name,
        n=model.present(),
    )


def pictures_text(model: TrainingModel) -> str:
    """How many pictures there are, and what that means."""
    count = len(model.pictures)
    if not count:
        return tr("No pictures yet. Ten are a good start.")
    objects = sum(picture.objects for picture in model.pictures)
    text = tr("{n} pictures with {objects} objects.", n=count, objects=objects)
    if count < FEWEST:
        hint = tr(
            "From {n} pictures on some are kept apart, to see whether the model becomes better.", n=FEWEST
        )
        return tr("{text} {hint}", text=text, hint=hint)
    return text


def problems_text(model: TrainingModel) -> str:
    """What is wrong with the folders, a line each."""
    return "\n".join(in_words(problem) for problem in model.problems.values())


def waiting_text(model: TrainingModel) -> str:
    """What is said before a training."""
    if model.can_go_on:
        return tr(
            "A training that was stopped lies beside this file. It goes on where it was, if pictures and model are "
            "the same."
        )
    if model.out.exists():
        return tr("{name} is there already and will be replaced.", name=model.out.name)
    return tr("The window stays usable meanwhile. Stop keeps what was learnt.")


def step_text(event: Event, left_s: float | None, *, stopping: bool) -> str:
    """How far the training is."""
    if stopping:
        return tr("Stopping: what was learnt is being saved…")
    if event.stage == "evaluate":
        text = tr("Comparing before and after: {name}", name=event.item)
    elif event.stage == "train" and event.item:
        text = _numbers(event.item)
    else:
        text = tr("Loading the model and the pictures…")
    return text if left_s is None else tr("{text} · {left}", text=text, left=spoken(left_s))


def _numbers(item: str) -> str:
    """loss 0.330, IoU 0.79, AP50 0.42 in the language of the window."""
    values = dict(part.rsplit(" ", 1) for part in item.split(", ") if " " in part)
    known = {"loss": values.get("loss", "–"), "iou": values.get("IoU", "–")}
    if "AP50" in values:
        return tr("loss {loss} · IoU {iou} · AP50 {ap50}", **known, ap50=values["AP50"])
    return tr("loss {loss} · IoU {iou}", **known)


def outcome_text(result: Trained) -> str:
    """What came out of a training."""
    if result.ap50 is None:
        return tr("{name} is ready.", name=result.path.name)
    before, after = result.ap50
    values = {"n": result.compared_on, "before": before, "after": after}
    if result.learnt:
        return tr(
            "AP50 {before:.2f} before, {after:.2f} after, on {n} pictures it learnt from: that says nothing of "
            "others. Try it on some that it has not seen.",
            **values,
        )
    if after < before - 0.005:
        return tr(
            "AP50 {before:.2f} before, {after:.2f} after, on {n} pictures it did not learn from: it became worse. "
            "More pictures help.",
            **values,
        )
    return tr("AP50 {before:.2f} before, {after:.2f} after, on {n} pictures it did not learn from.", **values)
