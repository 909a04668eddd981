"""Ready-made settings for common cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from samhq.gui.translate import tr
from samhq.settings import GROUPS, Settings, settings_from_dict

__all__ = ["Preset", "matching_preset", "presets", "with_preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """Values for a common case.

    values: group to {setting: value}; settings named in other presets and not here are left to the model.
    """

    key: str
    title: str
    text: str
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def presets() -> tuple[Preset, ...]:
    """All presets in the language of the window."""
    return (
        Preset(
            "standard",
            tr("Standard"),
            tr("What the model recommends, or the values of the makers of SAM-HQ. Right for most images."),
        ),
        Preset(
            "fast",
            tr("Fast"),
            tr(
                "A quarter of the prompt points: about four times as fast, for large objects and for a first look."
            ),
            {"segmentation": {"points_per_side": 16, "crop_n_layers": 0}},
        ),
        Preset(
            "small",
            tr("Small objects"),
            tr(
                "Four times the prompt points: finds objects of a sixtieth of the image's side; four times as slow."
            ),
            {"segmentation": {"points_per_side": 64, "crop_n_layers": 0}},
        ),
        Preset(
            "large",
            tr("Large images"),
            tr(
                "The whole image and four enlarged overlapping parts: for over about 2,000 px; twice the prompts, "
                "five encodings."
            ),
            {
                "segmentation": {
                    "points_per_side": 32,
                    "crop_n_layers": 1,
                    "crop_n_points_downscale_factor": 2,
                }
            },
        ),
        Preset(
            "memory",
            tr("High memory care"),
            tr(
                "Few prompts at once and no enlarged parts: slower, for computers that run out of memory. Same results "
                "as Standard."
            ),
            {"segmentation": {"crop_n_layers": 0}, "compute": {"points_per_batch": 8}},
        ),
    )


def with_preset(settings: Settings, preset: Preset) -> Settings:
    """Settings with the values of a preset.

    What presets do not touch stays, such as thresholds; Standard alone takes every choice of the mask
    generator back, except the model.
    """
    chosen = {group: dict(getattr(settings, group).explicit) for group in GROUPS}
    for group, name in _cleared(preset):
        chosen[group].pop(name, None)
    for group, values in preset.values.items():
        chosen[group] |= values
    return settings_from_dict(chosen)


def matching_preset(settings: Settings) -> Preset | None:
    """The preset that these settings stand for, None if somebody changed them further."""
    return next((preset for preset in presets() if _stands_for(settings, preset)), None)


def _stands_for(settings: Settings, preset: Preset) -> bool:
    """Whether exactly the preset's values are chosen, so that the model's recommendations hold alike."""
    for group, name in _cleared(preset):
        chosen = getattr(settings, group).explicit
        values = preset.values.get(group, {})
        if (name in chosen) != (name in values) or chosen.get(name) != values.get(name):
            return False
    return True


def _cleared(preset: Preset) -> set[tuple[str, str]]:
    touched = {(group, name) for p in presets() for group, values in p.values.items() for name in values}
    # Points of one's own and points per side exclude each other.
    touched.add(("segmentation", "point_grids"))
    if not preset.values:
        touched |= {("segmentation", name) for name in GROUPS["segmentation"].model_fields if name != "model"}
    return touched
