"""The authors' own SAM-HQ library as ground truth, where it is installed.

It needs torchvision and timm; where they are missing the stand-ins in the shared folder serve.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

STAND_INS = Path("reference") / "stand_ins"


def import_official(shared: Path | None) -> ModuleType | str:
    """The package segment_anything_hq, or a sentence saying why it cannot be had."""
    if importlib.util.find_spec("segment_anything_hq") is None:
        return "needs the reference library segment-anything-hq"
    missing = [name for name in ("torchvision", "timm") if importlib.util.find_spec(name) is None]
    if missing:
        folder = shared / STAND_INS if shared is not None else None
        if folder is None or not folder.is_dir():
            return f"the reference library needs {' and '.join(missing)} or the shared stand-ins"
        sys.path.insert(0, str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the reference library itself
        import segment_anything_hq
    return segment_anything_hq


def follow_image_size(tiny_vit: Any, image_size: int) -> None:
    """Free an official TinyViT of the 64x64 that is written into its forward pass."""
    import torch

    grid = image_size // 16

    def forward(pixels: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        x = tiny_vit.layers[0](tiny_vit.patch_embed(pixels))
        x = tiny_vit.layers[1](x)
        early = x.view(len(x), grid, grid, -1)
        x = tiny_vit.layers[3](tiny_vit.layers[2](x))
        x = x.view(len(x), grid, grid, -1).permute(0, 3, 1, 2)
        return tiny_vit.neck(x), [early]

    tiny_vit.forward = forward


def official_model(
    official: ModuleType, name: str, *, image_size: int = 1024, depth: int | None = None
) -> Any:
    """An official model with random weights, at any image size and, for vit_b, of any depth.

    Norms and positions get random values too: at their start values they would hide mistakes.
    """
    import torch
    from segment_anything_hq.modeling import (
        ImageEncoderViT,
        MaskDecoderHQ,
        PromptEncoder,
        Sam,
        TinyViT,
        TwoWayTransformer,
    )

    sizes = {
        "vit_b": (768, 12, 12, [2, 5, 8, 11]),
        "vit_l": (1024, 24, 16, [5, 11, 17, 23]),
        "vit_h": (1280, 32, 16, [7, 15, 23, 31]),
    }
    torch.manual_seed(0)
    if name == "vit_tiny":
        encoder = TinyViT(
            img_size=image_size,
            embed_dims=[64, 128, 160, 320],
            depths=[2, 2, 6, 2],
            num_heads=[2, 4, 5, 10],
            window_sizes=[7, 7, 14, 7],
            drop_path_rate=0.0,
            layer_lr_decay=0.8,
        )
        follow_image_size(encoder, image_size)
        early = 160
    else:
        dim, layers, heads, global_blocks = sizes[name]
        encoder = ImageEncoderViT(
            depth=depth or layers,
            embed_dim=dim,
            img_size=image_size,
            num_heads=heads,
            norm_layer=lambda d: torch.nn.LayerNorm(d, eps=1e-6),
            use_rel_pos=True,
            global_attn_indexes=global_blocks,
            window_size=14,
            out_chans=256,
        )
        early = dim
    grid = image_size // 16
    model = Sam(
        image_encoder=encoder,
        prompt_encoder=PromptEncoder(
            embed_dim=256,
            image_embedding_size=(grid, grid),
            input_image_size=(image_size, image_size),
            mask_in_chans=16,
        ),
        mask_decoder=MaskDecoderHQ(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8),
            transformer_dim=256,
            vit_dim=early,
        ),
    )
    randomise(model)
    return model.eval()


def randomise(model: Any) -> None:
    """Give the parameters that start at 0 or 1 random values near them."""
    import torch

    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if "rel_pos" in name or "pos_embed" in name or "attention_biases" in name:
                tensor.normal_(std=0.3)
            elif tensor.ndim == 1 and "running_var" in name:
                tensor.uniform_(0.5, 1.5)
            elif tensor.ndim == 1 and tensor.is_floating_point():
                tensor.add_(torch.randn_like(tensor), alpha=0.1)
