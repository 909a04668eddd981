"""Teaching a model the objects of one's own pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from samhq.errors import SettingsError
from samhq.evaluation.metrics import SetScore
from samhq.files import remove_file
from samhq.monitor import SILENT, Monitor
from samhq.network.checkpoint import inspect_checkpoint, sha256_of
from samhq.network.registry import resolve_model
from samhq.network.weights_file import read_weights
from samhq.training.augment import Varied
from samhq.training.batches import Pictures, View
from samhq.training.compared import Compared, compare
from samhq.training.data import PictureFile, find_pictures
from samhq.training.fresh import write_fresh_model
from samhq.training.judge import total_of
from samhq.training.looks import PICTURES
from samhq.training.loop import OnRow, train
from samhq.training.places import checkpoint_path
from samhq.training.plan import Plan, Stage
from samhq.training.report import write_report
from samhq.training.written import LOGIT_SCALE, write_outcome
from samhq.training_settings import TrainingSettings

__all__ = ["SCRATCH", "TrainedModel", "fine_tuning_plan", "train_model"]

SCRATCH = "scratch"
# The first models that samhq trained have logits this much steeper than chances and do not say so.
_UNSAID_SCALE = 4.0


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What a training run gave.

    path: the model file. steps: how many were made. history: the rows of the curves, see docs/training.md.
    trained_on, judged_on: numbers of pictures. before, after: on pictures that training did not see (or, where
    compared_learnt, on those it learnt from), "iou" of the shown masks as at the looks, and of those that were
    compared "ap50", "ap75" and "ap"; empty without any. compared_on: how many pictures these AP are of.
    report: where the report is, None if none was wanted.
    """

    path: Path
    steps: int
    history: Sequence[Mapping[str, Any]]
    trained_on: int
    judged_on: int
    before: Mapping[str, float]
    after: Mapping[str, float]
    compared_on: int = 0
    compared_learnt: bool = False
    report: Path | None = None


def train_model(
    data: Sequence[str | Path],
    *,
    start: str | Path = "starter",
    out: str | Path,
    settings: TrainingSettings | None = None,
    incomplete: Sequence[str] = (),
    report: bool = True,
    report_pictures: int = 8,
    on_row: OnRow | None = None,
    monitor: Monitor = SILENT,
) -> TrainedModel:
    """Train a model on labelled pictures and write it; after a stop the same call goes on.

    data: folders with labelled pictures. start: name or file of a model, or "scratch". out: the .safetensors to be
    written. incomplete: names of sets in which some objects have no label, "all" for every one.
    report: write OUT.report.html. report_pictures: at most so many pictures are segmented before and after, 0: none.
    on_row: given every row of the history as it is made.
    Raises ImageReadError, CheckpointError and SettingsError, and Cancelled after a stop.
    """
    plan = fine_tuning_plan(
        [Path(d) for d in data],
        start=start,
        out=Path(out),
        settings=settings or TrainingSettings(),
        incomplete=incomplete,
    )
    # The checkpoint stays until everything is written: a stop while the report is made costs no training.
    outcome = train(plan, monitor=monitor, keep_checkpoint=True, on_row=on_row)
    written = write_outcome(plan, outcome)
    compared = _comparison(plan, written, report_pictures, monitor)
    page = write_report(plan, outcome, compared) if report else None
    remove_file(checkpoint_path(plan.out))
    judged = [row["judged"] for row in outcome.history if "judged" in row]
    before, after = (judged[0], _of_written(judged, settings=plan.settings)) if judged else ({}, {})
    return TrainedModel(
        path=written,
        steps=outcome.steps,
        history=outcome.history,
        trained_on=len(_learnt(plan)),
        judged_on=len(plan.judged),
        before=_with_ap(before, compared.before if compared else None),
        after=_with_ap(after, compared.after if compared else None),
        compared_on=len(compared.pictures) if compared else 0,
        compared_learnt=compared is not None and compared.learnt,
        report=page,
    )


def _learnt(plan: Plan) -> list[PictureFile]:
    return [file for files in plan.pictures.groups.values() for file in files]


def _comparison(plan: Plan, written: Path, most: int, monitor: Monitor) -> Compared | None:
    """Start and result on the pictures kept apart; where there are none, on those that were learnt from."""
    files = list(plan.judged) or _learnt(plan)
    device = plan.settings.device
    learnt = not plan.judged
    return compare(plan.start, written, files, device=device, most=most, learnt=learnt, monitor=monitor)


