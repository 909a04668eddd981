"""The image encoder of vit_tiny: TinyViT (Wu et al. 2022) with the neck of Segment Anything.

Follows the size of its input everywhere, and gathers its attention biases from the current weights,
so there is no cache that could belong to other weights.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

from samhq.network.architectures import TinyVitConfig
from samhq.network.layers import from_windows, into_windows, linear_gelu
from samhq.network.shortcuts import ALL
from samhq.network.vit import make_neck

__all__ = ["TinyViT"]


class TinyViT(nn.Module):
    """Pixels to an image embedding and early features."""

    def __init__(self, config: TinyVitConfig) -> None:
        super().__init__()
        dims = config.dims
        # Stage i ends by going to the channels of stage i + 1; only the step to the last keeps the size.
        self.patch_embed = PatchEmbed(dims[0])
        self.layers = nn.ModuleList([ConvStage(dims[0], dims[1], depth=config.depths[0])])
        for i in (1, 2, 3):
            merging = PatchMerging(dims[i], dims[i + 1], stride=2 if i == 1 else 1) if i < 3 else None
            self.layers.append(
                WindowStage(
                    dims[i],
                    depth=config.depths[i],
                    heads=config.heads[i],
                    window=config.windows[i],
                    downsample=merging,
                )
            )
        self.neck = make_neck(dims[3])

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Encode normalised, padded pixels.

        pixels: (1, 3, s, s) with s a multiple of 16.
        Returns the embedding (1, 256, s/16, s/16) and the early features (1, 160, s/16, s/16).
        """
        # Channels last in memory: what attention and linear layers want is then no copy.
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        x = self.layers[0](self.patch_embed(pixels))
        early = self.layers[1](x)
        x = self.layers[3](self.layers[2](early))
        return self.neck(x), early


class ConvBN(nn.Module):
    """A convolution without bias followed by batch normalisation."""

    def __init__(self, a: int, b: int, *, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.shortcuts = ALL
        self.c = nn.Conv2d(a, b, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(b)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and normalise."""
        if self.training or not self.shortcuts.folded_norms:
            return cast(Tensor, self.bn(self.c(x)))
        # With fixed statistics g (W x - m) / s + b is a convolution again: (g / s) W x + (b - g m / s).
        bn = self.bn
        gain = bn.weight.float() * (cast(Tensor, bn.running_var).float() + bn.eps).rsqrt()
        bias = bn.bias.float() - gain * cast(Tensor, bn.running_mean).float()
        weight = self.c.weight.float() * gain[:, None, None, None]
        c = self.c
        return F.conv2d(x, weight.to(x.dtype), bias.to(x.dtype), c.stride, c.padding, groups=c.groups)


class PatchEmbed(nn.Module):
    """Two strided convolutions: (b, 3, s, s) to (b, dim, s/4, s/4)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.seq = nn.Sequential(
            ConvBN(3, dim // 2, kernel=3, stride=2), nn.GELU(), ConvBN(dim // 2, dim, kernel=3, stride=2)
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Embed the pixels."""
        return cast(Tensor, self.seq(pixels))


class MBConv(nn.Module):
    """Inverted bottleneck with a residual connection, (b, dim, h, w) to the same shape."""

    def __init__(self, dim: int, *, expand: int = 4) -> None:
        super().__init__()
        hidden = dim * expand
        self.conv1 = ConvBN(dim, hidden)
        self.conv2 = ConvBN(hidden, hidden, kernel=3, groups=hidden)
        self.conv3 = ConvBN(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the bottleneck."""
        y = F.gelu(self.conv1(x))
        y = F.gelu(self.conv2(y))
        return F.gelu(self.conv3(y) + x)


class PatchMerging(nn.Module):
    """Changes the channels and, with stride 2, halves the map: the step between two stages."""

    def __init__(self, dim: int, out: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvBN(dim, out)
        self.conv2 = ConvBN(out, out, kernel=3, stride=stride, groups=out)
        self.conv3 = ConvBN(out, out)

    def forward(self, x: Tensor) -> Tensor:
        """(b, dim, h, w) to (b, out, h/stride, w/stride)."""
        return cast(Tensor, self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x))))))


