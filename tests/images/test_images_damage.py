"""What is no image, what is damaged, and what cannot be reached."""

from __future__ import annotations

import hashlib
import importlib.util
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from image_samples import (
    GRAY8,
    GRAY16,
    PLAIN,
    RGB8,
    SMOOTH8,
    STACK,
    TWELVE,
    encoded,
    pil_bytes,
    plain_levels,
    png_chunk,
    png_of_samples,
    read,
    saved,
)
from numpy.typing import NDArray
from PIL import Image as PilImage

from samhq.errors import ImageReadError
from samhq.images import file_sha256, pages_of, read_image


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", GRAY16)
    image = read(path)
    assert np.array_equal(image.level, GRAY16)
    assert image.notes == ("is a TIFF although its name ends in .png",)
    other = tmp_path / "b.TIF"
    other.write_bytes(encoded(SMOOTH8, ".jpg"))
    assert read(other).notes == ("is a JPEG although its name ends in .TIF",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (bytes(5000), "holds only zero bytes"),
        (b"\xef\xbb\xbf <!DOCTYPE html><html></html>", "is an HTML page"),
        (b"<?xml version='1.0'?><a/>", "is an XML or SVG text"),
        ("Zeit;Größe\n1;2\n".encode() * 50, "is a text file"),
        (b"GIF89a" + bytes(20), "is a GIF picture; save it as PNG"),
        (b"PK\x03\x04" + bytes(20), "is a ZIP archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (b"\x93\x81\x11\xfe" * 99, "is not a PNG, JPEG or TIFF"),
    ],
)
def test_what_is_no_image_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(data)
    for call in (lambda: read(path), lambda: pages_of(path)):
        with pytest.raises(ImageReadError) as caught:
            call()
        assert str(caught.value).startswith("a.png: ")
        assert words in str(caught.value)


SEEDS = {
    "png": encoded(RGB8),
    "jpg": encoded(SMOOTH8, ".jpg"),
    "progressive": pil_bytes(PilImage.fromarray(SMOOTH8), "JPEG", progressive=True),
}


