"""The small layers that several parts of SAM-HQ share, under their official parameter names."""

from __future__ import annotations

import itertools
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

__all__ = ["MLP", "LayerNorm2d", "MLPBlock", "from_windows", "into_windows"]


class LayerNorm2d(nn.Module):
    """Layer normalisation over the channels of an image-shaped tensor, (b, c, h, w) to the same shape."""

    def __init__(self, channels: int, *, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise every pixel over its channels."""
        # The fused kernel wants channels last; it also keeps the variance in fp32 for half precision.
        last = F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, self.eps)
        return last.permute(0, 3, 1, 2)


class MLPBlock(nn.Module):
    """Two linear layers with an activation between them."""

    def __init__(self, dim: int, hidden: int, *, activation: type[nn.Module] = nn.GELU) -> None:
        super().__init__()
        self.lin1 = nn.Linear(dim, hidden)
        self.lin2 = nn.Linear(hidden, dim)
        self.act = activation()

    def forward(self, x: Tensor) -> Tensor:
        """(..., dim) to (..., dim)."""
        return cast(Tensor, self.lin2(self.act(self.lin1(x))))


class MLP(nn.Module):
    """Linear layers with ReLU between them: the heads of the mask decoder."""

    def __init__(self, dims: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(dims))

    def forward(self, x: Tensor) -> Tensor:
        """(..., dims[0]) to (..., dims[-1])."""
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return cast(Tensor, self.layers[-1](x))


def into_windows(x: Tensor, size: int) -> Tensor:
    """Cut a map into square windows, padding with zeros on the right and at the bottom.

    x: (b, h, w, c). Returns (b * rows * columns, size, size, c), window after window in reading order.
    """
    b, h, w, c = x.shape
    pad_h, pad_w = -h % size, -w % size
    if pad_h or pad_w:
        x = F.pad(x, (0, 0, 0, pad_w, 0, pad_h))
    rows, columns = (h + pad_h) // size, (w + pad_w) // size
    x = x.reshape(b, rows, size, columns, size, c).transpose(2, 3)
    return x.reshape(b * rows * columns, size, size, c)


def from_windows(windows: Tensor, *, height: int, width: int) -> Tensor:
    """Put windows together again and cut the padding off: the inverse of into_windows.

    windows: (b * rows * columns, size, size, c). Returns (b, height, width, c).
    """
    size, c = windows.shape[1], windows.shape[3]
    rows, columns = -(-height // size), -(-width // size)
    x = windows.reshape(-1, rows, columns, size, size, c).transpose(2, 3)
    return x.reshape(-1, rows * size, columns * size, c)[:, :height, :width]
