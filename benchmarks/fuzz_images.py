"""Read thousands of damaged image files, and see that none crashes or hangs the reader.

    python benchmarks/fuzz_images.py [--count 2000] [--seed 0] [--limit 20] [--keep FOLDER]

Small files of every supported format and layout are made, then cut, flipped, zeroed, edited in the header,
stretched, mixed and renamed. Each is read in another process, with warnings as errors. The table counts what
was read, what was refused with a reason, and what crashed, hung or raised anything but ImageReadError; the exit
status is 1 if there was any of the latter. The same seed makes the same files.
"""

from __future__ import annotations

import argparse
import collections
import io
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from PIL import Image as PilImage

from samhq.errors import ImageReadError
from samhq.images import pages_of, read_image
from samhq.settings import ImageSettings

RNG = np.random.Generator
OUTCOMES = ("read", "refused", "raised", "crashed", "hung")


def seeds() -> dict[str, bytes]:
    """Whole files of every format, mode and layout, by a telling name with the right suffix."""
    rng = np.random.default_rng(1)
    rgb = cv2.GaussianBlur(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8), (0, 0), 2)
    gray, deep = rgb[..., 0].copy(), rgb[..., 1].astype(np.uint16) * 200
    found = {f"{name}.png": bytes(cv2.imencode(".png", a)[1]) for name, a in (
        ("gray8", gray), ("rgb8", rgb), ("gray16", deep), ("rgb16", np.dstack([deep] * 3)))}  # fmt: skip
    picture = PilImage.fromarray(rgb)
    exif = PilImage.Exif()
    exif[0x0112] = 6
    found |= {
        "palette.png": _pil(picture.quantize(30), "PNG", transparency=3),
        "bit.png": _pil(PilImage.fromarray(gray > 120), "PNG"),
        "alpha.png": _pil(PilImage.fromarray(np.dstack([rgb, gray])), "PNG", exif=exif),
        "gray.jpg": _pil(PilImage.fromarray(gray), "JPEG"),
        "rgb.jpg": _pil(picture, "JPEG", exif=exif, quality=90),
        "progressive.jpeg": _pil(picture, "JPEG", progressive=True, icc_profile=b"profile" * 40),
        "cmyk.jpg": _pil(picture.convert("CMYK"), "JPEG"),
        "palette.tif": _pil(picture.quantize(30), "TIFF"),
        "cmyk.tif": _pil(picture.convert("CMYK"), "TIFF"),
        "fax3.tif": _pil(PilImage.fromarray(gray > 120), "TIFF", compression="group3"),
        "fax4.tif": _pil(PilImage.fromarray(gray > 120), "TIFF", compression="group4"),
        "rle.tif": _pil(PilImage.fromarray(gray > 120), "TIFF", compression="tiff_ccitt"),
    }
    stack = np.stack([deep, deep // 2, deep // 3])
    for name, array, options in (
        ("plain", gray, {}),
        ("strips", deep, {"rowsperstrip": 7, "photometric": "miniswhite"}),
        ("lzw", rgb, {"compression": "lzw", "predictor": 2}),
        ("zlib", deep, {"compression": "zlib", "tile": (16, 16)}),
        ("zstd", deep, {"compression": "zstd"}),
        ("packbits", gray, {"compression": "packbits"}),
        ("jpeg", rgb, {"compression": "jpeg"}),
        ("jpeg-tiles", rgb, {"compression": "jpeg", "tile": (32, 32)}),
        ("lzma", gray, {"compression": "lzma"}),
        ("jpeg2000", gray, {"compression": "jpeg2000"}),
        ("webp", rgb, {"compression": "webp"}),
        ("png", gray, {"compression": "png"}),
        ("float", (deep / 65535).astype(np.float32), {"compression": "zlib", "predictor": 3}),
        ("big", deep, {"bigtiff": True, "byteorder": ">"}),
        ("planar", np.moveaxis(rgb, 2, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        ("alpha", np.dstack([rgb, gray]), {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
        ("stack", stack, {"photometric": "minisblack"}),
        ("imagej", stack, {"imagej": True, "resolution": (3, 3), "metadata": {"unit": "um", "axes": "ZYX"}}),
        ("imagej-one", stack, {"imagej": True, "metadata": {"axes": "ZYX"}, "truncate": True}),
        ("ome", stack, {"ome": True, "metadata": {"axes": "CYX", "SignificantBits": 14}}),
        ("volume", stack, {"volumetric": True, "tile": (1, 16, 16), "photometric": "minisblack"}),
        ("bool", gray > 99, {}),
    ):  # fmt: skip
        stream = io.BytesIO()
        tifffile.imwrite(stream, array, **_photometric(array, options))
        found[f"{name}.tif"] = stream.getvalue()
    found["pyramid.tif"] = _pyramid(gray)
    return found


def _pyramid(gray: Any) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(gray, subifds=1, metadata=None)
        writer.write(gray[::2, ::2], subfiletype=1, metadata=None)
        writer.write(gray[::4, ::4], subfiletype=1, metadata=None)
    return stream.getvalue()


def _photometric(array: Any, options: dict[str, Any]) -> dict[str, Any]:
    own = "rgb" if array.ndim == 3 and array.shape[-1] in (3, 4) else "minisblack"
    return {"photometric": own, **options}


def _pil(picture: PilImage.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def cut(data: bytearray, rng: RNG) -> None:
    del data[int(rng.integers(1, len(data))) :]


def flip_bits(data: bytearray, rng: RNG) -> None:
    for at in rng.integers(0, len(data), int(rng.integers(1, 30))):
        data[at] ^= 1 << int(rng.integers(8))


def flip_one_bit(data: bytearray, rng: RNG) -> None:
    data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))


def zero_run(data: bytearray, rng: RNG) -> None:
    start = int(rng.integers(len(data)))
    length = int(rng.integers(1, 400))
    data[start : start + length] = bytes(len(data[start : start + length]))


def edit_header(data: bytearray, rng: RNG) -> None:
    """Plausible and absurd numbers where the sizes, counts and offsets stand; PNG checksums are put right."""
    for _ in range(int(rng.integers(1, 6))):
        width = int(rng.choice([1, 2, 4]))
        at = int(rng.integers(4, min(len(data) - width, 400)))
        value = int(rng.choice([0, 1, 2, 3, 7, 255, 256, 4095, 65535, 2**20, 2**31 - 1, 2**31, 2**32 - 1]))
        data[at : at + width] = (value % 256**width).to_bytes(width, str(rng.choice(["little", "big"])))
    _mend_png(data)


def edit_tags(data: bytearray, rng: RNG) -> None:
    """Numbers in the directory of a TIFF, wherever it stands; other formats get a changed header."""
    order = {b"II": "little", b"MM": "big"}.get(bytes(data[:2]))
    if order is None:
        return edit_header(data, rng)
    start = int.from_bytes(data[4:8], order)
    for _ in range(int(rng.integers(1, 5))):
        at = start + 2 + 12 * int(rng.integers(0, 16)) + int(rng.choice([0, 2, 4, 8]))
        if at + 4 <= len(data):
            value = int(
                rng.choice([0, 1, 2, 3, 5, 8, 12, 16, 32, 64, 1000, 65535, 10**6, 2**31 - 1, 2**32 - 1])
            )
            width = int(rng.choice([2, 4]))
            data[at : at + width] = (value % 256**width).to_bytes(width, order)
    return None


def insert(data: bytearray, rng: RNG) -> None:
    at = int(rng.integers(len(data)))
    data[at:at] = rng.bytes(int(rng.integers(1, 200)))


def remove(data: bytearray, rng: RNG) -> None:
    at = int(rng.integers(len(data)))
    del data[at : at + int(rng.integers(1, 200))]


def mix(data: bytearray, rng: RNG) -> None:
    """A piece of the file copied over another place of it."""
    length = int(rng.integers(1, max(2, len(data) // 4)))
    source, target = (int(n) for n in rng.integers(0, max(1, len(data) - length), 2))
    data[target : target + length] = data[source : source + length]


def break_inside_png(data: bytearray, rng: RNG) -> None:
    """Damage behind a valid checksum, which reaches the decoder itself."""
    flip_bits(data, rng)
    _mend_png(data)


def rename_only(data: bytearray, rng: RNG) -> None:
    """The content stays whole; the name gets the wrong suffix."""


DAMAGE = (
    cut, flip_bits, flip_one_bit, zero_run, edit_header, edit_tags, edit_tags, insert, remove, mix, break_inside_png,
    rename_only,
)  # fmt: skip


def _mend_png(data: bytearray) -> None:
    import zlib

    if data[:4] != b"\x89PNG":
        return
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return
        data[end - 4 : end] = zlib.crc32(data[at + 4 : end - 4]).to_bytes(4, "big")
        at = end


@dataclass(frozen=True, slots=True)
class Case:
    """One damaged file."""

    name: str
    seed: str
    damage: str
    data: bytes


def case(number: int, *, seed: int, originals: dict[str, bytes]) -> Case:
    """The damaged file of a number; the same for the same seed."""
    rng = np.random.default_rng([seed, number])
    origin = sorted(originals)[number % len(originals)]
    damage = DAMAGE[int(rng.integers(len(DAMAGE)))]
    data = bytearray(originals[origin])
    damage(data, rng)
    suffix = Path(origin).suffix
    if damage is rename_only or rng.random() < 0.1:
        suffix = str(rng.choice([".png", ".jpg", ".tif"]))
    return Case(
        f"{number:05d}-{Path(origin).stem}-{damage.__name__}{suffix}", origin, damage.__name__, bytes(data)
    )


def serve(pipe: Connection) -> None:
    """Read the files whose paths arrive until None arrives; answer with outcome and reason."""
    warnings.simplefilter("error")
    cv2.setNumThreads(1)
    # libjpeg and libpng write complaints straight to the console.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    while (path := pipe.recv()) is not None:
        pipe.send(_attempt(Path(path)))


def _attempt(path: Path) -> tuple[str, str]:
    try:
        pages = pages_of(path)
        for page in {1, pages}:
            image = read_image(path, ImageSettings(), page=page)
            if image.level.shape != image.rgb.shape[:2]:
                return "raised", "level and rgb differ in shape"
    except ImageReadError as error:
        text = str(error)
        return ("refused", text) if text.startswith(f"{path.name}: ") else ("raised", f"unnamed: {text}")
    except BaseException as error:
        return "raised", f"{type(error).__name__}: {error}"
    return "read", ""


class Reader:
    """A process that reads files and is replaced when it dies or takes too long."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def read(self, path: Path) -> tuple[str, str]:
        """Outcome and reason."""
        self._pipe.send(str(path))
        try:
            if self._pipe.poll(self._limit_s):
                return self._pipe.recv()
            outcome = "hung", f"longer than {self._limit_s:g} s"
        except EOFError:
            self._process.join(5)
            outcome = "crashed", f"exit code {self._process.exitcode}"
        self._process.kill()
        self._start()
        return outcome

    def close(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join(10)


def main() -> int:
    """Run the fuzz and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=20, help="seconds for one file")
    parser.add_argument("--keep", type=Path, help="folder for the files that crashed, hung or raised")
    options = parser.parse_args()
    originals = seeds()
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    reasons: collections.Counter[str] = collections.Counter()
    bad: list[str] = []
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(options.limit)
        _check_originals(reader, originals, Path(folder))
        for number in range(options.count):
            one = case(number, seed=options.seed, originals=originals)
            path = Path(folder) / one.name
            path.write_bytes(one.data)
            began = time.perf_counter()
            outcome, reason = reader.read(path)
            slowest = max(slowest, (time.perf_counter() - began, one.name))
            counts[one.damage][outcome] += 1
            if outcome == "refused":
                reasons[_short(reason)] += 1
            elif outcome != "read":
                bad.append(f"{outcome:8} {one.name}: {reason}")
                if options.keep is not None:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / one.name).write_bytes(one.data)
            path.unlink()
        reader.close()
    _report(counts, reasons, bad)
    print(f"\n{options.count} files of {len(originals)} originals, seed {options.seed}")
    print(f"slowest: {slowest[0]:.2f} s, {slowest[1]}")
    return 1 if bad else 0


def _check_originals(reader: Reader, originals: dict[str, bytes], folder: Path) -> None:
    for name, data in originals.items():
        (folder / name).write_bytes(data)
        outcome, reason = reader.read(folder / name)
        if outcome != "read":
            sys.exit(f"the undamaged {name} is not read: {outcome} {reason}")


def _short(reason: str) -> str:
    words = reason.split(": ", 1)[1]
    text = "".join("#" if c.isdigit() else c for c in words)
    while "##" in text or "#,#" in text:
        text = text.replace("##", "#").replace("#,#", "#")
    return text[:110]


def _report(
    counts: dict[str, collections.Counter[str]], reasons: collections.Counter[str], bad: list[str]
) -> None:
    print(f"{'damage':18}" + "".join(f"{name:>9}" for name in OUTCOMES))
    total: collections.Counter[str] = collections.Counter()
    for damage in sorted(counts):
        print(f"{damage:18}" + "".join(f"{counts[damage][name]:9}" for name in OUTCOMES))
        total += counts[damage]
    print(f"{'all':18}" + "".join(f"{total[name]:9}" for name in OUTCOMES))
    print("\nreasons, the most frequent first")
    for reason, number in reasons.most_common(40):
        print(f"{number:6}  {reason}")
    for line in bad:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