def _of_written(judged: Sequence[Mapping[str, float]], *, settings: TrainingSettings) -> Mapping[str, float]:
    """The look at the weights that were written: with patience those of the best one, else the last."""
    return (
        max(judged, key=lambda row: total_of(row["iou"], row["rejection"]))
        if settings.patience
        else judged[-1]
    )


def _with_ap(judged: Mapping[str, float], score: SetScore | None) -> dict[str, float]:
    """The numbers of a look with the AP of the comparison, which is that of the usual settings."""
    measured = {} if score is None else {"ap50": score.ap50, "ap75": score.ap75, "ap": score.ap}
    return {k: v for k, v in judged.items() if k not in ("ap50", "ap")} | measured


def fine_tuning_plan(
    data: Sequence[Path],
    *,
    start: str | Path,
    out: Path,
    settings: TrainingSettings,
    incomplete: Sequence[str] = (),
) -> Plan:
    """How train_model goes about it."""
    if out.suffix.lower() != ".safetensors":
        raise SettingsError(f"{out}: the trained model is a .safetensors file; give it that ending")
    fresh = str(start) == SCRATCH
    if fresh and (settings.part != "whole" or settings.processes > 1):
        raise SettingsError(
            "scratch: a new network has to be trained as a whole in one process; give --part whole"
        )
    files = [file for folder in data for file in find_pictures(folder, incomplete=incomplete)]
    trained, judged = _divided(files, settings)
    path = write_fresh_model(out, seed=settings.seed) if fresh else resolve_model(str(start))
    if path.resolve() == out.resolve():
        raise SettingsError(
            f"{out}: is the model that training starts from and would be replaced by the new one; choose another file"
        )
    info = inspect_checkpoint(path)
    groups: dict[str, list[PictureFile]] = {}
    for file in trained:
        groups.setdefault(file.group, []).append(file)
    stated = read_weights(path).metadata.get(LOGIT_SCALE)
    ours = info.architecture == "vit_tiny" and info.image_size == 512
    return Plan(
        start=path,
        out=out,
        pictures=Pictures(groups, weights={name: len(of) ** 0.5 for name, of in groups.items()}),
        judged=judged,
        watched=judged[:PICTURES],
        settings=settings,
        stages=(Stage(1.0, _views(info.image_size, settings)),),
        key=_key(files, path, settings),
        varied=Varied(low=0.7, high=1.4, whole=0.1, look=0.8),
        logit_scale=float(stated) if stated else _UNSAID_SCALE if ours and not fresh else 1.0,
        dense=settings.part == "whole",
        fresh=fresh,
    )


def _divided(
    files: list[PictureFile], settings: TrainingSettings
) -> tuple[list[PictureFile], list[PictureFile]]:
    """Pictures to train on and pictures to judge by."""
    count = round(len(files) * settings.validation)
    if len(files) < 4 or not settings.validation:
        return files, []
    count = max(1, count)
    chosen = set(np.random.default_rng([settings.seed, 5]).choice(len(files), count, replace=False).tolist())
    return (
        [f for i, f in enumerate(files) if i not in chosen],
        [f for i, f in enumerate(files) if i in chosen],
    )


def _views(frame: int, settings: TrainingSettings) -> tuple[tuple[float, View], ...]:
    """Kinds of batches for a network of this input size."""
    batch = 2 if frame <= 512 else 1
    whole = View(side=frame, batch=batch, prompts=16, whole=3, window=12)
    if settings.part == "decoder" or frame < 448:
        return ((1.0, whole),)
    return ((0.6, View(side=224, batch=8, prompts=16, whole=16, window=7)), (0.4, whole))


def _key(files: Sequence[PictureFile], start: Path, settings: TrainingSettings) -> str:
    """What a checkpoint must have been made with, to be gone on with."""
    digest = hashlib.sha256()
    hashes = {path: sha256_of(path) for path in {file.item.labels for file in files}}
    for file in files:
        digest.update(f"{file.item.name} {hashes[file.item.labels]} {file.incomplete}\n".encode())
    chosen = settings.model_dump_json(exclude={"checkpoint_minutes", "device", "minutes"})
    return f"{digest.hexdigest()} {sha256_of(start)} {chosen}"
