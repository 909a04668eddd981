"""Every setting, once: title, help, unit, default, range.

The command line, the configuration file, the window and the table in the manual are all made from
these classes. The groups are split by what a change costs: Image and Segmentation need the network
again, Filter only needs the stored histograms, Output and Export only write files again, Compute changes no
result beyond the stated tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo

from samhq.errors import SettingsError
from samhq.export_settings import ExportSettings
from samhq.fields import SettingsGroup, setting
from samhq.segmentation_settings import SegmentationSettings
from samhq.validation import validated

__all__ = [
    "GROUPS",
    "PLACE_SETTINGS",
    "SCHEMA_VERSION",
    "AnalysisSettings",
    "ComputeSettings",
    "ExportSettings",
    "FilterSettings",
    "ImageSettings",
    "OutputSettings",
    "SegmentationSettings",
    "Settings",
    "SettingsGroup",
    "iter_fields",
    "settings_from_dict",
]

PLACE_SETTINGS = ("scene", "channel_measured", "z_slice", "time_point")
"""Settings of the group image that say which planes of a microscopy file are analysed."""

SCHEMA_VERSION = 2
"""Raised when a file of an older samhq needs more than defaults for what it lacks. 2: the group analysis."""


class ImageSettings(SettingsGroup):
    """How a file becomes gray levels and a picture for the network. A change segments again."""

    page: Annotated[int, Field(ge=1, le=999_999)] | Literal["all"] | None = setting(
        None,
        title="Page",
        help="Page of a multi-page TIFF to analyse, counted from 1, or all of them. Without it a file of "
        "several pages is reported as failed instead of guessing.",
    )
    scene: Annotated[int, Field(ge=1, le=999_999)] | Literal["all"] | None = setting(
        None,
        title="Scene",
        help="Scene, position or image of a microscopy file to analyse, counted from 1, or all of them. Needed "
        "where a file has several.",
    )
    channel_measured: str | None = setting(
        None,
        title="Channel measured",
        help="Name or number, counted from 1, of the channel whose gray levels are measured, or all: then each "
        "channel is an image of its own. Needed where a file has several.",
        allowed="a name, a number from 1, or all",
    )
    channel_shown: str | None = setting(
        None,
        title="Channel shown",
        help="Name or number of the channel in which the network looks for objects; never changes what is measured "
        "in them. Without it, it sees the channel that is measured.",
        allowed="a name or a number from 1",
    )
    z_slice: Annotated[int, Field(ge=1, le=999_999)] | Literal["all"] | None = setting(
        None,
        title="z slice",
        help="Slice of a z stack to analyse, counted from 1, or all of them. Needed where a file has several.",
    )
    time_point: Annotated[int, Field(ge=1, le=999_999)] | Literal["all"] | None = setting(
        None,
        title="Time point",
        help="Time point of a series to analyse, counted from 1, or all of them. Needed where a file has several.",
    )
    intensity_range: Literal["dtype", "fixed", "percentile"] = setting(
        "dtype",
        title="Black and white point",
        help="Which stored values count as black (aggregation 100) and white (aggregation 0). dtype: the range "
        "of the file's data type, or the narrower one that the file states. fixed: black_point and "
        "white_point. percentile: two percentiles over all images, frozen for the run. Never each image's "
        "own extremes, because then images could not be compared.",
    )
    black_point: float | None = setting(
        None, title="Black point", help="Stored value that counts as black; used by intensity_range fixed."
    )
    white_point: float | None = setting(
        None, title="White point", help="Stored value that counts as white; used by intensity_range fixed."
    )
    black_percentile: float = setting(
        0.0,
        title="Black percentile",
        help="Percentile of all pixels of the run that becomes black; used by intensity_range percentile.",
        unit="%",
        ge=0,
        le=100,
        step=0.1,
    )
    white_percentile: float = setting(
        100.0,
        title="White percentile",
        help="Percentile of all pixels of the run that becomes white; used by intensity_range percentile.",
        unit="%",
        ge=0,
        le=100,
        step=0.1,
    )
    stretch: Literal["auto", "none", "percentile"] = setting(
        "auto",
        title="Contrast for the network",
        help="What the network sees; never changes a measurement. auto: 8-bit images as they are, deeper ones "
        "stretched between their 0.1 and 99.9 percentiles. none: black to white point. percentile: always "
        "stretched.",
    )

    @property
    def chooses_planes(self) -> bool:
        """Whether it is said which planes of a file are analysed, by page or by place."""
        return self.page is not None or self.chooses_places

    @property
    def chooses_places(self) -> bool:
        """Whether scene, measured channel, z slice or time point are said."""
        return any(getattr(self, name) is not None for name in PLACE_SETTINGS)

    def same_planes(self, other: ImageSettings) -> bool:
        """Whether both choose the same planes, and the same channel for the network."""
        names = ("page", "channel_shown", *PLACE_SETTINGS)
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def decisive(self) -> dict[str, Any]:
        """The values that decide masks and gray levels of a page, as JSON. Which page it is, is told elsewhere."""
        values = self.model_dump(mode="json", exclude={"page", *PLACE_SETTINGS})
        if self.channel_shown is None:
            del values["channel_shown"]  # so that runs of before keep their keys
        return values

    @field_validator("channel_measured", "channel_shown")
    @classmethod
    def _named(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not value.strip():
            raise ValueError(f"{info.field_name} is empty; give a name or a number, or null")
        if info.field_name == "channel_shown" and value == "all":
            raise ValueError("channel_shown all: the network sees one channel; give its name or number")
        return value

    @model_validator(mode="after")
    def _page_or_places(self) -> ImageSettings:
        if self.page is not None and self.chooses_places:
            names = ", ".join(name for name in PLACE_SETTINGS if getattr(self, name) is not None)
            raise ValueError(
                f"page says already which planes are analysed; leave it out, or leave out {names}"
            )
        return self

    @model_validator(mode="after")
    def _points_in_order(self) -> ImageSettings:
        if self.intensity_range == "fixed":
            if self.black_point is None or self.white_point is None:
                raise ValueError("intensity_range fixed needs both black_point and white_point")
            if self.black_point >= self.white_point:
                raise ValueError(
                    f"black_point ({self.black_point:g}) must be below white_point ({self.white_point:g})"
                )
        elif self.black_point is not None or self.white_point is not None:
            raise ValueError("black_point and white_point are only used with intensity_range fixed")
        if self.black_percentile >= self.white_percentile:
            raise ValueError(
                f"black_percentile ({self.black_percentile:g}) must be below "
                f"white_percentile ({self.white_percentile:g})"
            )
        return self


class FilterSettings(SettingsGroup):
    """Which objects and pixels count. A change needs neither network nor images."""

    min_area: float | None = setting(
        None,
        title="Minimum area A",
        help="Stage 1: objects with fewer pixels are dropped.",
        unit="px",
        ge=0,
        step=1,
    )
    min_intensity: float | None = setting(
        None,
        title="Minimum total aggregation I",
        help="Stage 1: objects whose aggregation, summed over their pixels, is below this are dropped.",
        ge=0,
        step=100,
    )
    min_ratio: float | None = setting(
        None,
        title="Minimum ratio R = I/A",
        help="Stage 1: objects whose mean aggregation is below this are dropped.",
        ge=0,
        le=100,
        step=0.5,
    )
    min_aggregation: float = setting(
        0.0,
        title="Lowest aggregation",
        help="Stage 2: pixels with less aggregation do not count; A, I and R are computed again without them.",
        ge=0,
        le=100,
        step=0.5,
    )
    max_aggregation: float = setting(
        100.0,
        title="Highest aggregation",
        help="Stage 2: pixels with more aggregation do not count.",
        ge=0,
        le=100,
        step=0.5,
    )
    polarity: Literal["dark", "bright"] = setting(
        "dark",
        title="Polarity",
        help="dark: dark pixels have high aggregation. bright: the inverted image is measured, for fluorescence.",
    )
    overlaps: Literal["keep", "exclusive"] = setting(
        "keep",
        title="Overlapping masks",
        help="keep: a pixel counts for every mask that covers it. exclusive: only for the one with the highest "
        "predicted IoU.",
    )

    @model_validator(mode="after")
    def _range_in_order(self) -> FilterSettings:
        if self.min_aggregation > self.max_aggregation:
            raise ValueError(
                f"min_aggregation ({self.min_aggregation:g}) must not be above "
                f"max_aggregation ({self.max_aggregation:g})"
            )
        return self

    def folder_tag(self) -> str:
        """The part of an output folder's name that tells these settings apart from all others.

        Example: "A=199_I=0_R=37.0_Agg=35-100"; thresholds that are off are left out.
        """
        parts = []
        if self.min_area is not None:
            parts.append(f"A={_short(self.min_area)}")
        if self.min_intensity is not None:
            parts.append(f"I={_short(self.min_intensity)}")
        if self.min_ratio is not None:
            parts.append(f"R={float(self.min_ratio)!r}")
        parts.append(f"Agg={_short(self.min_aggregation)}-{_short(self.max_aggregation)}")
        if self.polarity != "dark":
            parts.append(self.polarity)
        if self.overlaps != "keep":
            parts.append(self.overlaps)
        return "_".join(parts)


class AnalysisSettings(SettingsGroup):
    """How the aggregation of one image is looked at. A change draws the histogram again."""

    bins: int = setting(
        256,
        title="Bins",
        help="Bins of the histogram from 0 to 100; 256 gives one per gray level of an 8-bit image.",
        ge=2,
        le=65536,
        step=1,
    )
    smoothing: float = setting(
        2.0,
        title="Smoothing",
        help="Gaussian smoothing of the histogram before peaks and troughs are looked for; its standard deviation.",
        unit="bins",
        ge=0,
        le=65536,
        step=0.5,
    )
    prominence: float = setting(
        0.01,
        title="Prominence",
        help="Least prominence of a peak or trough, as a part of the highest bin.",
        ge=0,
        le=1,
        step=0.005,
    )
    log_scale: bool = setting(
        False,
        title="Logarithmic scale",
        help="Logarithmic axis for the number of pixels.",
    )

    @model_validator(mode="after")
    def _smooths_within_the_histogram(self) -> AnalysisSettings:
        if self.smoothing > self.bins:
            raise ValueError(f"smoothing ({self.smoothing:g}) must not be above bins ({self.bins})")
        return self


class OutputSettings(SettingsGroup):
    """What is written. A change only writes files again."""

    pictures: bool = setting(
        True,
        title="Annotated pictures",
        help="Write a picture of every image with its kept objects outlined.",
    )
    label: Literal["values", "number", "none"] = setting(
        "values",
        title="Label",
        help="What stands beside each outline: A, I and R, the number of the object, or nothing.",
    )
    pixel_size: float | None = setting(
        None,
        title="Pixel size",
        help="Edge of a pixel, for areas in µm²; replaces what the files say. Without it the size stands in the "
        "tables where a file states it.",
        unit="µm",
        gt=0,
        le=1_000_000,
        step=0.01,
    )
    contact_sheet: bool = setting(
        False, title="Contact sheet", help="Write one overview picture of all annotated images."
    )
    output_mode: Literal["binary_mask", "uncompressed_rle", "coco_rle"] = setting(
        "binary_mask",
        title="Mask output mode",
        help="Form of exported masks: one PNG per mask, plain run lengths in JSON, or compressed COCO run lengths "
        "in JSON. Changes no measurement.",
    )


class ComputeSettings(SettingsGroup):
    """How the work is done. Changes no result beyond the stated tolerance."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")] = setting(
        "auto",
        title="Device",
        help="Where the network computes. auto takes a GPU where one works.",
        allowed="auto, cpu, cuda, cuda:0, cuda:1, ... or mps",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto",
        title="Precision",
        help="Number format of the network. auto takes the fastest that is known to hold the masks on this device.",
    )
    points_per_batch: int = setting(
        64,
        title="Points per batch",
        help="Prompts that the network draws at once; more may be faster and need more memory.",
        ge=1,
        le=4096,
        step=1,
    )
    threads: int | None = setting(
        None,
        title="Processor threads",
        help="Threads the network may use on the processor; null leaves the choice to PyTorch.",
        ge=1,
        le=1024,
        step=1,
        advanced=True,
    )


