from __future__ import annotations

import pytest
import torch

from samhq.training.losses import dense_loss, mask_iou, mask_loss


def square(size: int = 16, low: int = 4, high: int = 10) -> torch.Tensor:
    target = torch.zeros(1, size, size)
    target[:, low:high, low:high] = 1
    return target


def logits_of(target: torch.Tensor) -> torch.Tensor:
    return (target * 2 - 1)[:, None].expand(-1, 4, -1, -1) * 40


def test_a_right_mask_costs_nearly_nothing_and_a_wrong_one_a_lot():
    target, inside = square(), torch.ones(1, 16, 16)
    right = mask_loss(logits_of(target), target, inside, logit_scale=4)
    empty = mask_loss(logits_of(torch.zeros_like(target)), target, inside, logit_scale=4)
    assert right.loss.item() < 0.01
    assert empty.loss.item() > 1
    assert right.iou.min() > 0.99
    assert empty.iou.max() < 0.01


def test_a_mask_of_two_objects_costs_more_than_one_of_its_own():
    target, inside = square(), torch.ones(1, 16, 16)
    both = target.clone()
    both[:, 4:10, 10:15] = 1
    found = mask_loss(logits_of(both), target, inside, logit_scale=4)
    assert found.loss.item() > 1
    assert found.iou[0, 0].item() == pytest.approx(36 / 66, abs=0.01)


def test_nothing_outside_of_the_picture_counts():
    target, inside = square(), torch.ones(1, 16, 16)
    inside[:, :, 12:] = 0
    spilled = target.clone()
    spilled[:, :, 12:] = 1
    assert mask_loss(logits_of(spilled), target, inside, logit_scale=4).loss.item() < 0.01
    assert mask_iou(logits_of(spilled), target, inside).min() > 0.99


def test_one_good_mask_of_three_is_enough_but_the_others_are_not_forgotten():
    target, inside = square(), torch.ones(1, 16, 16)
    logits = logits_of(target).clone()
    logits[:, 2] *= -1
    logits.requires_grad_(True)
    mask_loss(logits * 0.02, target, inside, logit_scale=4).loss.sum().backward()
    assert logits.grad.abs().sum((0, 2, 3)).min() > 0


def test_unknown_ground_has_no_say_in_the_dense_loss():
    maps, targets, known = torch.randn(1, 5, 8, 8), torch.zeros(1, 5, 8, 8), torch.ones(1, 8, 8)
    known[:, :, 4:] = 0
    changed = maps.clone()
    changed[..., 4:] += 5
    assert torch.equal(dense_loss(maps, targets, known), dense_loss(changed, targets, known))
