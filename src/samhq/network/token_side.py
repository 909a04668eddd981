"""The two-way transformer for many prompts on one image, with its projections on the side of the tokens.

The same numbers as TwoWayTransformer (transformer.py), up to rounding. A prompt has about 8 tokens, an image
thousands of pixels, so what can be done to tokens is not done to pixels. With head h, token t, pixel p:

- A score is (Wq t + bq) . (Wk p + bk) = (Wk' (Wq t + bq)) . p + (a number that is the same for all pixels): the
  tokens go through both projections, and the pixels of each prompt through none.
- A weighted sum of values is sum_p a_p (Wv p + bv) = Wv (sum_p a_p p) + bv, because the weights sum to one.
- Positions do not depend on prompts: what the projections make of them is done once per image. So is everything
  that layer 0 does to pixels, for no token has changed them yet.
- Tokens written to the image: sum_t a_t Wo v_t + bo = sum_t a_t (Wo v_t + bo / heads), since the weights of
  each head sum to one; one product adds it to the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from samhq.network.transformer import Attention, TwoWayLayer, TwoWayTransformer

__all__ = ["ImageSide", "image_side", "look", "two_way"]


@dataclass(frozen=True, slots=True)
class ImageSide:
    """What the transformer makes of an image of n pixels before it sees any prompt; h heads of c channels.

    pixels: (1, n, dim), embedding and dense prompt.
    keys, values: (h, c, n) and (h, n, c), seen by the tokens of layer 0.
    queries: (h, c, n), scaled, with which the pixels of layer 0 ask the tokens.
    key_positions: (h, c, n), one for each later layer and one for the last look of the tokens.
    query_positions: (h, c, n), scaled and with the bias, one for each later layer.
    """

    pixels: Tensor
    keys: Tensor
    values: Tensor
    queries: Tensor
    key_positions: tuple[Tensor, ...]
    query_positions: tuple[Tensor, ...]


def image_side(transformer: TwoWayTransformer, *, image: Tensor, positions: Tensor) -> ImageSide:
    """Prepare an image. image, positions: (1, dim, g, g) embedding plus dense prompt, and its positions."""
    pixels, places = (x.flatten(2).transpose(1, 2)[0] for x in (image, positions))
    first, *later = (cast(TwoWayLayer, layer) for layer in transformer.layers)
    seen, asking = first.cross_attn_token_to_image, first.cross_attn_image_to_token
    lookers = [layer.cross_attn_token_to_image for layer in later] + [transformer.final_attn_token_to_image]
    askers = [layer.cross_attn_image_to_token for layer in later]
    return ImageSide(
        pixels=pixels[None].contiguous(),
        keys=_columns(seen.k_proj(pixels + places), seen.heads),
        values=_columns(seen.v_proj(pixels), seen.heads).transpose(1, 2).contiguous(),
        queries=_columns(asking.q_proj(pixels + places) * _scale(asking), asking.heads),
        key_positions=tuple(_columns(places @ a.k_proj.weight.T, a.heads) for a in lookers),
        query_positions=tuple(_columns(a.q_proj(places) * _scale(a), a.heads) for a in askers),
    )


def two_way(transformer: TwoWayTransformer, side: ImageSide, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """The layers of the transformer, without the last look.

    tokens: (b, t, dim). Returns the new tokens (b, t, dim) and the new pixels (b, n, dim).
    """
    queries, pixels = tokens, side.pixels
    for i, module in enumerate(transformer.layers):
        layer = cast(TwoWayLayer, module)
        if i == 0:
            queries = layer.norm1(layer.self_attn(queries, queries, queries))
            queries = queries + _look_first(layer.cross_attn_token_to_image, side, queries + tokens)
        else:
            placed = queries + tokens
            queries = layer.norm1(queries + layer.self_attn(placed, placed, queries))
            seen = layer.cross_attn_token_to_image
            queries = queries + _look(seen, side.key_positions[i - 1], pixels, queries + tokens)
        queries = layer.norm2(queries)
        queries = layer.norm3(queries + layer.mlp(queries))
        asking = layer.cross_attn_image_to_token
        keys = _split(asking.k_proj(queries + tokens), asking.heads)
        scores = torch.matmul(keys, side.queries if i == 0 else side.query_positions[i - 1])
        if i > 0:
            scores = _add_scores(scores, keys * _scale(asking), asking.q_proj.weight, pixels)
        pixels = layer.norm4(_written(asking, pixels, scores.softmax(dim=2), values=queries))
    return queries, pixels


def look(
    transformer: TwoWayTransformer, side: ImageSide, *, queries: Tensor, tokens: Tensor, pixels: Tensor
) -> Tensor:
    """The last look of some tokens at the image; no token depends on another one here.

    queries: (b, t, dim) as two_way gives them; tokens: (b, t, dim), the same ones as they came in.
    pixels: (b, n, dim). Returns (b, t, dim).
    """
    attention = transformer.final_attn_token_to_image
    attended = _look(attention, side.key_positions[-1], pixels, queries + tokens)
    return cast(Tensor, transformer.norm_final_attn(queries + attended))


def _look_first(attention: Attention, side: ImageSide, asking: Tensor) -> Tensor:
    """Tokens (b, t, dim) look at the pixels that are the same for all prompts."""
    q = _split(attention.q_proj(asking) * _scale(attention), attention.heads)
    weights = torch.matmul(q, side.keys).softmax(dim=-1)
    return _merged(attention, torch.matmul(weights, side.values))


def _look(attention: Attention, positions: Tensor, pixels: Tensor, asking: Tensor) -> Tensor:
    """Tokens (b, t, dim) look at pixels (b, n, dim), no pixel is projected."""
    q = _split(attention.q_proj(asking) * _scale(attention), attention.heads)
    weights = _add_scores(torch.matmul(q, positions), q, attention.k_proj.weight, pixels).softmax(dim=-1)
    sums = torch.bmm(weights.flatten(1, 2), pixels).reshape(*weights.shape[:3], -1)
    values, heads = attention.v_proj, attention.heads
    projected = torch.matmul(sums, _by_head(values.weight, heads).transpose(1, 2))
    return _merged(attention, projected + values.bias.reshape(heads, 1, -1))


def _add_scores(scores: Tensor, asking: Tensor, weight: Tensor, pixels: Tensor) -> Tensor:
    """scores + asking . (weight pixel): (b, h, t, n), from asking (b, h, t, c), weight (h * c, dim)."""
    projected = torch.matmul(asking, _by_head(weight, asking.shape[1]))
    added = torch.baddbmm(scores.flatten(1, 2), projected.flatten(1, 2), pixels.transpose(1, 2))
    return added.reshape(scores.shape)


def _written(attention: Attention, pixels: Tensor, weights: Tensor, *, values: Tensor) -> Tensor:
    """pixels (b or 1, n, dim) plus what tokens (b, t, dim) write to them under weights (b, h, t, n)."""
    heads, out = attention.heads, attention.out_proj
    v = _split(attention.v_proj(values), heads)
    strokes = torch.matmul(v, _by_head(out.weight.T, heads)) + out.bias / heads
    pixels = pixels.expand(len(v), -1, -1)
    return torch.baddbmm(pixels, weights.flatten(1, 2).transpose(1, 2), strokes.flatten(1, 2))


def _merged(attention: Attention, heads: Tensor) -> Tensor:
    """(b, h, t, c) through the output projection, (b, t, dim)."""
    return cast(Tensor, attention.out_proj(heads.transpose(1, 2).flatten(2)))


def _split(x: Tensor, heads: int) -> Tensor:
    """(b, t, h * c) to (b, h, t, c)."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def _columns(x: Tensor, heads: int) -> Tensor:
    """(n, h * c) to (h, c, n), each channel in one piece of memory."""
    return _by_head(x.T, heads).contiguous()


def _by_head(matrix: Tensor, heads: int) -> Tensor:
    """(h * c, dim) to (h, c, dim)."""
    return matrix.reshape(heads, -1, matrix.shape[1])


def _scale(attention: Attention) -> float:
    """1 / sqrt of the channels of a head."""
    return float((attention.q_proj.out_features / attention.heads) ** -0.5)
