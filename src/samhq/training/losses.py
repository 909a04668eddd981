"""How far the network is from the targets."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

__all__ = ["MaskLoss", "dense_loss", "mask_iou", "mask_loss"]

_NEAR = 2  # low-resolution pixels around an object that count as its neighbourhood


@dataclass(frozen=True, slots=True)
class MaskLoss:
    """k drawn prompts. loss: (k,) of what is learnt from. iou: (k, 4) of each mask with its target, no gradient."""

    loss: Tensor
    iou: Tensor


def mask_loss(logits: Tensor, targets: Tensor, inside: Tensor, *, logit_scale: float) -> MaskLoss:
    """Cross-entropy balanced by neighbourhood, and dice.

    logits: (k, 4, h, w). targets: (k, h, w) coverages. inside: (k, h, w) 0 where the picture has ended.
    logit_scale: the file's logits are this much steeper than chances would be.
    The cross-entropy is a mean over the object and its neighbourhood plus half a mean over the rest. A mean over the
    picture would pull to empty masks, one over positive and negative pixels would fatten them.
    The best of the masks for ambiguous prompts (1 to 3) counts fully, the mask for unambiguous ones (0) as well, the
    others a little, so that none of them is left behind.
    """
    t, valid = targets[:, None], inside[:, None]
    near = (F.max_pool2d(t, 2 * _NEAR + 1, stride=1, padding=_NEAR) > 0).float() * valid
    far = (1 - near) * valid
    chances = logits / logit_scale
    entropy = F.binary_cross_entropy_with_logits(chances, t.expand_as(logits), reduction="none")
    by_near = (entropy * near).sum((2, 3)) / near.sum((2, 3)).clamp(min=1)
    by_far = (entropy * far).sum((2, 3)) / far.sum((2, 3)).clamp(min=1)
    p = chances.sigmoid() * valid
    t = t * valid
    dice = 1 - (2 * (p * t).sum((2, 3)) + 1) / ((p * p).sum((2, 3)) + (t * t).sum((2, 3)) + 1)
    each = by_near + 0.5 * by_far + dice
    loss = 0.6 * each[:, 1:].amin(dim=1) + 0.15 * each[:, 1:].mean(dim=1) + 0.25 * each[:, 0]
    return MaskLoss(loss=loss, iou=mask_iou(logits.detach(), targets, inside))


def mask_iou(logits: Tensor, targets: Tensor, inside: Tensor) -> Tensor:
    """IoU of (k, m, h, w) logits with (k, h, w) coverages, (k, m).

    Pixels at the edge count with the share that the logits, which are steep, give them.
    """
    p = (logits.sigmoid() * inside[:, None]).to(torch.float32)
    t = (targets * inside)[:, None]
    together = torch.minimum(p, t).sum((2, 3))
    return together / torch.maximum(p, t).sum((2, 3)).clamp(min=1e-3)


def dense_loss(maps: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """Loss of the dense maps (b, 5, h, w), a scalar; see DenseTargets for the channels."""
    maps = maps.float()
    weight = known / known.sum().clamp(min=1)
    objects, border = targets[:, 0], targets[:, 1]
    loss = (F.binary_cross_entropy_with_logits(maps[:, 0], objects, reduction="none") * weight).sum()
    rare = weight * (1 + 3 * border)
    loss = loss + (F.binary_cross_entropy_with_logits(maps[:, 1], border, reduction="none") * rare).sum()
    on = (objects * known) / (objects * known).sum().clamp(min=1)
    distance = (maps[:, 2] - targets[:, 2]).abs()
    direction = (maps[:, 3:5] - targets[:, 3:5]).abs().sum(1)
    return loss + (distance * on).sum() + 0.5 * (direction * on).sum()
