"""Small labelled sets and runs for the tests of training."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from safetensors import safe_open
from safetensors.torch import save_file

from model_fixtures import STARTER
from samhq.training.augment import Varied
from samhq.training.batches import Pictures, View
from samhq.training.data import find_pictures
from samhq.training.plan import Plan, Stage
from samhq.training_settings import TrainingSettings

__all__ = ["discs", "small_plan", "small_starter", "write_set"]

SMALL = View(side=112, batch=2, prompts=8, whole=4, window=4)


def discs(seed: int, *, side: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Dark discs on a light, noisy ground, and their labels."""
    rng = np.random.default_rng(seed)
    picture = rng.normal(190, 12, (side, side)).astype(np.float32)
    labels = np.zeros((side, side), np.uint16)
    for number in range(1, 6):
        x, y = rng.integers(12, side - 12, 2)
        cv2.circle(labels, (int(x), int(y)), int(rng.integers(7, 13)), number, -1)
    picture[labels > 0] -= 70
    return np.clip(picture, 0, 255).astype(np.uint8), labels


def write_set(folder: Path, *, count: int = 4) -> Path:
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for i in range(count):
        picture, labels = discs(i)
        for name, array in (("images", picture), ("labels", labels)):
            (folder / name / f"p{i}.png").write_bytes(cv2.imencode(".png", array)[1].tobytes())
    return folder


def small_plan(
    folder: Path, out: Path, *, judged: bool = False, start: Path | None = None, **chosen: object
) -> Plan:
    """A run of seconds from the small starter."""
    files = find_pictures(folder)
    settings = {"part": "whole", "steps": 6, "learning_rate": 1e-4, "warmup": 0, "averaging": 4, "device": "cpu",
                "precision": "fp32", "judge_every": 3} | chosen  # fmt: skip
    return Plan(
        start=start or small_starter(folder.parent),
        out=out,
        pictures=Pictures({"discs": files}),
        judged=files[:1] if judged else (),
        settings=TrainingSettings(**settings),
        stages=(Stage(1.0, ((1.0, SMALL),)),),
        key="test",
        varied=Varied(),
        logit_scale=4.0,
    )


def small_starter(folder: Path, *, image_size: int = 128, **recommended: object) -> Path:
    """A copy of the starter that looks at fewer pixels: the same code, sooner done."""
    path = folder / f"starter{image_size}.safetensors"
    if path.is_file():
        return path
    with safe_open(STARTER, "pt") as source:
        metadata = {**source.metadata(), "image_size": str(image_size), "points_per_side": "4"}
        metadata |= {name: str(value) for name, value in recommended.items()}
        save_file({name: source.get_tensor(name) for name in source.keys()}, path, metadata)  # noqa: SIM118
    return path
