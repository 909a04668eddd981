"""The mask decoder for training: several images at once, each with prompts of its own.

The same numbers as `MaskDecoderHQ`, reached on another way. The projections of the image's side of every
attention move to the few tokens, so that no map of a prompt is ever projected; masks are drawn only in a
square window of embedding pixels; all four mask tokens are drawn, because they share everything dear.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor, nn

from samhq.network.layers import LayerNorm2d
from samhq.network.mask_decoder import MaskDecoderHQ
from samhq.network.transformer import Attention, TwoWayLayer

__all__ = ["Seen", "attend", "draw", "feature_rows"]

_MASK_TOKENS = 4
_FINE = 4  # low-resolution pixels along one side of an embedding pixel


@dataclass(frozen=True, slots=True)
class Seen:
    """b * p prompts after the transformer.

    predicted_iou: (b * p, 4) fp32. tokens: (b * p, 5, c), four mask tokens and the HQ token.
    image: (b * p, n, c), the image as each prompt left it.
    """

    predicted_iou: Tensor
    tokens: Tensor
    image: Tensor


def attend(decoder: MaskDecoderHQ, sparse: Tensor, *, image: Tensor, positions: Tensor) -> Seen:
    """Run the transformer for the prompts of several images.

    sparse: (b, p, t, c) prompt tokens. image: (b, n, c) embedding plus dense prompt, one row an embedding
    pixel. positions: (b, n, c) encoding of these pixels.
    """
    b, p = sparse.shape[:2]
    own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight, decoder.hf_token.weight])
    tokens = torch.cat([own.expand(b, p, -1, -1), sparse], dim=2).flatten(0, 1)
    transformer = decoder.transformer
    first, *others = cast("list[TwoWayLayer]", list(transformer.layers))
    queries, keys = _first_layer(first, tokens, image=image, positions=positions)
    places = positions.to(keys.dtype)[:, None].expand(-1, p, -1, -1).reshape(keys.shape)
    for layer in others:
        queries, keys = _layer(layer, queries, keys, tokens=tokens, places=places)
    final = _from_image(transformer.final_attn_token_to_image, queries + tokens, keys + places, keys)
    seen = transformer.norm_final_attn(queries + final)
    with torch.autocast(seen.device.type, enabled=False):
        iou = decoder.iou_prediction_head(seen[:, 0].float())
    return Seen(predicted_iou=iou, tokens=seen[:, 1 : _MASK_TOKENS + 2], image=keys)


def feature_rows(features: Tensor) -> Tensor:
    """HQ features (b, c, 4g, 4g) as one row for each embedding pixel: (b * g * g, 16 * c)."""
    b, c, height, width = features.shape
    h, w = height // _FINE, width // _FINE
    cut = features.reshape(b, c, h, _FINE, w, _FINE).permute(0, 2, 4, 3, 5, 1)
    return cut.reshape(b * h * w, _FINE * _FINE * c)


def draw(
    decoder: MaskDecoderHQ, seen: Seen, *, prompts: Tensor, rows: Tensor, images: Tensor, features: Tensor
) -> Tensor:
    """The four masks of some prompts, each in a square window.

    prompts: (k,) int64, which of the b * p. rows: (k, m) int64, the m = w * w embedding pixels of each window
    in reading order. images: (k,) int64, the image of each prompt. features: rows as feature_rows gives them.
    Returns logits (k, 4, 4w, 4w) fp32: each mask token's own mask plus the HQ part.
    """
    k, m = rows.shape
    side, n = isqrt(m), seen.image.shape[1]
    chosen = seen.image.flatten(0, 1).index_select(0, (prompts[:, None] * n + rows).flatten())
    fine = _upscaled(decoder.output_upscaling, chosen.reshape(k, side, side, -1))
    tokens = seen.tokens.index_select(0, prompts)
    heads = decoder.output_hypernetworks_mlps
    own_weights = torch.stack([head(tokens[:, i]) for i, head in enumerate(heads)], dim=2)
    hq_weights = decoder.hf_mlp(tokens[:, -1])
    size = _FINE * side
    own = torch.bmm(fine.flatten(1, 2), own_weights).transpose(1, 2).reshape(k, -1, size, size)
    early = features.index_select(0, (images[:, None] * n + rows).flatten())
    early = torch.bmm(early.reshape(k, m * _FINE * _FINE, -1), hq_weights[:, :, None].to(early.dtype))
    early = early.reshape(k, side, side, _FINE, _FINE).transpose(2, 3).reshape(k, size, size)
    refined = _refined(decoder.embedding_maskfeature, fine, hq_weights)
    return own.float() + (early.float() + refined.float())[:, None]


def _first_layer(
    layer: TwoWayLayer, tokens: Tensor, *, image: Tensor, positions: Tensor
) -> tuple[Tensor, Tensor]:
    """The first layer, in which the image is still the same for all prompts of an image."""
    b = len(image)
    queries = layer.norm1(layer.self_attn(tokens, tokens, tokens))
    placed = image + positions
    asked = (queries + tokens).reshape(b, -1, tokens.shape[-1])
    attended = _from_image(layer.cross_attn_token_to_image, asked, placed, image)
    queries = layer.norm2(queries + attended.reshape(queries.shape))
    queries = layer.norm3(queries + layer.mlp(queries))
    change = _from_tokens(layer.cross_attn_image_to_token, placed, queries + tokens, queries)
    keys = image.to(change.dtype)[:, None] + change.reshape(b, -1, *change.shape[1:])
    return queries, layer.norm4(keys.flatten(0, 1))


def _layer(
    layer: TwoWayLayer, queries: Tensor, keys: Tensor, *, tokens: Tensor, places: Tensor
) -> tuple[Tensor, Tensor]:
    asked = queries + tokens
    queries = layer.norm1(queries + layer.self_attn(asked, asked, queries))
    placed = keys + places
    queries = layer.norm2(
        queries + _from_image(layer.cross_attn_token_to_image, queries + tokens, placed, keys)
    )
    queries = layer.norm3(queries + layer.mlp(queries))
    change = _from_tokens(layer.cross_attn_image_to_token, placed, queries + tokens, queries)
    return queries, layer.norm4(keys + change)


def _from_image(attention: Attention, queries: Tensor, placed: Tensor, values: Tensor) -> Tensor:
    """Tokens (k, t, c) attend to images: keys are made of placed, values of values, both (k, n, c).

    The key projection is applied to the queries instead: q . (W x) = (W^T q) . x; its bias shifts all scores
    of a query alike and falls out of the softmax. The value projection is applied to the weighted mean.
    """
    k, t, c = queries.shape
    h = attention.heads
    q = attention.q_proj(queries).reshape(k, t, h, -1)
    d = q.shape[-1]
    wide = torch.einsum("kthd,hdc->kthc", q * d**-0.5, attention.k_proj.weight.reshape(h, d, c))
    scores = torch.bmm(wide.reshape(k, t * h, c), placed.to(wide.dtype).transpose(1, 2))
    mean = torch.bmm(scores.softmax(dim=-1).to(wide.dtype), values.to(wide.dtype)).reshape(k, t, h, c)
    v = torch.einsum("kthc,hdc->kthd", mean, attention.v_proj.weight.reshape(h, d, c)).reshape(k, t, h * d)
    return cast(Tensor, attention.out_proj(v + attention.v_proj.bias))


def _from_tokens(attention: Attention, placed: Tensor, queries: Tensor, values: Tensor) -> Tensor:
    """Images (b, n, c) attend to tokens (k, t, c), k a multiple of b. Returns (k, n, c)."""
    b, n, c = placed.shape
    k, t, _ = queries.shape
    h = attention.heads
    keys = attention.k_proj(queries).reshape(k, t, h, -1)
    d = keys.shape[-1]
    keys = keys * d**-0.5
    wide = torch.einsum("kthd,hdc->khtc", keys, attention.q_proj.weight.reshape(h, d, c))
    offset = torch.einsum("kthd,hd->kht", keys, attention.q_proj.bias.reshape(h, d)).reshape(b, 1, -1)
    scores = torch.bmm(placed.to(wide.dtype), wide.reshape(b, -1, c).transpose(1, 2)) + offset
    weights = scores.reshape(b, n, k // b, h, t).softmax(dim=-1).to(wide.dtype)
    weights = weights.transpose(1, 2).reshape(k, n, h * t)
    v = attention.v_proj(values).reshape(k, t, h, d)
    out = torch.einsum("kthd,chd->khtc", v, attention.out_proj.weight.reshape(c, h, d)).reshape(k, h * t, c)
    return torch.bmm(weights, out) + attention.out_proj.bias.to(out.dtype)


def _upscaled(layers: nn.Sequential, image: Tensor) -> Tensor:
    """output_upscaling with channels last: (k, h, w, c) to (k, 4h, 4w, 32)."""
    first, norm, _, second, _ = layers
    x = _doubled(cast(nn.ConvTranspose2d, first), image)
    x = F.gelu(_normalised(cast(LayerNorm2d, norm), x))
    return F.gelu(_doubled(cast(nn.ConvTranspose2d, second), x))


def _normalised(norm: LayerNorm2d, x: Tensor) -> Tensor:
    """The layer norm of an image, (..., c) with channels last."""
    return F.layer_norm(x, norm.weight.shape, norm.weight, norm.bias, norm.eps)


def _doubled(layer: nn.ConvTranspose2d, x: Tensor) -> Tensor:
    """A 2 x 2 transposed convolution of stride 2 as one matrix product: (k, h, w, a) to (k, 2h, 2w, b)."""
    k, h, w, _ = x.shape
    a, b = layer.weight.shape[:2]
    weight = layer.weight.permute(2, 3, 1, 0).reshape(4 * b, a)
    bias = cast(Tensor, layer.bias).repeat(4)
    y = F.linear(x, weight, bias).reshape(k, h, w, 2, 2, b)
    return y.permute(0, 1, 3, 2, 4, 5).reshape(k, 2 * h, 2 * w, b)


def _refined(layers: nn.Sequential, fine: Tensor, weights: Tensor) -> Tensor:
    """embedding_maskfeature under the HQ weights, the last convolution folded with them: (k, h, w)."""
    first, norm, _, last = layers
    x = first(fine.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    x = F.gelu(_normalised(cast(LayerNorm2d, norm), x))
    k, h, w, c = x.shape
    kernels = torch.einsum("ko,ocij->kcij", weights, cast(Tensor, last.weight)).flip(2, 3).reshape(k, c, 9)
    planes = torch.bmm(x.reshape(k, h * w, c), kernels.to(x.dtype)).transpose(1, 2)
    offset = weights @ cast(Tensor, last.bias).to(weights.dtype)
    return F.fold(planes, (h, w), kernel_size=3, padding=1)[:, 0] + offset[:, None, None]
