"""One pass of the network over a batch, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from samhq.network.prompt_encoder import Prompts
from samhq.network.sam import SamHq
from samhq.training.batches import Batch
from samhq.training.decoder import attend, draw, feature_rows
from samhq.training.losses import dense_loss, mask_loss
from samhq.training.targets import DENSE_CHANNELS

__all__ = ["DenseHeads", "Encoded", "Losses", "encode", "forward"]

_IOU_WEIGHT = 4.0
_DENSE_WEIGHT = 0.4


class DenseHeads(nn.Module):
    """Dense maps from the HQ features: what helps the encoder to learn, and finds objects without a prompt.

    (b, 32, h, w) to (b, 5, h, w); see DenseTargets for the channels. Not part of SAM-HQ.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(32, 32, kernel_size=3, padding=1)
        self.maps = nn.Conv2d(32, DENSE_CHANNELS, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        """Apply the layers."""
        return cast(Tensor, self.maps(nn.functional.gelu(self.hidden(features))))


@dataclass(frozen=True, slots=True)
class Encoded:
    """Crops after the encoder. embedding: (b, 256, g, g). early: (b, c, g, g)."""

    embedding: Tensor
    early: Tensor


@dataclass(frozen=True, slots=True)
class Losses:
    """What a batch showed. total: to be minimised. The rest are plain numbers for the log.

    iou: mean IoU of the mask with the best score, over object prompts. seen: (object prompts,) those IoUs.
    scores: (prompts that count,) best predicted IoU; is_object: the same length.
    """

    total: Tensor
    mask: float
    score: float
    dense: float
    iou: float
    scores: Tensor
    is_object: Tensor


def encode(model: SamHq, batch: Batch) -> Encoded:
    """Run the image encoder."""
    pixels = batch.pixels.to(model.device, memory_format=torch.channels_last)
    embedding, early = model.image_encoder(pixels)
    return Encoded(embedding, early)


def forward(
    model: SamHq, heads: DenseHeads | None, batch: Batch, *, encoded: Encoded, logit_scale: float
) -> Losses:
    """The decoder's part and all losses. heads: None to do without the dense maps."""
    device = model.device
    decoder, view = model.mask_decoder, batch.view
    b, p = len(batch.pixels), view.prompts
    features = decoder.hq_features(encoded.embedding, encoded.early)
    sparse, no_mask = _sparse(model, batch)
    image = (encoded.embedding + no_mask).flatten(2).transpose(1, 2)
    positions = _positions(model, batch.origins, grid=view.grid)
    seen = attend(decoder, sparse.reshape(b, p, *sparse.shape[1:]), image=image, positions=positions)
    rows = feature_rows(features)
    is_object, counts = batch.is_object.to(device), batch.counts.to(device)
    true_iou = torch.zeros_like(seen.predicted_iou)
    losses = []
    for drawing in batch.drawings:
        prompts = drawing.prompts.to(device)
        logits = draw(
            decoder,
            seen,
            prompts=prompts,
            rows=drawing.rows.to(device),
            images=drawing.images.to(device),
            features=rows,
        )
        with torch.autocast(device.type, enabled=False):
            found = mask_loss(
                logits, drawing.targets.to(device), drawing.inside.to(device), logit_scale=logit_scale
            )
        losses.append(found.loss)
        true_iou = true_iou.index_copy(0, prompts, found.iou.to(true_iou.dtype))
    mask = torch.cat(losses).mean()
    # On the ground the target stays 0: such points shall be dropped by their score.
    score = ((seen.predicted_iou - true_iou) ** 2)[counts].mean()
    total = mask + _IOU_WEIGHT * score
    dense = 0.0
    if heads is not None:
        maps = heads(features)
        with torch.autocast(device.type, enabled=False):
            cost = dense_loss(maps, batch.dense.to(device), batch.known.to(device))
        total = total + _DENSE_WEIGHT * cost
        dense = float(cost.detach())
    with torch.no_grad():
        best = seen.predicted_iou[:, 1:].argmax(1)
        shown = true_iou[:, 1:].gather(1, best[:, None])[is_object, 0]
        scores = seen.predicted_iou[:, 1:].amax(1)[counts]
    return Losses(
        total=total,
        mask=float(mask.detach()),
        score=float(score.detach()),
        dense=dense,
        iou=float(shown.mean()) if len(shown) else 0.0,
        scores=scores.cpu(),
        is_object=is_object[counts].cpu(),
    )


def _sparse(model: SamHq, batch: Batch) -> tuple[Tensor, Tensor]:
    """Prompt tokens (b * p, 2, 256), from the point or the box, and the dense map of no mask."""
    device = model.device
    labels = torch.ones(len(batch.points), 1, dtype=torch.int64, device=device)
    by_point, no_mask = model.prompt_encoder(Prompts(points=batch.points.to(device), labels=labels))
    by_box, _ = model.prompt_encoder(Prompts(boxes=batch.boxes.to(device)))
    return torch.where(batch.by_box.to(device)[:, None, None], by_box, by_point), no_mask


def _positions(model: SamHq, origins: Tensor, *, grid: int) -> Tensor:
    """The positional encoding of each crop's window of the frame, (b, grid * grid, 256)."""
    whole = model.prompt_encoder.dense_positions()[0]
    windows = [whole[:, y : y + grid, x : x + grid].flatten(1).T for x, y in origins.tolist()]
    return torch.stack(windows)
