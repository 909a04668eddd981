from __future__ import annotations

import numpy as np
import pytest
import torch

from samhq.training.augment import Crop
from samhq.training.batches import View, assemble
from samhq.training.targets import coverage, dense_targets, draw_prompts

SIDE = 112


def crop(*, incomplete: bool = False) -> Crop:
    """Two squares that touch, dark on light, and a third one without a label."""
    labels = np.zeros((SIDE, SIDE), np.int32)
    labels[16:48, 16:40] = 1
    labels[16:48, 40:64] = 2
    pixels = np.full((SIDE, SIDE, 3), 200, np.uint8)
    pixels[labels > 0] = 60
    pixels[80:100, 80:100] = 60
    return Crop(pixels, labels, np.ones((SIDE, SIDE), np.bool_), incomplete)


def test_coverage_is_the_covered_part_of_each_four_by_four():
    mask = np.zeros((8, 8), np.bool_)
    mask[:4, :2] = True
    assert coverage(mask).tolist() == [[0.5, 0], [0, 0]]


@pytest.mark.parametrize("incomplete", [False, True])
def test_points_lie_in_their_object_or_clear_of_all(incomplete):
    shown = crop(incomplete=incomplete)
    found = draw_prompts(np.random.default_rng(0), shown, objects=30, grounds=30, box_share=0.5)
    x, y = np.round(found.points).astype(int).clip(0, SIDE - 1).T
    edge = 1  # points are moved by up to half a pixel
    for i in range(30):
        around = shown.labels[y[i] - edge : y[i] + edge + 1, x[i] - edge : x[i] + edge + 1]
        assert found.objects[i] in around
    assert not shown.labels[y[30:], x[30:]].any()
    unlabelled = (x[30:] >= 80) & (x[30:] < 100) & (y[30:] >= 80) & (y[30:] < 100)
    assert found.counts.all()
    assert (
        unlabelled.any() != incomplete
    )  # of an incomplete set nothing is said about what looks like an object


def test_a_crop_without_objects_is_refused():
    empty = Crop(
        np.zeros((SIDE, SIDE, 3), np.uint8),
        np.zeros((SIDE, SIDE), np.int32),
        np.ones((SIDE, SIDE), np.bool_),
        False,
    )
    assert draw_prompts(np.random.default_rng(0), empty, objects=4, grounds=2, box_share=0) is None


def test_boxes_enclose_their_object_nearly():
    found = draw_prompts(np.random.default_rng(0), crop(), objects=8, grounds=0, box_share=1)
    for box, label in zip(found.boxes, found.objects, strict=True):
        true = (16, 16, 40, 48) if label == 1 else (40, 16, 64, 48)
        assert np.abs(box - true).max() <= 0.08 * 32 + 1e-3


def test_dense_maps_say_where_objects_touch_and_where_their_middle_is():
    dense = dense_targets(crop())
    objects, border, distance, towards_x, _ = dense.maps
    assert objects[8, 7] == 1
    assert border[8, 9] > 0  # on both sides of the line between the two
    assert border[8, 10] > 0
    assert distance[8, 7] > 0.8 > distance[8, 5]
    assert towards_x[8, 4] > 0.5
    assert towards_x[8, 9] < -0.5
    assert dense.known.all()


def test_of_an_incomplete_set_only_plain_ground_is_known():
    known = dense_targets(crop(incomplete=True)).known
    assert known[2, 24] == 1
    assert known[22, 22] == 0  # the object without a label
    assert known[8, 7] == 1


def test_windows_hold_their_object_and_show_its_part_of_the_target():
    view = View(side=SIDE, batch=1, prompts=8, whole=2, window=5)
    shown = crop()
    prompts = draw_prompts(np.random.default_rng(1), shown, objects=6, grounds=2, box_share=0)
    batch = assemble(np.random.default_rng(2), [shown], [prompts], view=view, frame=512)
    assert sorted(torch.cat([d.prompts for d in batch.drawings]).tolist()) == list(range(6))
    assert [d.targets.shape[-1] for d in batch.drawings] == [28, 20]
    for drawing in batch.drawings:
        for prompt, rows, target in zip(drawing.prompts, drawing.rows, drawing.targets, strict=True):
            whole = torch.from_numpy(coverage(shown.labels == int(prompts.objects[prompt])))
            assert target.sum() == whole.sum()
            y, x = divmod(int(rows[0]), view.grid)
            side = target.shape[-1]
            assert torch.equal(target, whole[4 * y : 4 * y + side, 4 * x : 4 * x + side])


def test_prompts_are_given_in_the_frame():
    view = View(side=SIDE, batch=1, prompts=8, whole=2, window=5)
    prompts = draw_prompts(np.random.default_rng(1), crop(), objects=6, grounds=2, box_share=0)
    batch = assemble(np.random.default_rng(2), [crop()], [prompts], view=view, frame=512)
    moved = batch.points[:, 0].numpy() - prompts.points
    assert np.allclose(moved, batch.origins.numpy()[0] * 16)
    assert (batch.origins <= (512 - SIDE) // 16).all()
