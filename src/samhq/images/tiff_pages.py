"""Which 2-D planes a TIFF holds, what they are called, and how large a pixel is."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO
from xml.etree import ElementTree

import tifffile

from samhq.errors import ImageReadError
from samhq.images.readers.model import PlaneAt

__all__ = ["Plane", "TiffPlan", "is_channels", "open_tiff", "pixel_size_um", "plan_tiff"]

_SLIDE_KINDS = ("is_svs", "is_ndpi", "is_scn", "is_bif", "is_philips", "is_qpi")
_SLIDE_EXTRAS = {"label", "macro", "thumbnail", "map"}

# A part of a name that only says what the place says already.
_PLACE = re.compile(r"[CZT]\d+")

# A page with more slices or channels than this is damaged.
_MAX_PLANES = 2**20

# Densities that programs write when they know nothing: screens and printers, per inch.
_DEFAULT_DPI = (1.0, 72.0, 96.0, 150.0, 300.0)
_MICROMETRES = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "micrometre", "\\u00b5m"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometre", "nanometers"), 1e-3),
    **dict.fromkeys(("pm", "picometer"), 1e-6),
    **dict.fromkeys(("å", "angstrom"), 1e-4),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e4),
    **dict.fromkeys(("m", "meter", "metre"), 1e6),
    **dict.fromkeys(("inch", "in", "inches"), 25400.0),
}


@dataclass(frozen=True, slots=True)
class Plane:
    """One picture of a TIFF.

    page: index of its directory. depth: slice of a volumetric page. sample: channel where the samples
    of a page are separate gray pictures, else None. offset: byte at which the plane begins where one
    directory describes many planes that follow each other, else None. name: its name or "".
    at: scene, channel, z and t where OME or ImageJ tell them, else None.
    """

    page: int
    depth: int = 0
    sample: int | None = None
    offset: int | None = None
    name: str = ""
    at: PlaneAt | None = None


@dataclass(frozen=True, slots=True)
class TiffPlan:
    """The planes of a file in file order, and what the file says about all of them.

    significant_bits, pixel_sizes_um: of OME, per directory index; empty where nothing is said. scenes: name and names
    of the channels of each image of OME; empty where nothing is said.
    """

    planes: tuple[Plane, ...]
    significant_bits: dict[int, int]
    pixel_sizes_um: dict[int, float | None]
    notes: tuple[str, ...]
    scenes: tuple[tuple[str, tuple[str, ...]], ...] = ()


def plan_tiff(tif: Any, stream: BinaryIO, name: str) -> TiffPlan:
    """List the planes of an open tifffile.TiffFile.

    stream: the same file, to follow its chain of directories. Reduced copies (pyramid levels,
    thumbnails), masks and the labels of slides are left out.
    Raises ImageReadError if there is none or the chain ends outside the file.
    """
    notes = _check_chain(tif, stream, name)
    if len(tif.pages) == 0:
        raise ImageReadError(f"{name}: holds no picture; the file is damaged, copy or save it again")
    ome = _ome_facts(tif)
    planes = _placed(
        _virtual_planes(tif, name) or list(_planes(tif, ome.names, name)), ome, _imagej_sizes(tif)
    )
    if not planes:
        raise ImageReadError(f"{name}: holds no picture; the file is damaged, copy or save it again")
    return TiffPlan(
        planes=planes,
        significant_bits=ome.significant_bits,
        pixel_sizes_um=ome.pixel_sizes_um,
        notes=notes,
        scenes=tuple(ome.scenes),
    )


def _placed(planes: list[Plane], ome: _Ome, imagej: list[tuple[str, int]]) -> tuple[Plane, ...]:
    """The planes with their places, where the file tells the place of every one and no two are the same."""
    found: list[PlaneAt | None] = []
    if math.prod(length for _, length in imagej) != len(planes):
        imagej = []
    for order, plane in enumerate(planes):
        at = ome.places.get(plane.page)
        if at is None and imagej and not ome.places:
            axes = _place(order, imagej)
            at = PlaneAt(0, axes["C"], axes["Z"], axes["T"])
        if at is not None and plane.depth:
            at = replace(at, z=plane.depth) if at.z == 0 else None
        if at is not None and plane.sample is not None:
            at = replace(at, channel=plane.sample) if at.channel == 0 else None
        found.append(at)
    if len(planes) < 2 or None in found or len(set(found)) < len(found):
        return tuple(planes)
    return tuple(
        replace(
            plane, at=at, name=_joined(at.tag, *(w for w in plane.name.split(" ") if not _PLACE.fullmatch(w)))
        )
        for plane, at in zip(planes, found, strict=True)
        if at is not None
    )


def is_channels(page: Any) -> bool:
    """Whether the samples of a page are separate gray pictures instead of one colour or gray + alpha."""
    samples, photometric = int(page.samplesperpixel), int(page.photometric)
    if samples < 2:
        return False
    if photometric == 2:
        return samples < 3
    if photometric not in (0, 1):
        return False
    extra = tuple(page.extrasamples or ())
    return not (samples == 2 and len(extra) == 1 and int(extra[0]) in (1, 2))


def _planes(tif: Any, names: dict[int, str], name: str) -> Iterator[Plane]:
    labels = _imagej_labels(tif)
    for index in _picture_pages(tif, name):
        page = tif.pages[index]
        # Depth multiplies the planes, so it is judged before they are counted.
        planes = int(page.imagedepth) * (int(page.samplesperpixel) if is_channels(page) else 1)
        if planes > _MAX_PLANES:
            raise ImageReadError(
                f"{name}: claims {planes:,} planes in one page; it is damaged, copy or save it again"
            )
        base = names.get(index) or labels.get(index) or _tag_text(page, 285)
        for depth in range(max(1, int(page.imagedepth))):
            place = f"Z{depth + 1}" if page.imagedepth > 1 else ""
            if not is_channels(page):
                yield Plane(index, depth=depth, name=_joined(base, place))
                continue
            for sample in range(int(page.samplesperpixel)):
                yield Plane(index, depth=depth, sample=sample, name=_joined(base, place, f"C{sample + 1}"))


def _picture_pages(tif: Any, name: str) -> list[int]:
    """Indices of the directories that are pictures of their own."""
    if any(getattr(tif, kind) for kind in _SLIDE_KINDS):
        series = [s for s in tif.series if s.name.strip().lower() not in _SLIDE_EXTRAS]
        slide = [
            p.index for s in series for p in s.levels[0].pages if p is not None and isinstance(p.index, int)
        ]
        if slide:
            return sorted(set(slide))
    chosen = []
    for index, page in enumerate(tif.pages):
        if not int(page.subfiletype) & 0b101:
            chosen.append(index)
    return chosen or [i for i, page in enumerate(tif.pages) if not int(page.subfiletype) & 0b100]


def _virtual_planes(tif: Any, name: str) -> list[Plane]:
    """Planes that follow each other behind a single directory: ImageJ beyond 4 GB, MetaMorph stacks."""
    if len(tif.pages) != 1 or not (tif.is_imagej or tif.is_shaped or tif.is_stk):
        return []
    page = tif.pages[0]
    series = tif.series[0] if tif.series else None
    announced = (tif.imagej_metadata or {}).get("images", 1) if tif.is_imagej else 1
    alone = series is None or series.size <= page.size
    rest = tif.filehandle.size - int(page.dataoffsets[0]) if page.dataoffsets else 0
    if isinstance(announced, int) and announced > 1 and alone and rest >= 2 * int(page.nbytes):
        # tifffile falls back to the first plane where the file is too short for all of them. With less behind
        # the first, it is a single page that another program saved with the description of its stack.
        raise ImageReadError(
            f"{name}: ends in the middle: {announced} planes are announced but not all are there; copy it again"
        )
    if series is None or series.dataoffset is None or not page.size or series.size <= page.size:
        return []
    count = series.size // page.size
    if series.dataoffset + series.size * page.dtype.itemsize > tif.filehandle.size:
        raise ImageReadError(
            f"{name}: ends in the middle: {count} planes are announced but not all are there; copy it again"
        )
    labels = _imagej_labels(tif)
    return [
        Plane(0, offset=series.dataoffset + i * int(page.nbytes), name=labels.get(i, ""))
        for i in range(count)
    ]


def _imagej_labels(tif: Any) -> dict[int, str]:
    if not tif.is_imagej:
        return {}
    facts = tif.imagej_metadata or {}
    labels = facts.get("Labels")
    if isinstance(labels, list | tuple):
        return {i: str(text).strip() for i, text in enumerate(labels)}
    sizes = _imagej_sizes(tif)
    return _counted(sizes, limit=max(1, int(facts.get("images", 1) or 1))) if sizes else {}


def _imagej_sizes(tif: Any) -> list[tuple[str, int]]:
    """Lengths of the axes of a hyperstack, the fastest first; empty where ImageJ says nothing of use."""
    facts = (tif.imagej_metadata or {}) if tif.is_imagej else {}
    sizes = [("C", facts.get("channels", 1)), ("Z", facts.get("slices", 1)), ("T", facts.get("frames", 1))]
    stated = any(key in facts for key in ("channels", "slices", "frames"))
    return sizes if stated and all(isinstance(n, int) and n >= 1 for _, n in sizes) else []


def _place(index: int, sizes: list[tuple[str, int]]) -> dict[str, int]:
    """Where a plane lies along each axis, the fastest axis first."""
    found = dict.fromkeys("CZT", 0)
    for axis, length in sizes:
        index, found[axis] = divmod(index, length)
    return found


def _counted(sizes: list[tuple[str, int]], *, limit: int) -> dict[int, str]:
    """Names like "C1 Z2" for planes whose first axis runs fastest; axes of length 1 are not named."""
    total = min(math.prod(n for _, n in sizes), limit, 10**6)
    names = {}
    for index in range(total):
        rest, parts = index, []
        for axis, length in sizes:
            rest, place = divmod(rest, length)
            if length > 1:
                parts.append(f"{axis}{place + 1}")
        names[index] = " ".join(parts)
    return names


def _check_chain(tif: Any, stream: BinaryIO, name: str) -> tuple[str, ...]:
    """Follow the directories. tifffile just stops at a broken link, and pages would be lost in silence."""
    if tif.is_ndpi:
        return ()
    order, wide = tif.byteorder, bool(tif.is_bigtiff)
    number, count, entry, word = ("Q", "Q", 20, 8) if wide else ("I", "H", 12, 4)
    stream.seek(0, 2)
    size = stream.tell()
    seen: set[int] = set()
    at = 8 if wide else 4
    while True:
        offset = _number(stream, at, order + number)
        if offset == 0:
            return ()
        if offset in seen:
            return ("its list of pages runs in a circle; pages may be missing",)
        if offset is None:
            break
        seen.add(offset)
        if offset + struct.calcsize(order + count) > size:
            break
        tags = _number(stream, offset, order + count)
        if tags is None:
            break
        at = offset + struct.calcsize(order + count) + tags * entry
        if at + word > size:
            if len(seen) == 1:
                return ("its list of pages is damaged; pages may be missing",)
            break
    raise ImageReadError(
        f"{name}: ends in the middle: its list of pages points outside the file; damaged or incompletely copied, "
        "copy it again"
    )


def _number(stream: BinaryIO, at: int, code: str) -> int | None:
    stream.seek(at)
    data = stream.read(struct.calcsize(code))
    return int(struct.unpack(code, data)[0]) if len(data) == struct.calcsize(code) else None


@dataclass(slots=True)
class _Ome:
    names: dict[int, str]
    significant_bits: dict[int, int]
    pixel_sizes_um: dict[int, float | None] = field(default_factory=dict)
    places: dict[int, PlaneAt] = field(default_factory=dict)
    scenes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def _ome_facts(tif: Any) -> _Ome:
    """Names, significant bits and pixel size of OME-XML; nothing where it is absent or broken."""
    facts = _Ome({}, {})
    text = tif.ome_metadata if tif.is_ome else None
    if not text:
        return facts
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - expat since 2.4 stops entity bombs itself
    except (ElementTree.ParseError, ValueError):
        return facts
    images = [e for e in root if _local(e) == "Image"]
    uuid = root.get("UUID")
    has_own = any(_is_here(e, uuid) for e in root.iter() if _local(e) == "TiffData")
    ifd = 0
    for image in images:
        for pixels in (e for e in image if _local(e) == "Pixels"):
            blocks = [e for e in pixels if _local(e) == "TiffData"]
            if blocks and has_own and not any(_is_here(e, uuid) for e in blocks):
                continue  # of a set of files, this image lies in another one
            ifd = _ome_pixels(facts, pixels, image.get("Name", "") if len(images) > 1 else "", ifd, uuid)
    return facts


def _ome_pixels(facts: _Ome, pixels: Any, image_name: str, ifd: int, uuid: str | None) -> int:
    """Add what one Pixels element says. Returns the directory index behind it."""
    size = _ome_pixel_size(pixels)  # images of one file may differ in it
    channels = [e for e in pixels if _local(e) == "Channel"]
    samples = _integer(channels[0].get("SamplesPerPixel")) if channels else 1
    lengths = {axis: _integer(pixels.get(f"Size{axis}")) for axis in "CZT"}
    lengths["C"] = max(1, lengths["C"] // samples)
    scene = len(facts.scenes)
    facts.scenes.append((image_name, tuple(e.get("Name", "") for e in channels)))
    order = [axis for axis in pixels.get("DimensionOrder", "XYCZT") if axis in "CZT"]
    sizes = [(axis, lengths[axis]) for axis in order]
    total = min(math.prod(lengths.values()), 10**6)
    blocks = [e for e in pixels if _local(e) == "TiffData" and _is_here(e, uuid)]
    spans = []
    for block in blocks:
        firsts = {axis: _integer(block.get(f"First{axis}"), default=0) for axis in "CZT"}
        start, step = 0, 1
        for axis, length in sizes:
            start += firsts[axis] * step
            step *= length
        alone = total if len(blocks) == 1 and block.get("IFD") is None else 1
        count = _integer(block.get("PlaneCount"), default=alone)
        first = ifd if block.get("IFD") is None else _integer(block.get("IFD"), default=0)
        spans.append((first, start, min(count, total)))
    bits = _integer(pixels.get("SignificantBits"), default=0)
    for first, start, count in spans or [(ifd, 0, total)]:
        for i in range(count):
            facts.names[first + i] = _joined(image_name, _ome_name(start + i, sizes, channels))
            axes = _place(start + i, sizes)
            facts.places[first + i] = PlaneAt(scene, axes["C"], axes["Z"], axes["T"])
            facts.pixel_sizes_um[first + i] = size
            if bits:
                facts.significant_bits[first + i] = bits
    return ifd + total


def _ome_name(plane: int, sizes: list[tuple[str, int]], channels: list[Any]) -> str:
    parts = []
    for axis, length in sizes:
        plane, place = divmod(plane, length)
        named = channels[place].get("Name") if axis == "C" and place < len(channels) else None
        if named or length > 1:
            parts.append(named or f"{axis}{place + 1}")
    return " ".join(parts)


def _is_here(block: Any, uuid: str | None) -> bool:
    """Whether a TiffData element speaks of this file and not of another one of the same set."""
    links = [e.text.strip() for e in block if _local(e) == "UUID" and e.text]
    return not links or uuid is None or uuid in links


def _ome_pixel_size(pixels: Any) -> float | None:
    sizes = []
    for axis in "XY":
        factor = _MICROMETRES.get(pixels.get(f"PhysicalSize{axis}Unit", "µm").lower())
        size = _real(pixels.get(f"PhysicalSize{axis}"))
        sizes.append(size * factor if size is not None and factor is not None else None)
    return _square(sizes[0], sizes[1])


def pixel_size_um(tif: Any, page: Any) -> float | None:
    """Edge of a pixel in micrometres from ImageJ's calibration, vendors' metadata or the resolution tags.

    None where nothing is said, where pixels are not square, and where the density is one of those that
    programs write when they know nothing (72, 96, 150 or 300 dpi).
    """
    vendor = _vendor_pixel_size(tif)
    if vendor is not None:
        return vendor
    x, y = _density(page, 282), _density(page, 283)
    if x is None or y is None:
        return None
    if tif.is_imagej:
        unit = str((tif.imagej_metadata or {}).get("unit", "")).strip().lower()
        factor = _MICROMETRES.get(unit)
        if factor is not None:
            return _square(factor / x, factor / y)
    factor = {2: 25400.0, 3: 1e4}.get(_tag_number(page, 296, default=2))
    if factor is None or any(math.isclose(x * 25400.0 / factor, dpi, rel_tol=0.01) for dpi in _DEFAULT_DPI):
        return None
    return _square(factor / x, factor / y)


def _vendor_pixel_size(tif: Any) -> float | None:
    """Pixel size of slide scanners of Aperio and of electron microscopes, which leave the tags empty."""
    if tif.is_svs:
        found = re.search(r"\|\s*MPP\s*=\s*([0-9.eE+-]+)", tif.pages[0].description)
        return _real(found[1]) if found else None
    if tif.is_fei:
        scan = (tif.fei_metadata or {}).get("Scan", {})
        sizes = [
            _real(scan.get(key)) if isinstance(scan, dict) else None for key in ("PixelWidth", "PixelHeight")
        ]
        return _square(*(size * 1e6 if size is not None else None for size in sizes))
    if tif.is_sem:
        entry = (tif.sem_metadata or {}).get("ap_image_pixel_size") or (tif.sem_metadata or {}).get(
            "ap_pixel_size"
        )
        if isinstance(entry, tuple) and len(entry) >= 3:
            size, factor = _real(entry[1]), _MICROMETRES.get(str(entry[2]).strip().lower())
            return _square(size * factor, size * factor) if size is not None and factor is not None else None
    return None


def _density(page: Any, tag: int) -> float | None:
    value = page.tags.valueof(tag)
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, int) for v in value) and value[1]:
        return _real(value[0] / value[1])
    return None


def _square(x: float | None, y: float | None) -> float | None:
    if x is None:
        return None
    if y is not None and not math.isclose(x, y, rel_tol=0.001):
        return None
    return x


def _real(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _integer(text: Any, *, default: int = 1) -> int:
    """A number of XML; the default where it is absent, no number, or below what a default allows."""
    try:
        return max(min(default, 1), int(text)) if text is not None else default
    except ValueError:
        return default


def _tag_number(page: Any, tag: int, *, default: int) -> int:
    value = page.tags.valueof(tag)
    return int(value) if isinstance(value, int) else default


def _tag_text(page: Any, tag: int) -> str:
    value = page.tags.valueof(tag)
    return value.strip() if isinstance(value, str) else ""


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _local(element: Any) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def open_tiff(stream: BinaryIO) -> Any:
    """A tifffile.TiffFile that never opens the other files of a multi-file OME set."""
    stream.seek(0)
    return tifffile.TiffFile(stream, _multifile=False)
