"""What a run tells about itself: rows for the curves, and sentences."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np

from samhq.training.checkpoints import TrainingState
from samhq.training.forward import Losses
from samhq.training.judge import Judgement
from samhq.training.looks import Precision

__all__ = ["judged_row", "mean_row", "sentence", "started_row"]


def started_row(state: TrainingState) -> dict[str, Any]:
    """A start of the run, or of going on with it."""
    now = datetime.datetime.now(datetime.UTC).astimezone()
    return {
        "step": state.step,
        "elapsed_s": round(state.elapsed_s, 1),
        "started": now.isoformat(timespec="seconds"),
    }


def mean_row(state: TrainingState, recent: Sequence[Losses], *, rate: float) -> dict[str, Any]:
    """The means of the last steps. rate: the learning rate of the last one."""
    names = ("mask", "score", "dense", "iou")
    return {
        "step": state.step,
        "elapsed_s": round(state.elapsed_s, 1),
        "rate": rate,
        "loss": float(np.mean([float(r.total.detach()) for r in recent])),
        **{name: float(np.mean([getattr(r, name) for r in recent])) for name in names},
    }


def judged_row(state: TrainingState, found: Judgement, precision: Precision | None = None) -> dict[str, Any]:
    """A look at the validation pictures. precision: of those that were segmented."""
    measured = {} if precision is None else {"ap50": precision.ap50, "ap": precision.ap}
    return {
        "step": state.step,
        "elapsed_s": round(state.elapsed_s, 1),
        "judged": {"iou": found.iou, "rejection": found.rejection, "error": found.error} | measured,
        "groups": found.groups,
    }


def sentence(state: TrainingState, found: Judgement, precision: Precision | None = None) -> str:
    """The same in words."""
    groups = ", ".join(f"{name} {iou:.2f}" for name, iou in found.groups.items())
    measured = "" if precision is None else f"AP50 {precision.ap50:.3f}, "
    return (
        f"step {state.step}, {state.elapsed_s / 60:.1f} min: {measured}IoU {found.iou:.3f}, rejection "
        f"{found.rejection:.3f}, score minus IoU {found.error:+.3f} ({groups})"
    )
