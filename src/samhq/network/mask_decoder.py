"""The HQ mask decoder (Ke et al. 2023, "Segment Anything in High Quality").

Split where the work stops being cheap: `attend` runs the transformer for all prompts and gives their
predicted IoUs; `draw` makes logits only of those that are still wanted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

from samhq.network.architectures import PROMPT_DIM
from samhq.network.drawing import convolved_planes, fine_features
from samhq.network.layers import MLP, LayerNorm2d
from samhq.network.shortcuts import ALL
from samhq.network.token_side import ImageSide, look, two_way
from samhq.network.transformer import TwoWayTransformer

__all__ = ["Attended", "MaskDecoderHQ"]

_MASK_TOKENS = 4  # one for unambiguous prompts, three for ambiguous ones
_FINE_DIM = PROMPT_DIM // 8
_CACHED_PIXELS = 1 << 14  # of the embedding worked on at once: fp32 16 MiB


@dataclass(frozen=True, slots=True)
class Attended:
    """b prompts after the transformer, before anything is drawn.

    predicted_iou: (b, 4) fp32, one for each mask token.
    tokens: (b, 5, 256), the four mask tokens and the HQ token.
    image: what each group of prompts in turn made of the image, (prompts of the group, n, 256) each.
    side, prompted: given where the tokens have not had their last look at the image yet: the image before any
    prompt, and (b, 5, 256) the tokens as they went into the transformer.
    """

    predicted_iou: Tensor
    tokens: Tensor
    image: Sequence[Tensor]
    side: ImageSide | None = None
    prompted: Tensor | None = None


class MaskDecoderHQ(nn.Module):
    """Tokens and image embedding to predicted IoUs and low-resolution mask logits."""

    def __init__(self, *, early_dim: int) -> None:
        super().__init__()
        dim, fine = PROMPT_DIM, _FINE_DIM
        self.shortcuts = ALL
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
        tokens, seen = self.transformer(
            self._all_tokens(sparse),
            image=image.flatten(2).transpose(1, 2),
            positions=positions.flatten(2).transpose(1, 2),
        )
        return Attended(
            predicted_iou=self._predicted_iou(tokens[:, 0]),
            tokens=tokens[:, 1 : _MASK_TOKENS + 2],
            image=[seen],
        )

    def attend_token_side(self, sparse: Tensor, side: ImageSide) -> Attended:
        """Like attend, on a prepared image and with the projections on the side of the tokens.

        The predicted IoU comes from one token alone, so only that one takes its last look at the image; the
        others do when their mask is drawn.
        """
        tokens = self._all_tokens(sparse)
        seen = two_way(self.transformer, side, tokens, together=self._at_once(side.pixels, len(tokens)))
        own = slice(1, _MASK_TOKENS + 2)
        return Attended(
            predicted_iou=self._predicted_iou(seen.first),
            tokens=seen.queries[:, own],
            image=seen.pixels,
            side=side,
            prompted=tokens[:, own],
        )

    def _at_once(self, pixels: Tensor, count: int) -> int:
        """Of how many prompts pixels (n, 256) are worked on together: on a processor what its cache holds."""
        if pixels.device.type != "cpu" or not self.shortcuts.small_batches:
            return count
        return max(1, _CACHED_PIXELS // len(pixels))

    def _all_tokens(self, sparse: Tensor) -> Tensor:
        own = torch.cat([self.iou_token.weight, self.mask_tokens.weight, self.hf_token.weight])
        return torch.cat([own.expand(len(sparse), -1, -1), sparse], dim=1)

    def _predicted_iou(self, tokens: Tensor) -> Tensor:
        # Scores decide what is kept: they stay in fp32 whatever the network computes in.
        precision = cast(Tensor, self.iou_prediction_head.layers[0].weight).dtype
        return cast(Tensor, self.iou_prediction_head(tokens.to(precision))).float()

    def draw(
        self, attended: Attended, *, prompts: Tensor, tokens: Tensor, hq_features: Tensor, hq_only: bool
    ) -> Tensor:
        """Low-resolution logits of one mask for each chosen prompt.

        prompts: (k,) int64, which prompts. tokens: (k,) int64 in 0..3, which of the prompt's masks.
        hq_features: (1, 32, 4g, 4g). hq_only: leave the mask token's own mask out, keep the HQ part.
        Returns (k, 4g, 4g) fp32.
        """
        logits = [hq_features.new_zeros(0, *hq_features.shape[2:], dtype=torch.float32)]
        start = 0
        for image in attended.image:
            mine = torch.nonzero((prompts >= start) & (prompts < start + len(image)))[:, 0]
            if len(mine):
                rows, token = prompts[mine], tokens[mine]
                pixels = image if len(rows) == len(image) else image[rows - start]
                mask_token, hq_token = self._finished_tokens(attended, pixels, prompts=rows, tokens=token)
                weights = self._mask_weights(mask_token, token), self.hf_mlp(hq_token)
                logits.append(self._drawn(pixels, *weights, hq_features=hq_features, hq_only=hq_only))
            start += len(image)
        return torch.cat(logits)

    def _finished_tokens(
        self, attended: Attended, pixels: Tensor, *, prompts: Tensor, tokens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The chosen mask token and the HQ token of each chosen prompt, (k, 256) each; pixels: theirs."""
        rows = torch.stack([tokens, torch.full_like(tokens, _MASK_TOKENS)], dim=1)
        chosen = attended.tokens[prompts[:, None], rows]
        if attended.side is not None and attended.prompted is not None:
            asked = attended.prompted[prompts[:, None], rows]
            chosen = look(self.transformer, attended.side, queries=chosen, tokens=asked, pixels=pixels)
        return chosen[:, 0], chosen[:, 1]

    def _drawn(
        self,
        image: Tensor,
        mask_weights: Tensor,
        hq_weights: Tensor,
        *,
        hq_features: Tensor,
        hq_only: bool,
    ) -> Tensor:
        """Logits (k, 4g, 4g) fp32 from pixels (k, n, 256) and the weights (k, 32) of their channels."""
        grid = hq_features.shape[-1] // 4
        kernels, offsets = self._folded_kernels(hq_weights)
        if self.shortcuts.matrix_drawing:
            padded = fine_features(self.output_upscaling, image, grid=grid)
            planes = convolved_planes(self.embedding_maskfeature, padded, kernels)
            fine = padded[:, 1:-1].permute(0, 3, 1, 2)
        else:
            fine = self.output_upscaling(image.transpose(1, 2).reshape(len(image), -1, grid, grid))
            planes = torch.bmm(kernels, self.embedding_maskfeature[:-1](fine).flatten(2))
        logits = _summed(planes.float()) + (_weighted(hq_weights, hq_features) + offsets[:, None, None])
        return logits if hq_only else logits + _weighted(mask_weights, fine)

    def _folded_kernels(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """The last convolution of embedding_maskfeature for weights (k, c) of its channels.

        The convolution is linear and only this sum of its output is wanted, so the weights are folded into
        it: sum_c w_c conv(g, W_c) = conv(g, sum_c w_c W_c), one output channel instead of c.
        Returns, for each prompt, what each of the 9 places of the kernel multiplies the d input channels with, and
        its bias: (k, 9, d) and (k,).
        """
        last = self.embedding_maskfeature[-1]
        kernels = torch.einsum("kc,cdij->kijd", weights, cast(Tensor, last.weight))
        # _summed shifts the other way round than a convolution.
        return kernels.flip(1, 2).flatten(1, 2), weights @ cast(Tensor, last.bias)

    def _mask_weights(self, mask_tokens: Tensor, chosen: Tensor) -> Tensor:
        """The chosen mask token (k, 256) of each prompt through its own head, (k, 32)."""
        weights = mask_tokens.new_zeros(len(mask_tokens), _FINE_DIM)
        for i, head in enumerate(self.output_hypernetworks_mlps):
            rows = torch.nonzero(chosen == i)[:, 0]
            if len(rows):
                weights[rows] = head(mask_tokens[rows])
        return weights


def _upscaling(dim: int, hidden: int) -> nn.Sequential:
    """(b, dim, g, g) to (b, 32, 4g, 4g)."""
    return nn.Sequential(
        nn.ConvTranspose2d(dim, hidden, kernel_size=2, stride=2),
        LayerNorm2d(hidden),
        nn.GELU(),
        nn.ConvTranspose2d(hidden, _FINE_DIM, kernel_size=2, stride=2),
    )


def _summed(planes: Tensor) -> Tensor:
    """Shift and add the 9 planes of a 3x3 convolution, one for each place of its kernel: (k, 9, h * h) to (k, h, h)."""
    side = math.isqrt(planes.shape[2])
    return F.fold(planes, (side, side), kernel_size=3, padding=1)[:, 0]


def _weighted(weights: Tensor, features: Tensor) -> Tensor:
    """Sum of the channels of (k or 1, c, h, w) features under (k, c) weights, (k, h, w) fp32."""
    k, (c, h, w) = len(weights), features.shape[1:]
    if len(features) == 1:
        return (weights @ features.reshape(c, h * w)).reshape(k, h, w).float()
    return torch.bmm(weights[:, None], features.reshape(k, c, h * w)).reshape(k, h, w).float()