class Settings(BaseModel):
    """All settings of samhq, as they stand in a configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: ImageSettings = ImageSettings()
    segmentation: SegmentationSettings = SegmentationSettings()
    filter: FilterSettings = FilterSettings()
    analysis: AnalysisSettings = AnalysisSettings()
    output: OutputSettings = OutputSettings()
    export: ExportSettings = ExportSettings()
    compute: ComputeSettings = ComputeSettings()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values with the schema version first."""
        return {"schema_version": SCHEMA_VERSION, **self.model_dump(mode="json")}

    def updated(self, changes: Mapping[str, Mapping[str, Any]]) -> Settings:
        """A copy with some values of some groups replaced; what was explicit stays explicit.

        changes: group name to {setting name: value}. Raises SettingsError naming the setting.
        """
        merged: dict[str, Any] = {name: getattr(self, name).explicit for name in GROUPS}
        for group, values in changes.items():
            merged[group] = merged.get(group, {}) | dict(values)
        return settings_from_dict(merged)


GROUPS: dict[str, type[SettingsGroup]] = {
    "image": ImageSettings,
    "segmentation": SegmentationSettings,
    "filter": FilterSettings,
    "analysis": AnalysisSettings,
    "output": OutputSettings,
    "export": ExportSettings,
    "compute": ComputeSettings,
}


def iter_fields() -> Iterator[tuple[str, str, FieldInfo]]:
    """Every setting as (group name, setting name, field), in the order of the manual."""
    for group, cls in GROUPS.items():
        for name, field in cls.model_fields.items():
            yield group, name, field


def settings_from_dict(data: Mapping[str, Any], *, source: str = "settings") -> Settings:
    """Settings from plain values.

    data: group name to values; "schema_version" is optional.
    source: what to call the values in errors, e.g. a file name.
    Raises SettingsError naming each bad key and the allowed range.
    """
    plain = dict(data)
    version = plain.pop("schema_version", SCHEMA_VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= SCHEMA_VERSION:
        raise SettingsError(
            f"{source}: schema_version {version!r} is not known to this samhq (it knows 1 to {SCHEMA_VERSION}); "
            "update samhq or correct the number"
        )
    return validated(Settings, plain, source)


def _short(value: float) -> str:
    """A number as people write it: without ".0" if it is whole, never longer than a folder's name bears."""
    whole = math.isfinite(value) and value == int(value) and abs(value) < 1e15
    return str(int(value)) if whole else repr(float(value))
