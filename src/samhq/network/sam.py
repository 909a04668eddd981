"""SAM-HQ as a whole: what is done once per image, and what is done per prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from samhq.network.architectures import Architecture, TinyVitConfig
from samhq.network.mask_decoder import Attended, MaskDecoderHQ
from samhq.network.preprocess import pixels_from_image
from samhq.network.prompt_encoder import PromptEncoder, Prompts
from samhq.network.tiny_vit import TinyViT
from samhq.network.vit import ImageEncoderViT

__all__ = ["Decoded", "ImageFeatures", "SamHq"]


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """Everything about an image that does not depend on prompts.

    embedding: (1, 256, g, g). hq_features: (1, 32, 4g, 4g). positions: (1, 256, g, g).
    input_size: (height, width) in the network's input. original_size: (height, width) of the image.
    """

    embedding: Tensor
    hq_features: Tensor
    positions: Tensor
    input_size: tuple[int, int]
    original_size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Decoded:
    """The masks that were drawn for some prompts.

    prompts: (k,) int64, the prompts they belong to, ascending. predicted_iou: (k,) fp32.
    logits: (k, s/4, s/4) fp32, the masks at low resolution before the cutoff at 0.
    """

    prompts: Tensor
    predicted_iou: Tensor
    logits: Tensor


class SamHq(nn.Module):
    """The network. Parameters have their official names, so official weights load strictly."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        encoder, image_size = architecture.encoder, architecture.image_size
        self.image_encoder = (
            TinyViT(encoder)
            if isinstance(encoder, TinyVitConfig)
            else ImageEncoderViT(encoder, image_size=image_size)
        )
        self.prompt_encoder = PromptEncoder(image_size=image_size)
        self.mask_decoder = MaskDecoderHQ(early_dim=encoder.early_dim)

    @property
    def image_size(self) -> int:
        """Side of the square input in pixels."""
        return self.architecture.image_size

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.mask_decoder.iou_token.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What the network computes in; scores and logits always come out as fp32."""
        return self.mask_decoder.iou_token.weight.dtype

    def to_precision(self, dtype: torch.dtype) -> SamHq:
        """Compute in another precision; positions and the predicted IoU stay in fp32. Returns self."""
        self.to(dtype)
        self.prompt_encoder.pe_layer.float()
        self.mask_decoder.iou_prediction_head.float()
        return self

    @torch.inference_mode()
    def encode_image(self, image: npt.NDArray[np.uint8]) -> ImageFeatures:
        """The part of the work that depends on the image alone.

        image: (h, w, 3) uint8 RGB of any size.
        """
        pixels, input_size = pixels_from_image(image, image_size=self.image_size)
        return self.encode_pixels(
            pixels, input_size=input_size, original_size=(image.shape[0], image.shape[1])
        )

    @torch.inference_mode()
    def encode_pixels(
        self, pixels: Tensor, *, input_size: tuple[int, int], original_size: tuple[int, int]
    ) -> ImageFeatures:
        """Like encode_image, from pixels that are resized, normalised and padded: (1, 3, s, s) fp32."""
        embedding, early = self.image_encoder(pixels.to(device=self.device, dtype=self.dtype))
        return ImageFeatures(
            embedding=embedding,
            hq_features=self.mask_decoder.hq_features(embedding, early),
            positions=self.prompt_encoder.dense_positions().to(self.dtype),
            input_size=input_size,
            original_size=original_size,
        )

    @torch.inference_mode()
    def attend(self, features: ImageFeatures, prompts: Prompts) -> Attended:
        """Predicted IoUs of b prompts, and what is needed to draw their masks."""
        sparse, dense = self.prompt_encoder(prompts)
        return self.mask_decoder.attend(
            sparse.to(self.dtype), image=features.embedding + dense, positions=features.positions
        )

    @torch.inference_mode()
    def decode(
        self,
        features: ImageFeatures,
        prompts: Prompts,
        *,
        best_of_three: bool = True,
        hq_only: bool = False,
        min_iou: float = 0.0,
    ) -> Decoded:
        """One mask per prompt, drawn only where its predicted IoU is above min_iou.

        best_of_three: take the best of the masks for ambiguous prompts (the official
        multimask_output=True), else the one for unambiguous prompts.
        hq_only: keep only the HQ part of the mask (the official hq_token_only).
        min_iou: 0 draws every mask. Low-resolution logits agree with the official decoder to a relative
        1e-4 in fp32.
        """
        attended = self.attend(features, prompts)
        iou, token = choose_masks(attended.predicted_iou, best_of_three=best_of_three)
        kept = (
            torch.nonzero(iou > min_iou)[:, 0] if min_iou > 0 else torch.arange(len(iou), device=iou.device)
        )
        logits = self.mask_decoder.draw(
            attended, prompts=kept, tokens=token[kept], hq_features=features.hq_features, hq_only=hq_only
        )
        return Decoded(prompts=kept, predicted_iou=iou[kept], logits=logits)


def choose_masks(predicted_iou: Tensor, *, best_of_three: bool) -> tuple[Tensor, Tensor]:
    """Which of each prompt's four masks is taken: (b, 4) IoUs to its IoU (b,) and its token (b,)."""
    if not best_of_three:
        return predicted_iou[:, 0], torch.zeros_like(predicted_iou[:, 0], dtype=torch.int64)
    iou, place = predicted_iou[:, 1:].max(dim=1)
    return iou, place + 1
