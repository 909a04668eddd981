from __future__ import annotations

import contextlib
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_samples import discs, small_plan

from model_fixtures import STARTER
from samhq import api
from samhq.errors import CheckpointError, SamhqError
from samhq.monitor import SILENT, Cancelled, SilentMonitor
from samhq.network.checkpoint import load_model
from samhq.settings import Settings
from samhq.training import loop
from samhq.training.checkpoints import load_state
from samhq.training.loop import train
from samhq.training.places import checkpoint_path
from samhq.training.plan import Plan
from samhq.training.team import Team
from samhq.training.written import write_outcome


class Losses(SilentMonitor):
    def __init__(self) -> None:
        self.seen: list[float] = []

    def report(self, event):
        if event.item:
            self.seen.append(float(event.item.split()[1].rstrip(",")))


class StopsAfter(SilentMonitor):
    def __init__(self, checks: int) -> None:
        self.left = checks

    def check(self):
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def equal(a, b) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_the_loss_falls_on_a_small_set(discs_folder, tmp_path):
    losses = Losses()
    train(small_plan(discs_folder, tmp_path / "m.safetensors", steps=14, learning_rate=5e-4), monitor=losses)
    assert len(losses.seen) == 14
    assert np.mean(losses.seen[-6:]) < 0.85 * np.mean(losses.seen[:3])


def test_a_stopped_run_gives_the_weights_of_an_undisturbed_one(discs_folder, tmp_path):
    straight = train(small_plan(discs_folder, tmp_path / "a.safetensors", steps=4))
    plan = small_plan(discs_folder, tmp_path / "b.safetensors", steps=4)
    with pytest.raises(Cancelled):
        train(plan, monitor=StopsAfter(2))
    assert checkpoint_path(plan.out).is_file()
    resumed = train(plan)
    assert equal(straight.weights, resumed.weights)
    assert equal(straight.heads, resumed.heads)
    assert not checkpoint_path(plan.out).exists()


def test_only_the_decoder_changes_if_only_it_is_trained(discs_folder, tmp_path):
    plan = small_plan(discs_folder, tmp_path / "m.safetensors", part="decoder", steps=2, crops=2)
    before = load_model(plan.start).model.state_dict()
    after = train(plan).weights
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed <= {"mask_decoder", "prompt_encoder"}
    assert "mask_decoder" in changed


def test_kept_encodings_give_what_encoding_again_gives(discs_folder, tmp_path):
    plan = small_plan(discs_folder, tmp_path / "m.safetensors", part="decoder", steps=4, crops=1)
    once = train(plan)
    with pytest.raises(Cancelled):
        train(plan, monitor=StopsAfter(3))
    assert equal(once.weights, train(plan).weights)  # encoded again after the break


def test_the_written_file_loads_and_segments(discs_folder, tmp_path):
    plan = small_plan(discs_folder, tmp_path / "taught.safetensors", judged=True, start=STARTER, steps=1)
    outcome = train(plan)
    assert [row["step"] for row in outcome.history if "judged" in row] == [0, 1]
    path = write_outcome(plan, outcome)
    info = load_model(path).info
    assert (info.architecture, info.image_size) == ("vit_tiny", 512)
    assert info.recommended["pred_iou_thresh"] == 0.6
    settings = Settings().updated(
        {"segmentation": {"model": str(path), "points_per_side": 6, "pred_iou_thresh": 0.3}}
    )
    found = api.segment(discs(0)[0], settings=settings)
    assert len(found.masks) > 0


def test_patience_stops_a_run_that_gets_no_better_and_keeps_the_best(discs_folder, tmp_path):
    plan = small_plan(
        discs_folder,
        tmp_path / "m.safetensors",
        judged=True,
        steps=40,
        learning_rate=1e-12,  # less than the weights can tell
        patience=2,
        judge_every=1,
    )
    outcome = train(replace(plan, start=plan.start))
    assert outcome.steps < 20


def test_a_checkpoint_of_another_run_is_refused(discs_folder, tmp_path):
    plan = small_plan(discs_folder, tmp_path / "m.safetensors")
    with pytest.raises(Cancelled):
        train(plan, monitor=StopsAfter(1))
    with pytest.raises(CheckpointError, match="belongs to a training run with other data"):
        train(replace(plan, key="another"))


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "m.training"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(CheckpointError, match="is no checkpoint of a training run"):
        load_state(path, key="test")


class KeepsACheckpoint(SilentMonitor):
    """Lays the checkpoint after a step aside, as a stop there would leave it."""

    def __init__(self, plan: Plan, *, step: int, aside: Path) -> None:
        self.source, self.step, self.aside = checkpoint_path(plan.out), step, aside

    def check(self):
        if self.source.is_file() and not self.aside.is_file():
            self.step -= 1
            if self.step == 0:
                shutil.copyfile(self.source, self.aside)


def trained_by_threads(plan: Plan):
    """What two processes do, by two threads of this one: nothing has to be started."""
    run = loop._Run(plan)
    slots = torch.zeros(2, 2, sum(p.numel() for p in run.trained) + 1)
    barrier = threading.Barrier(2)

    def help_out() -> None:
        with contextlib.suppress(SamhqError):  # the leader has gone
            loop._help(Team(rank=1, slots=slots, barrier=barrier), plan)

    helper = threading.Thread(target=help_out)
    helper.start()
    run.team = Team(rank=0, slots=slots, barrier=barrier)
    run.go(SILENT)
    barrier.abort()
    helper.join()
    return run.outcome()


def test_two_processes_share_the_work_and_go_on_after_a_stop(discs_folder, tmp_path):
    chosen = {"processes": 2, "steps": 3, "checkpoint_minutes": 1e-6}
    plan = small_plan(discs_folder, tmp_path / "a.safetensors", **chosen)
    again = small_plan(discs_folder, tmp_path / "b.safetensors", **chosen)
    straight = train(plan, monitor=KeepsACheckpoint(plan, step=1, aside=checkpoint_path(again.out)))
    assert load_state(checkpoint_path(again.out), key="test").step in (1, 2)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as every process of a team
    try:
        assert equal(straight.weights, trained_by_threads(again).weights)
    finally:
        torch.set_num_threads(threads)
