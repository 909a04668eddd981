"""Masks for points, boxes and earlier masks that somebody gives by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samhq.network.checkpoint import LoadedModel
from samhq.network.preprocess import to_input_frame
from samhq.network.prompt_encoder import Prompts
from samhq.network.sam import ImageFeatures
from samhq.segmentation.generator import check_image
from samhq.segmentation.postprocess import to_original_size

__all__ = ["Prediction", "Predictor"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The masks for one prompt.

    masks: (n, h, w) bool of the image's size. predicted_iou: (n,) float32.
    low_res_logits: (n, s/4, s/4) float32; may be given as mask_input to the next prediction.
    """

    masks: npt.NDArray[np.bool_]
    predicted_iou: npt.NDArray[np.float32]
    low_res_logits: npt.NDArray[np.float32]


class Predictor:
    """Holds one encoded image and answers prompts about it."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.model = loaded.model
        self._features: ImageFeatures | None = None

    def set_image(self, image: npt.NDArray[np.uint8]) -> None:
        """Encode an image, (h, w, 3) uint8 RGB; takes the place of the one before."""
        check_image(image)
        self._features = self.model.encode_image(image)

    @torch.inference_mode()
    def predict(
        self,
        *,
        points: npt.ArrayLike | None = None,
        point_labels: npt.ArrayLike | None = None,
        box: npt.ArrayLike | None = None,
        mask_input: npt.ArrayLike | None = None,
        multimask_output: bool = False,
        hq_token_only: bool = False,
    ) -> Prediction:
        """The mask for one prompt, in pixels of the image.

        points: (n, 2) x, y; point_labels: (n,) 1 inside the object, 0 outside. box: (4,) xyxy.
        mask_input: (1, s/4, s/4) low_res_logits of an earlier prediction.
        multimask_output: take the best of the masks meant for ambiguous prompts; still one mask.
        hq_token_only: only the HQ part of the mask.
        Raises ValueError naming the argument that is wrong, RuntimeError before set_image.
        """
        if self._features is None:
            raise RuntimeError("predict needs an image; call set_image first")
        prompts = Prompts(
            **_points_in_frame(points, point_labels, features=self._features),
            boxes=None if box is None else _box_in_frame(box, self._features),
            masks=None if mask_input is None else self._mask(mask_input),
        )
        if prompts.points is None and prompts.boxes is None and prompts.masks is None:
            raise ValueError("predict needs a prompt; give points, box or mask_input")
        decoded = self.model.decode(
            self._features, prompts, best_of_three=multimask_output, hq_only=hq_token_only
        )
        full = to_original_size(
            decoded.logits,
            image_size=self.model.image_size,
            input_size=self._features.input_size,
            original_size=self._features.original_size,
        )
        return Prediction(
            masks=(full > 0).cpu().numpy(),
            predicted_iou=decoded.predicted_iou.cpu().numpy(),
            low_res_logits=decoded.logits.cpu().numpy(),
        )

    def _mask(self, mask: npt.ArrayLike) -> Tensor:
        logits = _numbers("mask_input", mask)
        side = self.model.image_size // 4
        if logits.shape != (1, side, side):
            raise ValueError(
                f"mask_input has shape {logits.shape}, expected (1, {side}, {side}): the low_res_logits of an "
                "earlier prediction"
            )
        return torch.from_numpy(logits.astype(np.float32))[None]


def _points_in_frame(
    points: npt.ArrayLike | None, labels: npt.ArrayLike | None, *, features: ImageFeatures
) -> dict[str, Tensor]:
    if points is None:
        if labels is not None:
            raise ValueError("point_labels are given without points; give both or neither")
        return {}
    places = _numbers("points", points)
    if places.ndim != 2 or places.shape[1] != 2 or not len(places):
        raise ValueError(f"points has shape {places.shape}, expected (n, 2) with at least one point")
    if labels is None:
        raise ValueError("points are given without point_labels; give 1 (inside) or 0 (outside) for each")
    kinds = np.asarray(labels)
    if kinds.shape != (len(places),) or not np.isin(kinds, (0, 1)).all():
        raise ValueError(f"point_labels must be {len(places)} values of 0 or 1, one for each point")
    return {
        "points": _in_frame(places, features)[None],
        "labels": torch.from_numpy(kinds.astype(np.int64))[None],
    }


def _box_in_frame(box: npt.ArrayLike, features: ImageFeatures) -> Tensor:
    corners = _numbers("box", box)
    if corners.shape != (4,) or corners[0] >= corners[2] or corners[1] >= corners[3]:
        raise ValueError(f"box must be x0, y0, x1, y1 with x0 < x1 and y0 < y1, got {corners.tolist()}")
    return _in_frame(corners.reshape(2, 2), features).reshape(1, 4)


def _numbers(name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a value that is infinite or not a number")
    return array


def _in_frame(places: npt.NDArray[np.float64], features: ImageFeatures) -> Tensor:
    """Image pixels to pixels of the network's input, in fp32 as the official predictor has them."""
    placed = to_input_frame(places, original=features.original_size, resized=features.input_size)
    return torch.from_numpy(placed.astype(np.float32))
