"""Words for the values of settings that stand in combo boxes and beside check boxes."""

from __future__ import annotations

from typing import Any

from samhq.gui.translate import tr

__all__ = ["choice_text", "duration_text", "off_text", "value_text"]


def choice_text(name: str, value: Any) -> str:
    """A value of a setting as a combo box shows it: in words, with the value itself as files and flags have it."""
    words = _choices(name).get(value)
    return words if words is not None else str(value)


def off_text(name: str) -> str:
    """What None means for a setting, as the check box says it."""
    return tr("automatic") if name in ("threads", "prompt_min_aggregation") else tr("off")


def value_text(name: str, value: Any) -> str:
    """A value of a setting in a sentence, short."""
    if value is None:
        return off_text(name)
    if isinstance(value, bool):
        return tr("on") if value else tr("off")
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def duration_text(seconds: float) -> str:
    """A length of time as one says it, exact to about a tenth."""
    if seconds < 9.95:
        return tr("{seconds:.1f} s", seconds=seconds)
    if seconds < 90:
        return tr("{seconds} s", seconds=round(seconds))
    minutes = round(seconds / 60)
    if minutes < 90:
        return tr("{minutes} min", minutes=minutes)
    hours = seconds / 3600
    return tr("{hours:.1f} h", hours=hours) if hours < 9.95 else tr("{hours} h", hours=round(hours))


def _choices(name: str) -> dict[Any, str]:
    tables: dict[str, dict[Any, str]] = {
        "intensity_range": {
            "dtype": tr("range of the file (dtype)"),
            "fixed": tr("fixed numbers (fixed)"),
            "percentile": tr("percentiles of the run (percentile)"),
        },
        "stretch": {
            "auto": tr("automatic (auto)"),
            "none": tr("as measured (none)"),
            "percentile": tr("always stretched (percentile)"),
        },
        "prompts": {
            "grid": tr("every point (grid)"),
            "adaptive": tr("where no mask is yet (adaptive)"),
            "dark-guided": tr("where it is dark (dark-guided)"),
            "discovered": tr("found by the starter (discovered)"),
        },
        "prompt_polarity": {
            "dark": tr("dark objects (dark)"),
            "bright": tr("bright objects (bright)"),
        },
        "polarity": {
            "dark": tr("dark objects (dark)"),
            "bright": tr("bright objects (bright)"),
        },
        "overlaps": {
            "keep": tr("count for every mask (keep)"),
            "exclusive": tr("count for the best mask (exclusive)"),
        },
        "label": {
            "values": tr("A, I and R (values)"),
            "number": tr("number of the object (number)"),
            "none": tr("nothing (none)"),
        },
        "output_mode": {
            "binary_mask": tr("one PNG per mask (binary_mask)"),
            "uncompressed_rle": tr("plain run lengths (uncompressed_rle)"),
            "coco_rle": tr("COCO run lengths (coco_rle)"),
        },
        "precision": {
            "auto": tr("automatic (auto)"),
            "fp32": tr("32 bit (fp32)"),
            "bf16": tr("16 bit, wide range (bf16)"),
            "fp16": tr("16 bit (fp16)"),
        },
    }
    return tables.get(name, {})
