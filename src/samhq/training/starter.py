"""The recipe of the model that is part of samhq."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from samhq.errors import CheckpointError
from samhq.monitor import SILENT, Monitor
from samhq.training.augment import Varied
from samhq.training.batches import Pictures, View
from samhq.training.checkpoints import load_state
from samhq.training.data import PictureFile, find_pictures
from samhq.training.loop import train
from samhq.training.plan import Outcome, Plan, Stage, checkpoint_path
from samhq.training.written import write_outcome
from samhq.training_settings import TrainingSettings

__all__ = ["KEPT_OUT", "export_starter", "starter_plan", "train_starter"]

KEPT_OUT = "mushrooms"
"""A kind that training never sees, so that there is one to judge the model by as a user would meet it."""

# How often each set is chosen. By what is wanted of the model, not by how many pictures there are; sets of one
# recording or one picture get little, dark particles on light ground a lot.
_WEIGHTS = {
    "nuclei": 3.2,
    "powder": 1.0,
    "granular": 1.2,
    "pebbles": 1.0,
    "nanocubes": 1.2,
    "nanoparticles": 1.2,
    "embryos": 0.9,
    "phasecells": 0.6,
    "yeast": 0.3,
    "bacteria": 0.4,
    "beads": 0.4,
}
_SYNTHETIC = 3.6
# Groups and kinds of which SOURCE.md says that some objects have no label.
_INCOMPLETE = ("embryos", "granular", "nanocubes", "phasecells", "gravel", "pebbles-beach", "histology")
_JUDGED_SHARE = 0.04

_NEAR = View(side=224, batch=8, prompts=16, whole=16, window=7)
_FAR = View(side=448, batch=2, prompts=20, whole=4, window=12)
_FRAME = View(side=512, batch=2, prompts=16, whole=3, window=12)


@dataclass(frozen=True, slots=True)
class _Split:
    train: list[PictureFile]
    judged: list[PictureFile]


def starter_plan(data: Path, *, start: Path, out: Path, settings: TrainingSettings) -> Plan:
    """The plan of the shipped model from the folder with the labelled sets. Reads train folders only."""
    groups: dict[str, Sequence[PictureFile]] = {}
    judged: list[PictureFile] = []
    for name in _WEIGHTS:
        split = _split(find_pictures(data / name, incomplete=_INCOMPLETE), seed=settings.seed)
        groups[name] = split.train
        judged += split.judged
    pictures = Pictures(groups, weights=_WEIGHTS, synthetic=_SYNTHETIC)
    return Plan(
        start=start,
        out=out,
        pictures=pictures,
        judged=judged,
        settings=settings,
        stages=(
            Stage(0.5, ((0.8, _NEAR), (0.2, _FAR))),
            Stage(0.8, ((0.5, _NEAR), (0.3, _FAR), (0.2, _FRAME))),
            Stage(1.0, ((0.35, _NEAR), (0.25, _FAR), (0.4, _FRAME))),
        ),
        key=f"starter {settings.model_dump_json(exclude={'steps', 'minutes', 'checkpoint_minutes', 'device'})}",
        varied=Varied(),
        logit_scale=4.0,
    )


def _split(files: list[PictureFile], *, seed: int) -> _Split:
    """A few pictures of every larger set are kept to watch the training by."""
    if len(files) < 9:
        return _Split(files, [])
    count = max(1, round(len(files) * _JUDGED_SHARE))
    chosen = set(np.random.default_rng([seed, 5]).choice(len(files), count, replace=False).tolist())
    return _Split(
        [f for i, f in enumerate(files) if i not in chosen], [f for i, f in enumerate(files) if i in chosen]
    )


def train_starter(
    data: Path, *, start: Path, out: Path, settings: TrainingSettings, monitor: Monitor = SILENT
) -> Path:
    """Train the shipped model, or go on with it, and write it. Returns where the model file is.

    The checkpoint stays; the dense heads lie beside the model as OUT.heads.
    """
    plan = starter_plan(data, start=start, out=out, settings=settings)
    outcome = train(plan, monitor=monitor, keep_checkpoint=True)
    return write_outcome(plan, outcome)


def export_starter(data: Path, *, start: Path, out: Path, settings: TrainingSettings, to: Path) -> Path:
    """Write the averaged weights of a run's checkpoint as a model file, while the run may go on."""
    plan = starter_plan(data, start=start, out=out, settings=settings)
    state = load_state(checkpoint_path(out), key=plan.key)
    if state is None:
        raise CheckpointError(f"{checkpoint_path(out)}: there is no checkpoint yet; wait for the first one")
    outcome = Outcome(state.averaged, state.heads, state.history, state.step)
    return write_outcome(replace(plan, out=to), outcome)
