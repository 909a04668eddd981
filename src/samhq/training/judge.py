"""A cheap judgement of a network in training, from pictures that training does not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from samhq.network.sam import SamHq
from samhq.training.augment import Varied, take_crop
from samhq.training.batches import Batch, View, assemble
from samhq.training.data import PictureFile, read_picture
from samhq.training.forward import encode, forward
from samhq.training.targets import draw_prompts

__all__ = ["Judgement", "judge", "judged_batches", "total_of"]

_PLAIN = Varied(low=1, high=1, whole=0, invert_bright=0, invert_dark=0, turn=False, look=0)


@dataclass(frozen=True, slots=True)
class Judgement:
    """iou: mean over groups of the mean IoU of the shown mask. rejection: chance that a point in an object has a
    higher score than a point on the ground (area under the curve). groups: iou of each. error: mean difference of
    score and IoU (positive: optimistic)."""

    iou: float
    rejection: float
    error: float
    groups: dict[str, float]

    @property
    def total(self) -> float:
        """One number to compare by."""
        return total_of(self.iou, self.rejection)


def total_of(iou: float, rejection: float) -> float:
    """One number to compare looks by; see Judgement."""
    return iou + 0.25 * rejection


def judged_batches(files: Sequence[PictureFile], *, frame: int, prompts: int = 24) -> list[tuple[str, Batch]]:
    """One batch for each picture, as segmentation would show it to the network, with its group."""
    view = View(side=frame, batch=1, prompts=prompts, whole=4, window=12)
    found = []
    for number, file in enumerate(files):
        rng = np.random.default_rng([7, number])
        crop = take_crop(rng, read_picture(file), side=frame, frame=frame, varied=_PLAIN)
        drawn = draw_prompts(rng, crop, objects=prompts - view.grounds, grounds=view.grounds, box_share=0)
        if drawn is not None:
            found.append((file.group, assemble(rng, [crop], [drawn], view=view, frame=frame)))
    return found


@torch.no_grad()
def judge(model: SamHq, batches: Sequence[tuple[str, Batch]], *, dtype: torch.dtype) -> Judgement:
    """Judge a network. It must be in eval mode."""
    ious: dict[str, list[float]] = {}
    chances, errors = [], []
    for group, batch in batches:
        with torch.autocast(model.device.type, dtype=dtype, enabled=dtype != torch.float32):
            losses = forward(model, None, batch, encoded=encode(model, batch), logit_scale=1.0)
        ious.setdefault(group, []).append(losses.iou)
        on, off = losses.scores[losses.is_object], losses.scores[~losses.is_object]
        errors.append(float(on.mean()) - losses.iou)
        if len(off):
            chances.append(float((on[:, None] > off[None]).float().mean()))
    groups = {name: float(np.mean(values)) for name, values in sorted(ious.items())}
    return Judgement(
        iou=float(np.mean(list(groups.values()))) if groups else 0.0,
        rejection=float(np.mean(chances)) if chances else 0.0,
        error=float(np.mean(errors)) if errors else 0.0,
        groups=groups,
    )