@pytest.mark.parametrize("seed", sorted(SEEDS))
def test_every_truncation_is_an_error(seed: str) -> None:
    data = SEEDS[seed]
    for length in {
        *range(20, len(data), max(1, len(data) // 40)),
        len(data) - 1,
        len(data) - 2,
        len(data) - 13,
    }:
        with pytest.raises(ImageReadError):
            read(data[:length])


@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}, {"compression": "zlib", "tile": (16, 16)}])
def test_truncated_tiffs_are_errors_or_whole(tmp_path: Path, options: dict[str, Any]) -> None:
    data = saved(tmp_path / "a.tif", STACK, photometric="minisblack", metadata=None, **options).read_bytes()
    for length in range(4, len(data) - 4, max(1, len(data) // 40)):
        try:
            levels = [read(data[:length], page=page).level for page in (1, 2, 3)]
        except ImageReadError:
            continue
        # Only the resolution, which stands behind the last pixels, may be missing.
        assert length > len(data) - 40
        assert np.array_equal(levels, STACK.astype(int) * 257)


def test_unwritten_strips_are_an_error_not_black(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", GRAY8, rowsperstrip=10, compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as tif:
        tag = tif.pages[0].tags["StripByteCounts"]
        tag.overwrite((*tag.value[:-1], 0))
    with pytest.raises(ImageReadError, match="1 of 4 strips or tiles are empty"):
        read(path)


def test_wrong_checksum_is_an_error() -> None:
    data = bytearray(encoded(RGB8))
    data[200] ^= 4
    with pytest.raises(ImageReadError, match="wrong checksum"):
        read(bytes(data))


def test_damaged_text_in_a_png_does_not_matter() -> None:
    chunk = bytearray(png_chunk(b"tEXt", b"Comment\x00hello"))
    chunk[-1] ^= 1
    data = encoded(RGB8)
    image = read(data[:33] + bytes(chunk) + data[33:])
    assert np.array_equal(image.rgb, RGB8)
    assert image.notes == ("metadata chunk tEXt is damaged and was ignored",)


def test_png_with_too_few_pixels_inside_is_an_error() -> None:
    full = png_of_samples(GRAY8[..., None])
    taller = full[:16] + struct.pack(">II", 53, 80) + full[24:29]
    data = full[:8] + png_chunk(b"IHDR", taller[16:29]) + full[33:]
    with pytest.raises(ImageReadError, match="damaged"):
        read(data)


def test_huge_claims_are_refused_before_decoding(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 2**30, 2**30, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IEND", b"")
    with pytest.raises(ImageReadError, match="claims 1,073,741,824 x 1,073,741,824 pixels"):
        read(data)
    path = saved(tmp_path / "a.tif", GRAY8, metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as tif:
        tif.pages[0].tags["ImageWidth"].overwrite(2**31, dtype="I")
    with pytest.raises(ImageReadError, match="claims 2,147,483,648 x 37 pixels"):
        read(path)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (20000, 1)])
@pytest.mark.parametrize("kind", [".png", ".jpg", ".tif"])
def test_thin_images(tmp_path: Path, shape: tuple[int, int], kind: str) -> None:
    array = np.full(shape, 77, np.uint8)
    path = tmp_path / f"a{kind}"
    if kind == ".tif":
        saved(path, array)
    else:
        path.write_bytes(encoded(array, kind))
    image = read(path)
    assert image.level.shape == shape
    assert (image.level == 77 * 257).all()


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(ImageReadError, match=r"gone\.png: there is no such file"):
        read(tmp_path / "gone.png")
    with pytest.raises(ImageReadError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(ImageReadError, match="is a folder"):
        file_sha256(tmp_path)
    with pytest.raises(TypeError):
        read_image("a.png", PLAIN)  # type: ignore[arg-type]


def test_a_file_held_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Permissions do not stop root, so the refusal of the system itself is imitated.
    path = tmp_path / "a.png"
    path.write_bytes(encoded(GRAY8))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageReadError, match=r"a\.png: access is denied"):
        read(path)


def test_names_beyond_ascii(tmp_path: Path) -> None:
    path = tmp_path / "Größe 粒子.tif"
    saved(path, GRAY8)
    assert read(path).level[0, 0] == int(GRAY8[0, 0]) * 257


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc" * 100_000)
    assert file_sha256(path) == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_twelve_bit_jpeg_keeps_its_bits() -> None:
    smooth = cv2.GaussianBlur(TWELVE, (0, 0), 3)
    image = read(imagecodecs.jpeg8_encode(smooth, bitspersample=12, level=100))
    assert (image.dtype, image.bits, image.scale.white) == ("uint16", 12, 4095)
    assert np.abs(image.level.astype(int) - plain_levels(smooth, 0, 4095)).max() <= 40


def test_slices_of_a_volume_are_pages(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", STACK, volumetric=True, tile=(1, 16, 16), photometric="minisblack")
    assert pages_of(path) == 3
    image = read(path, page=3)
    assert image.page_name == "Z3"
    assert np.array_equal(image.level, STACK[2].astype(int) * 257)


def test_single_page_with_the_description_of_its_stack_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(GRAY8, description="ImageJ=1.54f\nimages=4\nslices=4\n", metadata=None)
    assert pages_of(path) == 1
    assert np.array_equal(read(path).level, GRAY8.astype(int) * 257)


def test_tiff_reader_complaints_become_notes_and_leave_the_console_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path / "a.tif", GRAY8, metadata=None, extratags=[(42113, "s", 0, "no number", True)])
    with caplog.at_level("WARNING"):
        image = read(path)
    assert any(note.startswith("TIFF reader: ") and "GDAL_NODATA" in note for note in image.notes)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_a_decoder_running_out_of_memory_is_an_image_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cv2, "imdecode", fail)
    with pytest.raises(ImageReadError, match=r"a\.png: is too large for the free memory"):
        read(encoded_gray(), name="a.png")


def encoded_gray() -> bytes:
    return png_of_samples(GRAY8[..., None])


def test_threads_read_side_by_side(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", STACK, photometric="minisblack", compression="zlib")

    def levels(page: int) -> NDArray[Any]:
        return read(path, page=page % 3 + 1).level

    with ThreadPoolExecutor(4) as pool:
        for page, level in enumerate(pool.map(levels, range(60))):
            assert np.array_equal(level, STACK[page % 3].astype(int) * 257)


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    fuzz = _fuzz_module()
    originals = fuzz.seeds()
    refused: dict[str, str] = {}
    for number in range(200):
        one = fuzz.case(number, seed=99, originals=originals)
        path = tmp_path / one.name
        path.write_bytes(one.data)
        try:
            for page in {1, pages_of(path)}:
                read(path, page=page)
        except ImageReadError as error:
            refused[one.name] = str(error)
    assert 50 < len(refused) < 150
    assert all(reason.startswith(f"{name}: ") for name, reason in refused.items())


def _fuzz_module() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz_images.py"
    spec = importlib.util.spec_from_file_location("fuzz_images", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look themselves up by module name.
    sys.modules["fuzz_images"] = module
    spec.loader.exec_module(module)
    return module
