"""The small layers that several parts of SAM-HQ share, under their official parameter names."""

from __future__ import annotations

import functools
import itertools
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

__all__ = ["MLP", "LayerNorm2d", "MLPBlock", "from_windows", "into_windows", "linear_gelu"]


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

    def forward(self, x: Tensor, *, fused: bool = False) -> Tensor:
        """(..., dim) to (..., dim). fused: the activation is a GELU and may be done by linear_gelu."""
        hidden = linear_gelu(self.lin1, x) if fused else self.act(self.lin1(x))
        return cast(Tensor, self.lin2(hidden))


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


def linear_gelu(layer: nn.Linear, x: Tensor) -> Tensor:
    """GELU of a linear layer, (..., a) to (..., b).

    On a processor oneDNN applies the GELU to each piece of the product while it is still in the cache. That kernel
    has no gradient, and not every build of PyTorch has it: else the two steps are taken one after the other.
    """
    is_plain = x.dtype == layer.weight.dtype and not torch.is_autocast_enabled(x.device.type)
    if is_plain and x.device.type == "cpu" and not torch.is_grad_enabled() and _has_fused_gelu(x.dtype):
        fused = torch.ops.mkldnn._linear_pointwise
        return cast(Tensor, fused(x, layer.weight, layer.bias, "gelu", [], "none"))
    return F.gelu(layer(x))


@functools.cache
def _has_fused_gelu(dtype: torch.dtype) -> bool:
    """Whether this PyTorch has the kernel, and it gives what a linear layer and a GELU give."""
    x = torch.linspace(-3, 3, 12).reshape(3, 4).to(dtype)
    weight, bias = torch.eye(4).to(dtype), torch.zeros(4).to(dtype)
    try:
        result = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "gelu", [], "none")
    except (AttributeError, RuntimeError, NotImplementedError, TypeError):
        return False
    return torch.allclose(result, F.gelu(x), rtol=1e-2, atol=1e-2 if dtype != torch.float32 else 1e-5)


def into_windows(x: Tensor, size: int, *, fill: Tensor | None = None) -> Tensor:
    """Cut a map into square windows, padding on the right and at the bottom.

    x: (b, h, w, c). fill: (c,) what is padded, zeros if not given.
    Returns (b * rows * columns, size, size, c), window after window in reading order.
    """
    b, h, w, c = x.shape
    pad_h, pad_w = -h % size, -w % size
    if fill is None:
        x = F.pad(x, (0, 0, 0, pad_w, 0, pad_h))
    elif pad_h or pad_w:
        below, beside = fill.expand(b, pad_h, w, c), fill.expand(b, h + pad_h, pad_w, c)
        x = torch.cat([torch.cat([x, below], dim=1), beside], dim=2)
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
