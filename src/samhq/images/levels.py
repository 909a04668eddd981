"""From stored values to measured gray levels, and to what the network sees."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from samhq.errors import ImageReadError, SettingsError
from samhq.images.exif import oriented
from samhq.images.model import Image, LevelScale, Stored
from samhq.settings import ImageSettings

__all__ = ["REMEDY", "gray_values", "picture_of", "prepared", "weighted_percentiles"]

REMEDY = "choose the range with --intensity-range fixed --black-point .. --white-point .."

_TOP = 65535
# Float sums and file formats blur the ends of 0..1 by less than this.
_EDGE = 1e-6
_BLOCK_PIXELS = 2**22
_SAMPLE_PIXELS = 2**22
_STRETCH_PERCENTILES = (0.1, 99.9)


def picture_of(
    stored: Stored, settings: ImageSettings, *, name: str, frozen_scale: tuple[float, float] | None = None
) -> Image:
    """Measure a decoded page.

    frozen_scale: black and white value of the run, for intensity_range percentile.
    Raises ImageReadError where the values have no range of their own, SettingsError where percentile is
    asked for without a frozen scale.
    """
    # The range of the largest floats is no number; such values are clipped like others.
    with np.errstate(over="ignore", invalid="ignore"):
        stored = prepared(stored, name)
        gray = gray_values(stored.values)
        kind, black, white = _scale(stored, gray, settings, name=name, frozen_scale=frozen_scale)
        level = _levels(gray, black, white)
        rgb = _network_rgb(stored, settings, black=black, white=white)
    return Image(
        level=level,
        rgb=rgb,
        page=stored.page,
        pages=stored.pages,
        page_name=stored.page_name,
        dtype=stored.values.dtype.name,
        bits=stored.stated_bits or stored.bits,
        mode=stored.mode,
        scale=_as_stored(LevelScale(kind, black, white), stored),
        pixel_size_um=stored.pixel_size_um,
        notes=stored.notes,
    )


def prepared(stored: Stored, name: str) -> Stored:
    """The page upright, opaque, with black below white, and with values that can be measured.

    Raises ImageReadError for complex numbers, NaN and infinity.
    """
    values, notes = stored.values, list(stored.notes)
    if values.dtype.kind not in "buif":
        raise ImageReadError(f"{name}: holds {values.dtype.name} numbers; save it as integers or floats")
    if values.dtype.kind == "f":
        _check_finite(values, name)
    stored, believed = _believed_bits(stored)
    notes.extend(believed)
    if stored.min_is_white:
        values = _inverted(values, stored.stated_bits or stored.bits)
        notes.append("MinIsWhite: black and white exchanged, as the file asks")
    if stored.alpha is not None:
        values, composited = _on_white(values, stored)
        notes.extend(composited)
    if stored.orientation != 1:
        values = oriented(values, stored.orientation)
        notes.append(f"EXIF orientation {stored.orientation} applied")
    values = np.ascontiguousarray(values)
    return replace(stored, values=values, alpha=None, orientation=1, notes=tuple(notes))


def gray_values(values: NDArray[Any]) -> NDArray[Any]:
    """Brightness in stored units, (h, w).

    Gray values pass unchanged. 8-bit colour: OpenCV's RGB2GRAY, whole numbers. Other colour: BT.601 luma
    in float64, because OpenCV's own 16-bit sum is off by up to 2.
    """
    if values.ndim == 2:
        return values
    if values.dtype == np.uint8:
        gray: NDArray[Any] = cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)
        return gray
    luma = np.empty(values.shape[:2], np.float64)
    for rows in _blocks(luma):
        red, green, blue = (values[rows, :, i].astype(np.float64) for i in range(3))
        luma[rows] = 0.299 * red + 0.587 * green + 0.114 * blue
    return luma


def weighted_percentiles(
    values: NDArray[Any], counts: NDArray[Any], percentiles: tuple[float, float]
) -> tuple[float, float]:
    """Two percentiles of values that occur counts times each, interpolated as numpy's "linear" does.

    values: (n,) ascending. counts: (n,) non-negative, may be fractional; their sum must be positive.
    """
    ends = np.cumsum(counts, dtype=np.float64)
    total = float(ends[-1])
    results = []
    for percentile in percentiles:
        rank = max(0.0, (total - 1) * percentile / 100)
        below = math.floor(rank)
        pair = [float(values[_holder(ends, position)]) for position in (below, min(below + 1, total - 1))]
        results.append(pair[0] + (pair[1] - pair[0]) * (rank - below))
    return results[0], results[1]


def _holder(ends: NDArray[np.float64], position: float) -> int:
    return min(int(np.searchsorted(ends, position, side="right")), len(ends) - 1)


def _blocks(array: NDArray[Any]) -> Iterator[slice]:
    """Row ranges that keep float64 copies small."""
    step = max(1, _BLOCK_PIXELS // max(1, array.shape[1]))
    for start in range(0, array.shape[0], step):
        yield slice(start, start + step)


def _check_finite(values: NDArray[Any], name: str) -> None:
    bad = sum(
        int(values[rows].size - np.count_nonzero(np.isfinite(values[rows]))) for rows in _blocks(values)
    )
    if bad:
        raise ImageReadError(
            f"{name}: {bad:,} of {values.size:,} values are NaN or infinite; replace them by numbers and save it again"
        )


def _believed_bits(stored: Stored) -> tuple[Stored, tuple[str, ...]]:
    """The page with stated_bits kept only where its values agree, and a note."""
    if stored.stated_bits is None or stored.values.dtype.kind != "u":
        return replace(stored, stated_bits=None), ()
    highest = int(stored.values.max())
    if highest < 2**stored.stated_bits:
        return stored, (f"{stored.stated_bits} significant bits stated by the file",)
    doubt = (
        f"the file states {stored.stated_bits} significant bits but holds the value {highest}: not believed"
    )
    return replace(stored, stated_bits=None), (doubt,)


def _inverted(values: NDArray[Any], bits: int) -> NDArray[Any]:
    if values.dtype.kind == "b":
        return ~values
    if values.dtype.kind == "u":
        return np.asarray(np.subtract(2**bits - 1, values, dtype=values.dtype))
    if values.dtype.kind == "i":
        return ~values
    return np.asarray(np.subtract(1, values, dtype=values.dtype))


def _on_white(values: NDArray[Any], stored: Stored) -> tuple[NDArray[Any], tuple[str, ...]]:
    alpha = stored.alpha
    signed = values.dtype.kind == "i"
    top = 1.0 if values.dtype.kind in "fb" else float(2 ** ((stored.stated_bits or stored.bits) - signed) - 1)
    if alpha is None or bool((alpha >= top).all()):
        return values, ()
    result = np.empty_like(values)
    for rows in _blocks(values):
        opacity = alpha[rows].astype(np.float64) / top
        if values.ndim == 3:
            opacity = opacity[..., None]
        color = values[rows].astype(np.float64)
        if stored.premultiplied and not stored.min_is_white:
            mixed = color + (1 - opacity) * top
        else:
            mixed = color * opacity + (1 - opacity) * top
        if values.dtype.kind == "f":
            result[rows] = mixed
        else:
            result[rows] = np.clip(np.floor(mixed + 0.5), 0, top).astype(values.dtype)
    return result, ("alpha composited on white",)


def _scale(
    stored: Stored,
    gray: NDArray[Any],
    settings: ImageSettings,
    *,
    name: str,
    frozen_scale: tuple[float, float] | None,
) -> tuple[str, float, float]:
    """Kind, black and white value of the prepared page."""
    if settings.intensity_range == "fixed":
        black, white = settings.black_point, settings.white_point
        if black is None or white is None:
            raise SettingsError("intensity_range fixed needs both black_point and white_point")
        return "fixed", float(black), float(white)
    if settings.intensity_range == "percentile":
        if frozen_scale is None or not frozen_scale[0] < frozen_scale[1]:
            raise SettingsError(
                "intensity_range percentile needs the black and white point of the whole run, black below white; "
                "compute them with percentile_scale first"
            )
        return "percentile", float(frozen_scale[0]), float(frozen_scale[1])
    return _own_range(stored, gray, name)


def _own_range(stored: Stored, gray: NDArray[Any], name: str) -> tuple[str, float, float]:
    values = stored.values
    if values.dtype.kind == "f":
        low, high = float(values.min()), float(values.max())
        if low < -_EDGE or high > 1 + _EDGE:
            raise ImageReadError(
                f"{name}: {values.dtype.name} values from {low:g} to {high:g} are outside 0..1, so black and white "
                f"are unknown; {REMEDY}"
            )
        return "dtype", 0.0, 1.0
    if values.dtype.kind == "b":
        return "dtype", 0.0, 1.0
    significant = stored.stated_bits or stored.bits
    narrower = significant < 8 * values.dtype.itemsize
    if values.dtype.kind == "u" and (narrower or significant <= 16):
        return ("bits" if narrower else "dtype"), 0.0, float(2**significant - 1)
    low, high = gray.min(), gray.max()
    raise ImageReadError(
        f"{name}: {values.dtype.name} values from {low:g} to {high:g} have no natural black and white; {REMEDY}"
    )


def _as_stored(scale: LevelScale, stored: Stored) -> LevelScale:
    """The scale in the values of the file, which min_is_white had turned around."""
    if not stored.min_is_white:
        return scale
    kind = stored.values.dtype.kind
    top = {"u": float(2 ** (stored.stated_bits or stored.bits) - 1), "i": -1.0}.get(kind, 1.0)
    return LevelScale(scale.kind, top - scale.black, top - scale.white)


def _levels(gray: NDArray[Any], black: float, white: float) -> NDArray[np.uint16]:
    level: NDArray[np.uint16] = _mapped(gray, black, white, top=_TOP, dtype=np.dtype(np.uint16))
    return level


def _mapped(values: NDArray[Any], low: float, high: float, *, top: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """round(clip((v - low) / (high - low), 0, 1) * top) of every value, in float64."""
    if values.dtype.kind == "b":
        values = values.view(np.uint8)
    if values.dtype in (np.uint8, np.uint16):
        every = np.arange(np.iinfo(values.dtype).max + 1, dtype=np.float64)
        table = _mapped_block(every, low, high, top).astype(dtype)
        if dtype == values.dtype and np.array_equal(table, every):
            return values.copy()
        result = np.empty(values.shape, dtype)
        for rows in _blocks(values):
            result[rows] = table[values[rows]]
        return result
    result = np.empty(values.shape, dtype)
    for rows in _blocks(values):
        result[rows] = _mapped_block(values[rows].astype(np.float64), low, high, top)
    return result


def _mapped_block(values: NDArray[np.float64], low: float, high: float, top: int) -> NDArray[np.float64]:
    if low == 0 and high == top:
        # Nothing to scale: dividing and multiplying again could move a value across a half.
        return np.rint(np.clip(values, 0, top))
    # Halves, because high - low of the largest floats would overflow.
    part = (values / 2 - low / 2) / (high / 2 - low / 2)
    return np.rint(np.clip(part, 0, 1) * top)


def _network_rgb(stored: Stored, settings: ImageSettings, *, black: float, white: float) -> NDArray[np.uint8]:
    values = stored.values
    shallow = values.dtype.kind == "b" or values.dtype == np.uint8
    if settings.stretch == "auto" and shallow:
        low, high = (
            0.0,
            1.0 if values.dtype.kind == "b" else float(2 ** (stored.stated_bits or stored.bits) - 1),
        )
    elif settings.stretch == "none":
        low, high = black, white
    else:
        low, high = _stretch(values, black, white)
    shown = _mapped(values, low, high, top=255, dtype=np.dtype(np.uint8))
    if shown.ndim == 2:
        shown = cv2.cvtColor(shown, cv2.COLOR_GRAY2RGB)
    rgb: NDArray[np.uint8] = np.ascontiguousarray(shown)
    return rgb


def _stretch(values: NDArray[Any], black: float, white: float) -> tuple[float, float]:
    """Display range of one image: percentiles, else its extremes, else the measured range."""
    if values.dtype in (np.uint8, np.uint16):
        counts = np.bincount(values.reshape(-1), minlength=1)
        low, high = weighted_percentiles(np.arange(len(counts)), counts, _STRETCH_PERCENTILES)
    else:
        flat = values.reshape(-1)
        sample = flat[:: max(1, flat.size // _SAMPLE_PIXELS)].astype(np.float64)
        low, high = (float(p) for p in np.percentile(sample, _STRETCH_PERCENTILES))
    if low >= high:
        low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (black, white)
