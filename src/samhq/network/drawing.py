"""Drawing masks pixel after pixel: every strided convolution of the decoder as a matrix product.

The same numbers as MaskDecoderHQ.draw, up to rounding.

- A transposed convolution whose kernel is as wide as its stride writes to each place once: it is a linear layer
  that makes the 2 x 2 pixels below each pixel, with the channels last all the way.
- What the channels mean is only needed at the end: normalisation and GELU work on rows of channels in any order
  of the pixels, so pixels are put into reading order once, before the first 3x3 convolution.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

from samhq.network.layers import LayerNorm2d

__all__ = ["fine_features", "in_reading_order", "mask_features", "weighted_blocks"]


def fine_features(upscaling: nn.Sequential, pixels: Tensor) -> Tensor:
    """The decoder's output_upscaling for pixels (k, n, dim), in blocks: (k, n, 2, 2, 2, 2, c).

    Place (i, a, b, d, e) of a mask is row 4y + 2a + d and column 4x + 2b + e if pixel i is (y, x).
    """
    first, norm, _, second, _ = upscaling
    x = F.gelu(_norm(cast(LayerNorm2d, norm), _upscaled(cast(nn.ConvTranspose2d, first), pixels)))
    return F.gelu(_upscaled(cast(nn.ConvTranspose2d, second), x))


def in_reading_order(blocks: Tensor, *, grid: int) -> Tensor:
    """(k, grid^2, 2, 2, 2, 2, ...) to (k, 4 grid, 4 grid, ...)."""
    k, rest = len(blocks), blocks.shape[6:]
    x = blocks.reshape(k, grid, grid, 2, 2, 2, 2, -1).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return x.reshape(k, 4 * grid, 4 * grid, *rest)


def mask_features(convolutions: nn.Sequential, fine: Tensor) -> Tensor:
    """All of embedding_maskfeature but its last convolution: (k, h, w, c) to rows (k, h * w, 2 c).

    With the channels last, each row of the convolution's result is normalised where it lies.
    """
    first, norm = convolutions[0], cast(LayerNorm2d, convolutions[1])
    x = cast(nn.Conv2d, first)(fine.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    return F.gelu(_norm(norm, x)).flatten(1, 2)


def weighted_blocks(weights: Tensor, blocks: Tensor) -> Tensor:
    """Sum of the channels of blocks (k, n, 2, 2, 2, 2, c) under weights (k, c): (k, n, 2, 2, 2, 2)."""
    k, c = weights.shape
    return torch.bmm(blocks.reshape(k, -1, c), weights[..., None]).reshape(blocks.shape[:-1])


def _upscaled(layer: nn.ConvTranspose2d, x: Tensor) -> Tensor:
    """(..., a) pixels to (..., 2, 2, b): the four pixels below each."""
    a, b = layer.weight.shape[:2]
    matrix = layer.weight.permute(2, 3, 1, 0).reshape(4 * b, a)
    return F.linear(x, matrix, cast(Tensor, layer.bias).repeat(4)).reshape(*x.shape[:-1], 2, 2, b)


def _norm(norm: LayerNorm2d, x: Tensor) -> Tensor:
    return F.layer_norm(x, norm.weight.shape, norm.weight, norm.bias, norm.eps)
