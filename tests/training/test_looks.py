"""The quick AP of a network in training."""

from __future__ import annotations

from dataclasses import replace

import pytest
from training_samples import small_plan, small_starter, write_set

from samhq import api
from samhq.network.checkpoint import load_model
from samhq.training.data import find_pictures
from samhq.training.looks import Watch
from samhq.training.loop import train


def test_a_look_gives_the_ap_of_an_evaluation_with_the_same_points(tmp_path):
    data = write_set(tmp_path / "discs", count=2)
    path = small_starter(
        tmp_path, points_per_side=12, pred_iou_thresh=0.05, stability_score_thresh=0.3, image_size=192
    )
    loaded = load_model(path)
    watch = Watch(find_pictures(data), loaded.info)
    assert watch.is_worth_it()
    precision = watch.look(loaded.model)
    row = api.evaluate(path, data, objects=None).rows()[0]
    assert precision.ap50 == pytest.approx(row.score.ap50)
    assert precision.ap == pytest.approx(row.score.ap)
    assert precision.ap50 > 0
    assert not watch.is_worth_it()  # before ten times as long was trained


def test_looks_bear_training_in_half_precision(tmp_path):
    """The fused kernels of the looks have no autocast, the judgement beside them has."""
    data = write_set(tmp_path / "discs", count=2)
    plan = small_plan(
        data, tmp_path / "m.safetensors", judged=True, part="decoder", precision="bf16", steps=1, crops=2
    )
    plan = replace(plan, watched=plan.judged)
    judged = [row["judged"] for row in train(plan).history if "judged" in row]
    assert len(judged) == 2
    assert all({"iou", "ap50"} <= row.keys() for row in judged)