class ConvStage(nn.Module):
    """The first stage: convolutions only, then the step to half the size."""

    def __init__(self, dim: int, out: int, *, depth: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(MBConv(dim) for _ in range(depth))
        self.downsample = PatchMerging(dim, out, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """(b, dim, h, w) to (b, out, h/2, w/2)."""
        for block in self.blocks:
            x = block(x)
        return cast(Tensor, self.downsample(x))


class WindowStage(nn.Module):
    """A stage of windowed attention blocks, then the step to the next stage if there is one."""

    def __init__(
        self, dim: int, *, depth: int, heads: int, window: int, downsample: PatchMerging | None
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(TinyViTBlock(dim, heads=heads, window=window) for _ in range(depth))
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """(b, dim, h, w) to the shape that the step to the next stage gives."""
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else cast(Tensor, self.downsample(x))


class TinyViTBlock(nn.Module):
    """Windowed attention, a depthwise convolution and an MLP, (b, dim, h, w) to the same shape."""

    def __init__(self, dim: int, *, heads: int, window: int) -> None:
        super().__init__()
        self.attn = Attention(dim, heads=heads, side=window)
        self.mlp = Mlp(dim)
        self.local_conv = ConvBN(dim, dim, kernel=3, groups=dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        x = x + self.attn(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = self.local_conv(x)
        return x + cast(Tensor, self.mlp(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """Layer norm and two linear layers, (..., dim) to the same shape."""

    def __init__(self, dim: int, *, ratio: int = 4) -> None:
        super().__init__()
        self.shortcuts = ALL
        self.norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, dim * ratio)
        self.fc2 = nn.Linear(dim * ratio, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layers."""
        x = self.norm(x)
        hidden = linear_gelu(self.fc1, x) if self.shortcuts.fused_gelu else F.gelu(self.fc1(x))
        return cast(Tensor, self.fc2(hidden))


class Attention(nn.Module):
    """Attention inside square windows with one learnt bias per head and distance."""

    def __init__(self, dim: int, *, heads: int, side: int) -> None:
        super().__init__()
        self.shortcuts = ALL
        self.heads = heads
        self.side = side
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.attention_biases = nn.Parameter(torch.zeros(heads, side * side))

    def forward(self, x: Tensor) -> Tensor:
        """(b, h, w, dim) to the same shape."""
        height, width = x.shape[1:3]
        if not self.shortcuts.pad_late:
            windows = self.proj(self._attend(self.qkv(self.norm(into_windows(x, self.side)))))
            return from_windows(windows, height=height, width=width)
        # What is padded is 0, so its projection is the same everywhere and computed once.
        fill = self.qkv(self.norm.bias)
        windows = self._attend(into_windows(self.qkv(self.norm(x)), self.side, fill=fill))
        return cast(Tensor, self.proj(from_windows(windows, height=height, width=width)))

    def _attend(self, windows: Tensor) -> Tensor:
        """Projected windows (n, side, side, 3 * dim) to what their pixels attend to, (n, side, side, dim)."""
        count, side = windows.shape[:2]
        qkv = windows.reshape(count, side * side, self.heads, -1)
        q, k, v = qkv.transpose(1, 2).chunk(3, dim=-1)
        bias = self.attention_biases[:, _distances(side, device=windows.device)]
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias[None])
        return attended.transpose(1, 2).reshape(count, side, side, -1)


def _distances(side: int, *, device: torch.device) -> Tensor:
    """For every pair of places of a window the index |dy| * side + |dx|, (side^2, side^2) int64."""
    place = torch.arange(side * side, device=device)
    y, x = place // side, place % side
    return (y[:, None] - y[None, :]).abs() * side + (x[:, None] - x[None, :]).abs()
