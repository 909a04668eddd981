"""TIFF of any layout and compression, with every strip and tile checked before it is decoded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from samhq.errors import ImageReadError
from samhq.images.exif import profile_note
from samhq.images.jpeg import cmyk_to_rgb
from samhq.images.model import MAX_PIXELS, Stored, check_size
from samhq.images.tiff_pages import Plane, TiffPlan, open_tiff, pixel_size_um, plan_tiff

__all__ = ["decode_tiff", "plan_of"]

_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE, _MASK, _SEPARATED, _YCBCR = range(7)
_LINEAR_RAW = 34892
_PHOTOMETRIC_NAMES = {
    8: "CIELAB",
    9: "ICCLAB",
    10: "ITULAB",
    32803: "camera raw (CFA)",
    32844: "LogL",
    32845: "LogLuv",
}

# Codecs that hand out RGB whatever the photometric tag says.
_RGB_CODECS = {6, 7, 34892, 33007, 50001}


@dataclass(frozen=True, slots=True)
class _Samples:
    """Colour samples (h, w) or (h, w, n) of one plane and its alpha."""

    color: NDArray[Any]
    alpha: NDArray[Any] | None = None
    premultiplied: bool = False
    notes: tuple[str, ...] = ()


def plan_of(stream: BinaryIO, name: str) -> TiffPlan:
    """The planes of a TIFF. Raises ImageReadError if there is none."""
    with open_tiff(stream) as tif:
        return plan_tiff(tif, stream, name)


def decode_tiff(stream: BinaryIO, name: str, *, plan: TiffPlan, number: int) -> Stored:
    """Decode one plane.

    stream: the open file. plan: its planes. number: 1-based plane, at most len(plan.planes).
    Raises ImageReadError where strips are missing, the layout is not supported or the page is too large.
    """
    plane = plan.planes[number - 1]
    with open_tiff(stream) as tif:
        page = tif.pages[plane.page]
        _check_layout(page, plane, tif.filehandle.size, name)
        samples = _samples(page, _pixels(tif, page, plane, name), plane)
        values, mode, notes = _colors(page, samples, name)
        bits = _bits(page, values)
        return Stored(
            values=values,
            alpha=samples.alpha,
            premultiplied=samples.premultiplied,
            bits=bits,
            stated_bits=_stated_bits(page, bits, plan.significant_bits.get(plane.page)),
            mode=mode if samples.alpha is None else f"{mode}+alpha",
            min_is_white=int(page.photometric) == _MIN_IS_WHITE,
            orientation=_orientation(page),
            page=number,
            pages=len(plan.planes),
            page_name=plane.name,
            pixel_size_um=plan.pixel_sizes_um.get(plane.page) or pixel_size_um(tif, page),
            notes=(*plan.notes, *samples.notes, *notes, *_profile_notes(page)),
        )


def _check_layout(page: Any, plane: Plane, file_size: int, name: str) -> None:
    """Refuse what would take absurd memory, and what lacks strips, which tifffile fills with black."""
    if page.dtype is None:
        raise ImageReadError(
            f"{name}: values of {page.bitspersample} bits in sample format {int(page.sampleformat)} are not read; "
            "save it as 8, 16 or 32 bits"
        )
    width, height = int(page.imagewidth), int(page.imagelength)
    bulk = int(page.imagedepth) * int(page.samplesperpixel) * page.dtype.itemsize
    check_size(name, width=width, height=height, sample_bytes=max(1, bulk))
    if plane.offset is not None:
        return
    chunk = math.prod(int(n) for n in page.chunks)
    if chunk > max(4 * math.prod(int(n) for n in page.shape), 2**24) or chunk > MAX_PIXELS * 4:
        raise ImageReadError(
            f"{name}: is damaged: its tiles are larger than the picture; copy or save it again"
        )
    offsets, lengths = page.dataoffsets, page.databytecounts
    expected = math.prod(int(n) for n in page.chunked)
    if len(offsets) != expected or len(lengths) != expected:
        raise ImageReadError(
            f"{name}: is damaged: {min(len(offsets), len(lengths)):,} of {expected:,} strips or tiles are listed; "
            "copy or save it again"
        )
    missing = sum(1 for o, n in zip(offsets, lengths, strict=True) if not o or not n)
    beyond = sum(1 for o, n in zip(offsets, lengths, strict=True) if o + n > file_size)
    if beyond:
        raise ImageReadError(
            f"{name}: ends in the middle: {beyond:,} of {expected:,} strips or tiles lie behind its end; damaged or "
            "incompletely copied, copy it again"
        )
    if missing:
        raise ImageReadError(
            f"{name}: {missing:,} of {expected:,} strips or tiles are empty; the program that wrote it did not "
            "finish, save it again"
        )
    _check_uncompressed(page, sum(lengths), name)


def _check_uncompressed(page: Any, stored: int, name: str) -> None:
    if int(page.compression) != 1 or page.is_subsampled:
        return
    samples = int(page.samplesperpixel) if int(page.planarconfig) == 1 else 1
    row = (int(page.imagewidth) * samples * int(page.bitspersample) + 7) // 8
    planes = 1 if samples == int(page.samplesperpixel) else int(page.samplesperpixel)
    needed = row * int(page.imagelength) * int(page.imagedepth) * planes
    if stored < needed:
        raise ImageReadError(
            f"{name}: is damaged: {stored:,} bytes of pixels where {needed:,} are needed; copy or save it again"
        )


def _pixels(tif: Any, page: Any, plane: Plane, name: str) -> NDArray[Any]:
    """Samples of the plane as (separate samples, rows, columns, interleaved samples)."""
    separate, depth, height, width, together = (int(n) for n in page.shaped)
    if plane.offset is not None:
        tif.filehandle.seek(plane.offset)
        stored = np.dtype(page.dtype).newbyteorder(tif.byteorder)
        data = tif.filehandle.read(int(page.nbytes))
        if len(data) != int(page.nbytes):
            raise ImageReadError(f"{name}: ends in the middle: page {plane.name} is cut off; copy it again")
        whole = np.frombuffer(data, stored).reshape(separate, depth, height, width, together)
    else:
        # One thread: images are read beside the network, and what tifffile logs stays attributable.
        whole = page.asarray(squeeze=False, maxworkers=1)
        if whole.shape != (separate, depth, height, width, together):
            raise ImageReadError(
                f"{name}: is damaged: its pixels do not fill its size; copy or save it again"
            )
    chosen = whole[:, plane.depth]
    return np.ascontiguousarray(chosen, chosen.dtype.newbyteorder("="))


def _samples(page: Any, pixels: NDArray[Any], plane: Plane) -> _Samples:
    flat = np.moveaxis(pixels[..., 0], 0, -1) if pixels.shape[0] > 1 else pixels[0]
    if plane.sample is not None:
        return _Samples(flat[..., plane.sample])
    photometric = int(page.photometric)
    wanted = {_RGB: 3, _LINEAR_RAW: 3, _YCBCR: 3, _SEPARATED: 4}.get(photometric, 1)
    if flat.shape[-1] < wanted:
        return _Samples(flat[..., 0] if flat.shape[-1] == 1 else flat)
    color = flat[..., 0] if wanted == 1 else flat[..., :wanted]
    kinds = [int(kind) for kind in (page.extrasamples or ())]
    extra = flat.shape[-1] - wanted
    place = next((i for i, kind in enumerate(kinds[:extra]) if kind in (1, 2)), None)
    others = extra - (place is not None)
    notes = (f"{others} further sample(s) per pixel that are no colour were ignored",) if others else ()
    if place is None:
        return _Samples(color, notes=notes)
    return _Samples(color, flat[..., wanted + place], kinds[place] == 1, notes)


def _colors(page: Any, samples: _Samples, name: str) -> tuple[NDArray[Any], str, tuple[str, ...]]:
    """The values as gray (h, w) or RGB (h, w, 3), the mode, and notes."""
    values, photometric = samples.color, int(page.photometric)
    if values.ndim == 3 and values.shape[2] not in (3, 4):
        raise ImageReadError(
            f"{name}: {values.shape[2]} samples per pixel make no colour; save it as gray or RGB"
        )
    if values.ndim == 3 and photometric == _SEPARATED:
        if int(page.tags.valueof(332) or 1) != 1 or values.dtype.kind != "u":
            raise ImageReadError(f"{name}: inks other than 8 or 16 bit CMYK are not read; save it as RGB")
        return cmyk_to_rgb(values), "cmyk", ("CMYK converted to RGB without its printing profile",)
    if values.ndim == 3 and photometric == _YCBCR and int(page.compression) not in _RGB_CODECS:
        if values.dtype != np.uint8:
            raise ImageReadError(f"{name}: YCbCr of other than 8 bits is not read; save it as RGB")
        return _ycbcr_to_rgb(values), "ycbcr", ()
    if photometric == _PALETTE and values.ndim == 2:
        return _apply_palette(page, values, name), "palette", ()
    if photometric in (_MIN_IS_WHITE, _MIN_IS_BLACK, _MASK) and values.ndim == 2:
        return values, "gray", ()
    if photometric in (_RGB, _YCBCR, _LINEAR_RAW):
        return values, ("gray" if values.ndim == 2 else "rgb"), ()
    kind = _PHOTOMETRIC_NAMES.get(photometric, f"of photometric type {photometric}")
    raise ImageReadError(f"{name}: colours {kind} are not read; save it as gray or RGB")


def _ycbcr_to_rgb(values: NDArray[Any]) -> NDArray[Any]:
    """Source: JFIF 1.02 (ITU-R BT.601 at full range)."""
    y, cb, cr = (values[..., i].astype(np.float32) for i in range(3))
    cb, cr = cb - 128, cr - 128
    rgb = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)
    result: NDArray[Any] = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return result


def _apply_palette(page: Any, values: NDArray[Any], name: str) -> NDArray[Any]:
    palette = page.colormap
    if palette is None or values.dtype.kind not in "ub":
        raise ImageReadError(f"{name}: its colour palette is missing; save it as gray or RGB")
    table = np.asarray(palette)
    if table.ndim != 2 or table.shape[0] != 3 or int(values.max()) >= table.shape[1]:
        raise ImageReadError(f"{name}: its colour palette does not fit its pixels; save it as gray or RGB")
    # The standard wants 16 bits per colour; some writers put 8 there.
    table8 = (table >> 8 if int(table.max()) > 255 else table).astype(np.uint8)
    result: NDArray[Any] = table8.T[values.astype(np.intp)]
    return result


def _bits(page: Any, values: NDArray[Any]) -> int:
    if int(page.photometric) == _PALETTE:
        return 8
    per_sample = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    return min(int(per_sample), values.dtype.itemsize * 8) if values.dtype.kind != "b" else 1


def _stated_bits(page: Any, bits: int, ome_bits: int | None) -> int | None:
    """Fewer bits than the layout has, where OME or the Max/SMaxSampleValue tags say so, else None.

    Some writers put the picture's own maximum into these tags, so only 2^n - 1 is taken for a range.
    """
    if ome_bits is not None:
        return ome_bits if 8 <= ome_bits < bits else None
    for code in (281, 341):
        value = page.tags.valueof(code)
        numbers = value if isinstance(value, tuple | list) else (value,)
        if not numbers or not all(isinstance(n, int | float) and n == numbers[0] for n in numbers):
            continue
        top = numbers[0]
        if top == int(top) and 255 <= top < 2**bits - 1 and (int(top) & (int(top) + 1)) == 0:
            return int(top).bit_length()
    return None


def _orientation(page: Any) -> int:
    value = page.tags.valueof(274)
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def _profile_notes(page: Any) -> tuple[str, ...]:
    profile = page.tags.valueof(34675)
    return profile_note(bytes(profile)) if isinstance(profile, bytes | tuple) else ()
