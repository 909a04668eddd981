"""The settings of the mask generator: title, help, range and default of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from samhq.fields import SettingsGroup, setting
from samhq.validation import validated

__all__ = ["SegmentationSettings"]

Grid = list[list[tuple[float, float]]]


class SegmentationSettings(SettingsGroup):
    """The mask generator, under the official SAM-HQ names. A change segments again."""

    model: str = setting(
        "starter",
        title="Model",
        help="Name of a model (see: samhq models list) or path of a SAM-HQ .pth or .safetensors file.",
    )
    points_per_side: int | None = setting(
        32,
        title="Points per side",
        help="Prompt points along each side of the image; the number of points is its square. More points find "
        "smaller objects and take longer.",
        ge=1,
        le=256,
        step=1,
    )
    prompts: Literal["grid", "adaptive", "dark-guided", "discovered"] = setting(
        "grid",
        title="Prompts",
        help="Where the model is asked. grid: at every point. adaptive: at some points first, then only where no "
        "accepted mask lies yet. dark-guided: only at points with dark pixels near them, see "
        "prompt_min_aggregation. discovered: the built-in starter model finds the objects with the points, and the "
        "chosen model draws each of them. The others ask less than grid and may find fewer objects.",
    )
    prompt_min_aggregation: float | None = setting(
        None,
        title="Dark enough",
        help="Only with prompts dark-guided: a point is asked if a pixel of its cell of the grid has at least this "
        "aggregation in the picture that the network sees. null: Otsu's threshold of each picture. Not a filter: "
        "filters come later and measure the gray levels of the file.",
        ge=0,
        le=100,
        step=0.5,
        advanced=True,
    )
    prompt_polarity: Literal["dark", "bright"] = setting(
        "dark",
        title="Polarity of prompts",
        help="Only with prompts dark-guided: bright counts aggregation in the inverted picture, for bright objects "
        "on a dark ground.",
        advanced=True,
    )
    pred_iou_thresh: float = setting(
        0.88,
        title="Predicted IoU threshold",
        help="Masks whose quality, as the model itself predicts it, is not above this are dropped.",
        ge=0,
        le=1,
        step=0.01,
    )
    stability_score_thresh: float = setting(
        0.95,
        title="Stability score threshold",
        help="Masks that change more than this allows when their cutoff moves are dropped.",
        ge=0,
        le=1,
        step=0.01,
    )
    stability_score_offset: float = setting(
        1.0,
        title="Stability score offset",
        help="How far the cutoff is moved, in logits, to judge stability.",
        ge=0,
        le=100,
        step=0.1,
        advanced=True,
    )
    box_nms_thresh: float = setting(
        0.7,
        title="Box NMS threshold",
        help="Of two masks whose boxes overlap by more than this IoU only the better one stays.",
        ge=0,
        le=1,
        step=0.01,
    )
    crop_n_layers: int = setting(
        0,
        title="Crop layers",
        help="Segment again on 2^n x 2^n overlapping crops for each layer n: finds small objects in large "
        "images; each layer takes about four times as long as the one before.",
        ge=0,
        le=6,
        step=1,
    )
    crop_nms_thresh: float = setting(
        0.7,
        title="Crop NMS threshold",
        help="Like the box NMS threshold, between masks of different crops; masks of smaller crops win.",
        ge=0,
        le=1,
        step=0.01,
        advanced=True,
    )
    crop_overlap_ratio: float = setting(
        512 / 1500,
        title="Crop overlap",
        help="Overlap of the crops of the first layer as a part of the shorter side; halved with each layer.",
        ge=0,
        le=0.9,
        step=0.01,
        advanced=True,
    )
    crop_n_points_downscale_factor: int = setting(
        1,
        title="Fewer points in crops",
        help="Points per side are divided by this to the power of the layer.",
        ge=1,
        le=16,
        step=1,
        advanced=True,
    )
    point_grids: Grid | None = setting(
        None,
        title="Point grids",
        help="Explicit prompt points, x and y from 0 to 1, one list for each crop layer. Instead of points per "
        "side, which must then be null.",
        advanced=True,
    )
    min_mask_region_area: int = setting(
        0,
        title="Minimum region",
        help="Holes and separate pieces of a mask smaller than this are filled or removed. 0 leaves masks as they "
        "are.",
        unit="px",
        ge=0,
        step=10,
    )

    @model_validator(mode="after")
    def _one_source_of_points(self) -> SegmentationSettings:
        if (self.points_per_side is None) == (self.point_grids is None):
            raise ValueError("give either points_per_side or point_grids, and set the other to null")
        if self.point_grids is not None:
            if len(self.point_grids) < self.crop_n_layers + 1:
                raise ValueError(
                    f"point_grids holds {len(self.point_grids)} list(s); crop_n_layers {self.crop_n_layers} "
                    f"needs {self.crop_n_layers + 1}"
                )
            if any(not grid for grid in self.point_grids):
                raise ValueError("point_grids holds an empty list; every layer needs at least one point")
            if any(not 0 <= v <= 1 for grid in self.point_grids for point in grid for v in point):
                raise ValueError("point_grids holds a coordinate outside 0 to 1")
        elif int(self._points_in_layer(self.crop_n_layers)) < 1:
            raise ValueError(
                f"points_per_side {self.points_per_side} divided by crop_n_points_downscale_factor "
                f"{self.crop_n_points_downscale_factor} leaves no point in layer {self.crop_n_layers}"
            )
        return self

    def _points_in_layer(self, layer: int) -> int:
        return int((self.points_per_side or 0) / self.crop_n_points_downscale_factor**layer)

    def decisive(self) -> dict[str, Any]:
        """The values that decide which masks are found, as plain JSON values; they enter the key of a segmentation.

        Without the model, whose content counts and not its name, and without what these settings do not use.
        Settings that came after the first version are left out at their default, so that older keys stay.
        """
        unused = {"model"}
        if self.prompts == "grid":
            unused.add("prompts")
        if self.prompts != "dark-guided":
            unused |= {"prompt_min_aggregation", "prompt_polarity"}
        return self.model_dump(mode="json", exclude=unused)

    def with_recommended(self, recommended: Mapping[str, Any]) -> SegmentationSettings:
        """These settings with the model's recommended values wherever nobody chose one.

        recommended: values from the model's metadata under the names of this class.
        Returns settings in which every field counts as chosen. Raises SettingsError on a bad value.
        """
        known = {k: v for k, v in recommended.items() if k in type(self).model_fields}
        if "point_grids" in self.model_fields_set:
            known.pop("points_per_side", None)
        merged = self.model_dump() | known | self.explicit
        return validated(SegmentationSettings, merged, "segmentation")
