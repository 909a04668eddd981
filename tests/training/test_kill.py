"""kill -9 in the middle of a training, and the same command again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import torch
from training_samples import small_starter, write_set

from samhq import api
from samhq.training.checkpoints import load_state
from samhq.training.places import checkpoint_path, history_path
from samhq.training_settings import TrainingSettings

FLAGS = {"steps": 5, "crops": 2, "judge_every": 100, "precision": "fp32", "device": "cpu"}
EVERY_STEP = ["--checkpoint-minutes", "0.000001"]
PATIENCE_S = 600


def test_a_killed_training_goes_on_and_ends_with_the_same_file(tmp_path):
    data, start = write_set(tmp_path / "discs", count=3), small_starter(tmp_path)
    settings = TrainingSettings(**FLAGS)
    straight = api.train_model(
        [data], start=start, out=tmp_path / "straight.safetensors", settings=settings, report_pictures=0
    )
    out = tmp_path / "killed.safetensors"
    flags = [part for name, value in FLAGS.items() for part in ("--" + name.replace("_", "-"), str(value))]
    command = [
        sys.executable,
        "-m",
        "samhq",
        "train",
        str(data),
        "--from",
        str(start),
        "--out",
        str(out),
        *flags,
        *EVERY_STEP,
    ]
    # Sums of another number of threads differ in the last bit.
    surroundings = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    with subprocess.Popen(
        command, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not checkpoint_path(out).is_file():
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.005)
        finally:
            process.kill()
    reached = _step(out)
    assert 0 < reached < FLAGS["steps"]
    assert not out.exists()

    resumed = api.train_model([data], start=start, out=out, settings=settings, report_pictures=0)
    assert out.read_bytes() == straight.path.read_bytes()
    assert _losses(resumed.history) == _losses(straight.history)
    written = json.loads(history_path(out).read_text(encoding="utf-8"))
    assert [row["step"] for row in written if "started" in row] == [0, reached]


def _step(out) -> int:
    content = torch.load(checkpoint_path(out), weights_only=True)
    state = load_state(checkpoint_path(out), key=content["key"])
    assert state is not None
    return state.step


def _losses(history) -> list[tuple[int, float]]:
    return [(row["step"], row["loss"]) for row in history if "loss" in row]
