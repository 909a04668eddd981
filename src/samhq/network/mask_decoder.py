"""The HQ mask decoder (Ke et al. 2023, "Segment Anything in High Quality").

Split where the work stops being cheap: `attend` runs the transformer for all prompts and gives their
predicted IoUs; `draw` makes logits only of those that are still wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

from samhq.network.architectures import PROMPT_DIM
from samhq.network.layers import MLP, LayerNorm2d
from samhq.network.transformer import TwoWayTransformer

__all__ = ["Attended", "MaskDecoderHQ"]

_MASK_TOKENS = 4  # one for unambiguous prompts, three for ambiguous ones
_FINE_DIM = PROMPT_DIM // 8


@dataclass(frozen=True, slots=True)
class Attended:
    """b prompts after the transformer, before anything is drawn.

    predicted_iou: (b, 4) fp32, one for each mask token.
    tokens: (b, 5, 256), the four mask tokens and the HQ token. image: (b, n, 256).
    """

    predicted_iou: Tensor
    tokens: Tensor
    image: Tensor


class MaskDecoderHQ(nn.Module):
    """Tokens and image embedding to predicted IoUs and low-resolution mask logits."""

    def __init__(self, *, early_dim: int) -> None:
        super().__init__()
        dim, fine = PROMPT_DIM, _FINE_DIM
        self.transformer = TwoWayTransformer(dim=dim)
        self.iou_token = nn.Embedding(1, dim)
        self.mask_tokens = nn.Embedding(_MASK_TOKENS, dim)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(dim, dim // 4, kernel_size=2, stride=2),
            LayerNorm2d(dim // 4),
            nn.GELU(),
            nn.ConvTranspose2d(dim // 4, fine, kernel_size=2, stride=2),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(
            MLP((dim, dim, dim, fine)) for _ in range(_MASK_TOKENS)
        )
        self.iou_prediction_head = MLP((dim, dim, dim, _MASK_TOKENS))
        self.hf_token = nn.Embedding(1, dim)
        self.hf_mlp = MLP((dim, dim, dim, fine))
        self.compress_vit_feat = _upscaling(early_dim, dim)
        self.embedding_encoder = _upscaling(dim, dim // 4)
        self.embedding_maskfeature = nn.Sequential(
            nn.Conv2d(fine, dim // 4, kernel_size=3, padding=1),
            LayerNorm2d(dim // 4),
            nn.GELU(),
            nn.Conv2d(dim // 4, fine, kernel_size=3, padding=1),
        )

    def hq_features(self, embedding: Tensor, early: Tensor) -> Tensor:
        """Fuse the embedding (1, 256, g, g) and the early features (1, c, g, g) to (1, 32, 4g, 4g).

        Depends on the image alone, so it is done once per image.
        """
        return cast(Tensor, self.embedding_encoder(embedding) + self.compress_vit_feat(early))

    def attend(self, sparse: Tensor, *, image: Tensor, positions: Tensor) -> Attended:
        """Run the transformer.

        sparse: (b, t, 256) prompt tokens. image: (b or 1, 256, g, g) embedding plus dense prompt.
        positions: (1, 256, g, g) encoding of the embedding's pixels.
        """
        own = torch.cat([self.iou_token.weight, self.mask_tokens.weight, self.hf_token.weight])
        tokens = torch.cat([own.expand(len(sparse), -1, -1), sparse], dim=1)
        tokens, seen = self.transformer(
            tokens, image=image.flatten(2).transpose(1, 2), positions=positions.flatten(2).transpose(1, 2)
        )
        # Scores decide what is kept: they stay in fp32 whatever the network computes in.
        iou = self.iou_prediction_head(tokens[:, 0].to(self.iou_prediction_head.layers[0].weight.dtype))
        return Attended(predicted_iou=iou.float(), tokens=tokens[:, 1 : _MASK_TOKENS + 2], image=seen)

    def draw(
        self, attended: Attended, *, prompts: Tensor, tokens: Tensor, hq_features: Tensor, hq_only: bool
    ) -> Tensor:
        """Low-resolution logits of one mask for each chosen prompt.

        prompts: (k,) int64, which prompts. tokens: (k,) int64 in 0..3, which of the prompt's masks.
        hq_features: (1, 32, 4g, 4g). hq_only: leave the mask token's own mask out, keep the HQ part.
        Returns (k, 4g, 4g) fp32.
        """
        if not len(prompts):
            return hq_features.new_zeros(0, *hq_features.shape[2:], dtype=torch.float32)
        grid = hq_features.shape[-1] // 4
        image = attended.image[prompts].transpose(1, 2).reshape(len(prompts), PROMPT_DIM, grid, grid)
        fine = self.output_upscaling(image)
        hq_weights = self.hf_mlp(attended.tokens[prompts, -1])
        logits = self._weighted_maskfeature(hq_weights, fine) + _weighted(hq_weights, hq_features)
        if hq_only:
            return logits
        return _weighted(self._mask_weights(attended.tokens[prompts], tokens), fine) + logits

    def _weighted_maskfeature(self, weights: Tensor, fine: Tensor) -> Tensor:
        """embedding_maskfeature(fine), its channels summed under (k, c) weights: (k, h, w) fp32.

        The last convolution is linear and only this sum of its output is wanted, so the weights are
        folded into it: sum_c w_c conv(g, W_c) = conv(g, sum_c w_c W_c), one output channel instead of c.
        """
        *before, last = self.embedding_maskfeature
        for layer in before:
            fine = layer(fine)
        kernels = torch.einsum("kc,cdij->kdij", weights, last.weight)
        offsets = weights @ cast(Tensor, last.bias)
        return (_conv_each(fine, kernels) + offsets[:, None, None]).float()

    def _mask_weights(self, mask_tokens: Tensor, chosen: Tensor) -> Tensor:
        """The chosen mask token of each prompt through its own head, (k, 32)."""
        weights = mask_tokens.new_zeros(len(mask_tokens), _FINE_DIM)
        for i, head in enumerate(self.output_hypernetworks_mlps):
            rows = torch.nonzero(chosen == i)[:, 0]
            if len(rows):
                weights[rows] = head(mask_tokens[rows, i])
        return weights


def _upscaling(dim: int, hidden: int) -> nn.Sequential:
    """(b, dim, g, g) to (b, 32, 4g, 4g)."""
    return nn.Sequential(
        nn.ConvTranspose2d(dim, hidden, kernel_size=2, stride=2),
        LayerNorm2d(hidden),
        nn.GELU(),
        nn.ConvTranspose2d(hidden, _FINE_DIM, kernel_size=2, stride=2),
    )


def _conv_each(features: Tensor, kernels: Tensor) -> Tensor:
    """Convolve every (c, h, w) of a batch with a 3x3 kernel (c, 3, 3) of its own, zero-padded: (k, h, w).

    For each place of the kernel one plane, all in one matrix product; `fold` shifts and adds the planes.
    It shifts the other way round than a convolution, hence the flip.
    """
    k, c, h, w = features.shape
    flipped = kernels.flip(2, 3).reshape(k, c, 9).transpose(1, 2)
    planes = torch.bmm(flipped, features.reshape(k, c, h * w))
    return F.fold(planes, (h, w), kernel_size=3, padding=1)[:, 0]


def _weighted(weights: Tensor, features: Tensor) -> Tensor:
    """Sum of the channels of (k or 1, c, h, w) features under (k, c) weights, (k, h, w) fp32."""
    k, (c, h, w) = len(weights), features.shape[1:]
    if len(features) == 1:
        return (weights @ features.reshape(c, h * w)).reshape(k, h, w).float()
    return torch.bmm(weights[:, None], features.reshape(k, c, h * w)).reshape(k, h, w).float()
