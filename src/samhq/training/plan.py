"""What decides a training run, and what comes out of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from samhq.training.augment import Varied
from samhq.training.batches import Pictures, View
from samhq.training.data import PictureFile
from samhq.training.places import checkpoint_path
from samhq.training_settings import TrainingSettings

__all__ = ["Outcome", "Plan", "Stage", "checkpoint_path"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Part of a run. until: its end, as a share of the run. views: kinds of batches with their shares."""

    until: float
    views: tuple[tuple[float, View], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides how a run goes.

    start: model file to start from. out: model file to be written; the checkpoint lies beside it. judged: pictures
    of the validation; watched: those of them that each look also segments, for an AP (see looks.py). key: what a
    checkpoint must have been made with. logit_scale: how much steeper than chances the file's mask logits are.
    dense: train the dense heads as well. fresh: the start knows nothing yet, so the means of its normalisations have
    to be learnt too, until 60 % of the run.
    """

    start: Path
    out: Path
    pictures: Pictures
    judged: Sequence[PictureFile]
    settings: TrainingSettings
    stages: tuple[Stage, ...]
    key: str
    watched: Sequence[PictureFile] = ()
    varied: Varied = field(default_factory=Varied)
    logit_scale: float = 1.0
    dense: bool = True
    fresh: bool = False

    def view(self, step: int, progress: float) -> View:
        """Which kind of batch a step is."""
        stage = next((s for s in self.stages if progress < s.until), self.stages[-1])
        shares = np.array([share for share, _ in stage.views])
        rng = np.random.default_rng([self.settings.seed, 2, step])
        return stage.views[int(rng.choice(len(shares), p=shares / shares.sum()))][1]


@dataclass(frozen=True, slots=True)
class Outcome:
    """weights: the averaged ones, the best if there was a validation with patience, else the last. heads: dense
    heads. history: one row for some steps each and each look at the validation, see history.py. elapsed_s: of all
    starts together."""

    weights: Mapping[str, Tensor]
    heads: Mapping[str, Tensor]
    history: Sequence[Mapping[str, Any]]
    steps: int
    elapsed_s: float = 0.0
