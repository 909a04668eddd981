"""Drawing masks strip by strip, with every strided convolution of the decoder as a matrix product.

The same numbers as MaskDecoderHQ draws the plain way, up to rounding.

- A transposed convolution whose kernel is as wide as its stride writes to each place once: it is a linear layer
  that makes the 2 x 2 pixels below each pixel, with the channels last all the way.
- Normalisation and GELU work on rows of channels in any order of the pixels, so pixels are put into reading
  order once, before the first 3x3 convolution.
- A 3x3 convolution of a strip needs one row more on either side and nothing else, so all steps after each other
  are done to one strip, which stays in the cache, and then to the next.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

from samhq.network.layers import LayerNorm2d

__all__ = ["convolved_planes", "fine_features"]

_STRIP = 1 << 19  # numbers of the widest step of a strip (fp32: 2 MiB)


def fine_features(upscaling: nn.Sequential, image: Tensor, *, grid: int) -> Tensor:
    """The decoder's output_upscaling for pixels (k, g * g, dim): (k, 4g + 2, 4g, c), channels last.

    The first and the last row are zeros: what a 3x3 convolution sees above and below.
    """
    first, norm, _, second, _ = upscaling
    k, channels = len(image), cast(nn.ConvTranspose2d, second).out_channels
    fine = image.new_zeros(k, 4 * grid + 2, 4 * grid, channels)
    rows = _rows_at_once(image, row=k * 16 * grid * channels)
    for y in range(0, grid, rows):
        pixels = image[:, y * grid : (y + rows) * grid]
        x = F.gelu(_norm(cast(LayerNorm2d, norm), _upscaled(cast(nn.ConvTranspose2d, first), pixels)))
        x = F.gelu(_upscaled(cast(nn.ConvTranspose2d, second), x))
        # Now (k, pixels, a, b, d, e, c), for row 4y + 2a + d and column 4x + 2b + e.
        x = x.reshape(k, -1, grid, 2, 2, 2, 2, channels).permute(0, 1, 3, 5, 2, 4, 6, 7)
        inside = fine[:, 1 + 4 * y : 1 + 4 * (y + x.shape[1])]
        inside.copy_(x.reshape(inside.shape))
    return fine


def convolved_planes(convolutions: nn.Sequential, fine: Tensor, kernels: Tensor) -> Tensor:
    """The decoder's embedding_maskfeature with the last convolution replaced by products of each pixel alone.

    fine: (k, h + 2, w, c) as fine_features gives it. kernels: (k, 9, d), what the d channels that go into the last
    convolution are multiplied with. Returns (k, 9, h * w) fp32.
    """
    first, norm = cast(nn.Conv2d, convolutions[0]), cast(LayerNorm2d, convolutions[1])
    k, padded, width = fine.shape[:3]
    height = padded - 2
    planes = fine.new_empty(k, 9, height * width, dtype=torch.float32)
    weight = first.weight.contiguous(memory_format=torch.channels_last)
    rows = _rows_at_once(fine, row=k * width * first.out_channels)
    for y in range(0, height, rows):
        stop = min(y + rows, height)
        strip = fine[:, y : stop + 2].permute(0, 3, 1, 2)
        x = F.conv2d(strip, weight, first.bias, padding=(0, 1)).permute(0, 2, 3, 1)
        x = F.gelu(_norm(norm, x)).flatten(1, 2)
        planes[:, :, y * width : stop * width] = torch.bmm(kernels, x.transpose(1, 2))
    return planes


def _rows_at_once(x: Tensor, *, row: int) -> int:
    """Rows of a strip, if a row holds so many numbers: all of them where there is no cache to care for."""
    return max(1, _STRIP // row) if x.device.type == "cpu" else 1 << 30


def _upscaled(layer: nn.ConvTranspose2d, x: Tensor) -> Tensor:
    """(..., a) pixels to (..., 2, 2, b): the four pixels below each."""
    a, b = layer.weight.shape[:2]
    matrix = layer.weight.permute(2, 3, 1, 0).reshape(4 * b, a)
    return F.linear(x, matrix, cast(Tensor, layer.bias).repeat(4)).reshape(*x.shape[:-1], 2, 2, b)


def _norm(norm: LayerNorm2d, x: Tensor) -> Tensor:
    return F.layer_norm(x, norm.weight.shape, norm.weight, norm.bias, norm.eps)
