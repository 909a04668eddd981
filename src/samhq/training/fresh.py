"""A network that knows nothing yet, started so that it learns."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import nn

from samhq.network.architectures import architecture
from samhq.network.sam import SamHq
from samhq.network.transformer import TwoWayLayer
from samhq.training.written import LOGIT_SCALE, write_model

__all__ = ["write_fresh_model"]

_GAIN = 2.0


def write_fresh_model(out: Path, *, seed: int, image_size: int = 512) -> Path:
    """A vit_tiny with random weights beside the model that is to be trained from it. Returns its path.

    The same seed gives the same file.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SamHq(architecture("vit_tiny", image_size=image_size))
        _start(network)
    return write_model(
        out.with_name(out.name + ".scratch"),
        network.state_dict(),
        architecture=network.architecture,
        recommended={
            "points_per_side": 32,
            "pred_iou_thresh": 0.6,
            "stability_score_thresh": 0.9,
            "box_nms_thresh": 0.3,
        },
        notes={LOGIT_SCALE: "1.0"},
    )


@torch.no_grad()
def _start(network: SamHq) -> None:
    """Tokens look at their own place first, and places are told apart at the size of objects.

    In every cross attention the map of the keys starts as the map of the queries: then a point attends to the pixels
    around it from the first step. With independent maps nothing is learnt for a long time.
    """
    transformer = network.mask_decoder.transformer
    attentions = [transformer.final_attn_token_to_image]
    for layer in cast("list[TwoWayLayer]", list(transformer.layers)):
        attentions += [layer.cross_attn_token_to_image, layer.cross_attn_image_to_token]
    for attention in attentions:
        attention.k_proj.weight.copy_(attention.q_proj.weight.mul_(_GAIN))
        nn.init.zeros_(attention.q_proj.bias)
        nn.init.zeros_(attention.k_proj.bias)
    matrix = network.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix
    length = torch.exp(torch.empty(matrix.shape[1]).uniform_(-0.69, 2.08))  # 0.5 to 8
    angle = torch.empty(matrix.shape[1]).uniform_(0, 2 * torch.pi)
    matrix.copy_(torch.stack([angle.cos(), angle.sin()]) * length)
