"""The report of a training run: one HTML file that needs nothing else, beside the model."""

from __future__ import annotations

import datetime
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import samhq
from samhq.files import write_text
from samhq.network.checkpoint import sha256_of
from samhq.training.compared import Compared
from samhq.training.data import PictureFile
from samhq.training.places import report_path
from samhq.training.plan import Outcome, Plan
from samhq.training.report_page import page

__all__ = ["Facts", "SetFacts", "write_report"]


@dataclass(frozen=True, slots=True)
class SetFacts:
    """One labelled set: how many of its pictures were learnt from and how many kept apart."""

    name: str
    learnt: int
    kept: int
    incomplete: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a report tells beside its curves and pictures.

    start, result: name and SHA-256 of the model before and after. elapsed_s: of training, all starts together.
    starts: when each began. settings: by title. machine: what it ran on, in words.
    """

    out: Path
    start: tuple[str, str]
    result: tuple[str, str]
    steps: int
    elapsed_s: float
    starts: Sequence[str]
    finished: str
    settings: Sequence[tuple[str, str]]
    sets: Sequence[SetFacts]
    machine: Mapping[str, str]
    history: Sequence[Mapping[str, Any]]


def write_report(plan: Plan, outcome: Outcome, compared: Compared | None) -> Path:
    """Write the report of a finished run beside its model, which must be there. Returns where it is.

    Raises CheckpointError and OSError where files cannot be read or written.
    """
    return write_text(report_path(plan.out), page(_facts(plan, outcome), compared))


def _facts(plan: Plan, outcome: Outcome) -> Facts:
    now = datetime.datetime.now(datetime.UTC).astimezone().isoformat(timespec="seconds")
    settings = plan.settings
    titles = [
        (field.title or name, f"{getattr(settings, name)}")
        for name, field in type(settings).model_fields.items()
    ]
    return Facts(
        out=plan.out,
        start=(plan.start.name, sha256_of(plan.start)),
        result=(plan.out.name, sha256_of(plan.out)),
        steps=outcome.steps,
        elapsed_s=outcome.elapsed_s,
        starts=[row["started"] for row in outcome.history if "started" in row],
        finished=now,
        settings=titles,
        sets=_sets([f for files in plan.pictures.groups.values() for f in files], plan.judged),
        machine=_machine(),
        history=outcome.history,
    )


def _sets(learnt: Sequence[PictureFile], kept: Sequence[PictureFile]) -> list[SetFacts]:
    ours, theirs = (Counter(f.group for f in files) for files in (learnt, kept))
    unsure = Counter(f.group for f in [*learnt, *kept] if f.incomplete)
    names = list(dict.fromkeys(f.group for f in [*learnt, *kept]))
    return [SetFacts(name, ours[name], theirs[name], unsure[name]) for name in names]


def _machine() -> dict[str, str]:
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "samhq": samhq.__version__,
        "PyTorch": torch.__version__,
        "Python": platform.python_version(),
        "System": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Processor": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads used",
        **({"GPU": ", ".join(gpus)} if gpus else {}),
    }
