"""Every format and mode against a plain computation."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from image_samples import (
    GRAY8,
    GRAY16,
    PLAIN,
    RGB8,
    RGB16,
    RNG,
    SMOOTH8,
    check_types,
    encoded,
    luma8,
    luma16,
    pil_bytes,
    png_chunk,
    png_of_samples,
    read,
    saved,
    with_chunk,
)
from numpy.typing import NDArray
from PIL import Image as PilImage

from samhq.images import image_from_array, pages_of


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("array", [GRAY8, RGB8, GRAY16, RGB16], ids=["gray8", "rgb8", "gray16", "rgb16"])
def test_levels_of_plain_files(tmp_path: Path, kind: str, array: NDArray[Any]) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "png":
        path.write_bytes(encoded(array))
    else:
        saved(path, array, photometric="rgb" if array.ndim == 3 else "minisblack")
    image = read(path)
    check_types(image)
    if array.dtype == np.uint8:
        gray = array if array.ndim == 2 else luma8(array)
        assert np.array_equal(image.level, gray.astype(np.uint16) * 257)
        assert np.array_equal(image.rgb, array if array.ndim == 3 else np.dstack([array] * 3))
        assert image.scale.white == 255
    else:
        assert np.array_equal(image.level, array if array.ndim == 2 else luma16(array))
        assert image.scale.white == 65535
    assert (image.mode, image.dtype) == ("rgb" if array.ndim == 3 else "gray", array.dtype.name)
    assert (image.bits, image.page, image.pages) == (8 * array.dtype.itemsize, 1, 1)
    assert (image.scale.kind, image.scale.black) == ("dtype", 0)
    assert image.notes == ()


def test_jpeg_gray_stays_gray_and_colour_is_rgb() -> None:
    gray = read(pil_bytes(PilImage.fromarray(SMOOTH8[..., 0]), "JPEG", quality=95))
    assert gray.mode == "gray"
    data = pil_bytes(PilImage.fromarray(SMOOTH8), "JPEG", quality=95, progressive=True)
    colour = read(data)
    assert colour.mode == "rgb"
    assert np.abs(colour.rgb.astype(int) - SMOOTH8).max() < 25
    assert np.array_equal(colour.level, luma8(colour.rgb).astype(np.uint16) * 257)


@pytest.mark.parametrize("array", [GRAY8, RGB8, GRAY16, RGB16], ids=["gray8", "rgb8", "gray16", "rgb16"])
@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzw", "predictor": 2},
        {"compression": "zlib"},
        {"compression": "zstd", "tile": (16, 32)},
        {"compression": "packbits", "rowsperstrip": 5},
        {"bigtiff": True, "byteorder": ">"},
        {"byteorder": "<", "tile": (16, 16)},
        {"planarconfig": "separate", "compression": "lzw"},
    ],
    ids=lambda o: "-".join(f"{k}={v}" for k, v in o.items()),
)
def test_tiff_layouts_hold_the_same_picture(
    tmp_path: Path, array: NDArray[Any], options: dict[str, Any]
) -> None:
    colour = array.ndim == 3
    if "planarconfig" in options and not colour:
        pytest.skip("planar order needs colour")
    stored = np.moveaxis(array, 2, 0) if "planarconfig" in options else array
    path = saved(tmp_path / "a.tif", stored, photometric="rgb" if colour else "minisblack", **options)
    assert pages_of(path) == 1
    assert np.array_equal(read(path).level, image_from_array(array, PLAIN).level)


def test_jpeg_in_tiff_is_rgb(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", SMOOTH8, photometric="rgb", compression="jpeg")
    with tifffile.TiffFile(path) as tif:
        assert tif.pages[0].photometric == tifffile.PHOTOMETRIC.YCBCR
    image = read(path)
    assert np.abs(image.rgb.astype(int) - SMOOTH8).max() < 40
    assert np.abs(image.level.astype(int) // 257 - luma8(SMOOTH8)).mean() < 3


def test_uncompressed_ycbcr_tiff_is_converted(tmp_path: Path) -> None:
    ycc = np.array(PilImage.fromarray(SMOOTH8).convert("YCbCr"))
    image = read(saved(tmp_path / "a.tif", ycc, photometric="ycbcr", subsampling=(1, 1)))
    assert image.mode == "ycbcr"
    expected = np.array(PilImage.fromarray(ycc, "YCbCr").convert("RGB"))
    assert np.abs(image.rgb.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "packbits"])
def test_one_bit_fax_tiff(tmp_path: Path, compression: str) -> None:
    bits = GRAY8 > 128
    path = tmp_path / "a.tif"
    PilImage.fromarray(bits).save(path, compression=compression)
    image = read(path)
    assert (image.dtype, image.bits) == ("bool", 1)
    assert np.array_equal(image.level, bits.astype(np.uint16) * 65535)
    assert np.array_equal(image.rgb[..., 1], bits * np.uint8(255))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_palette_becomes_its_colours(tmp_path: Path, kind: str) -> None:
    picture = PilImage.fromarray(SMOOTH8).quantize(40)
    image = read(pil_bytes(picture, kind))
    assert image.mode == "palette"
    assert np.array_equal(image.rgb, np.array(picture.convert("RGB")))
    assert np.array_equal(image.level, luma8(image.rgb).astype(np.uint16) * 257)


def test_transparent_palette_is_put_on_white() -> None:
    picture = PilImage.fromarray(SMOOTH8).quantize(16)
    image = read(pil_bytes(picture, "PNG", transparency=3))
    clear = np.array(picture) == 3
    assert clear.any()
    assert (image.level[clear] == 65535).all()
    assert "alpha composited on white" in image.notes


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_alpha_is_put_on_white_exactly(kind: str) -> None:
    rgba = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    image = read(pil_bytes(PilImage.fromarray(rgba), kind))
    alpha = rgba[..., 3:].astype(float) / 255
    expected = np.floor(rgba[..., :3] * alpha + 255 * (1 - alpha) + 0.5)
    assert np.abs(image.rgb - expected).max() == 0
    assert image.mode == "rgb+alpha"
    assert image.notes == ("alpha composited on white",)


def test_opaque_alpha_changes_nothing_and_is_not_noted() -> None:
    opaque = np.dstack([RGB8, np.full(RGB8.shape[:2], 255, np.uint8)])
    image = read(pil_bytes(PilImage.fromarray(opaque), "PNG"))
    assert np.array_equal(image.rgb, RGB8)
    assert image.notes == ()


def test_premultiplied_alpha_is_not_multiplied_twice(tmp_path: Path) -> None:
    alpha = np.full(GRAY8.shape, 128, np.uint8)
    color = (RGB8.astype(float) * 128 / 255).astype(np.uint8)
    stored = np.dstack([color, alpha])
    path = saved(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=["assocalpha"])
    assert np.array_equal(read(path).rgb, np.clip(color.astype(int) + 127, 0, 255))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_with_alpha(tmp_path: Path, dtype: type) -> None:
    top = np.iinfo(dtype).max
    stored = RNG.integers(0, top + 1, (9, 11, 2), dtype=dtype)
    stored[0, :, 1], stored[1, :, 1] = top, 0
    for data in (
        saved(tmp_path / "a.tif", stored, photometric="minisblack", extrasamples=["unassalpha"]),
        png_of_samples(stored),
    ):
        image = read(data)
        assert image.mode == "gray+alpha"
        assert np.array_equal(image.level[0], stored[0, :, 0].astype(int) * (65535 // top))
        assert (image.level[1] == 65535).all()


def test_png_colour_key_is_transparent_at_16_bits() -> None:
    key = RGB16[3, 4]
    data = with_chunk(encoded(RGB16), b"tRNS", struct.pack(">HHH", *key))
    image = read(data)
    assert image.level[3, 4] == 65535
    assert image.level[3, 5] == luma16(RGB16)[3, 5]
    gray = read(with_chunk(encoded(GRAY8), b"tRNS", struct.pack(">H", GRAY8[0, 0])))
    assert (gray.level[GRAY8[0, 0] == GRAY8] == 65535).all()


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_png_of_few_bits(bits: int) -> None:
    stored = RNG.integers(0, 2**bits, (5, 16), dtype=np.uint8)
    raw = b""
    for row in stored:
        packed = np.packbits(np.unpackbits(row[:, None], axis=1)[:, 8 - bits :].reshape(-1))
        raw += b"\x00" + packed.tobytes()
    header = struct.pack(">IIBBBBB", 16, 5, bits, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(raw)) + png_chunk(b"IEND", b"")
    image = read(b"\x89PNG\r\n\x1a\n" + chunks)
    assert np.array_equal(image.level, stored.astype(int) * (65535 // (2**bits - 1)))
    assert np.array_equal(image.rgb[..., 0], stored * (255 // (2**bits - 1)))
    assert image.bits == bits
    assert image.dtype == ("bool" if bits == 1 else "uint8")


def test_cmyk_jpeg_and_tiff_are_converted(tmp_path: Path) -> None:
    inks = np.dstack([SMOOTH8, SMOOTH8[..., :1] // 3])
    picture = PilImage.frombytes("CMYK", (160, 120), inks.tobytes())
    expected = np.array(picture.convert("RGB")).astype(int)
    tiff = read(pil_bytes(picture, "TIFF"))
    assert np.abs(tiff.rgb - expected).max() <= 1
    jpeg_data = pil_bytes(picture, "JPEG", quality=95)
    decoded = np.array(PilImage.open(io.BytesIO(jpeg_data)).convert("RGB")).astype(int)
    jpeg = read(jpeg_data)
    assert np.abs(jpeg.rgb - decoded).max() <= 2
    for image in (tiff, jpeg):
        assert image.mode == "cmyk"
        assert any("CMYK converted" in note for note in image.notes)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_orientation_is_applied_once(kind: str, orientation: int) -> None:
    block = np.kron(RNG.integers(0, 256, (3, 5), dtype=np.uint8), np.ones((16, 16), np.uint8))
    exif = PilImage.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif, "quality": 100} if kind == "JPEG" else {"exif": exif}
    if kind == "TIFF":
        options = {"tiffinfo": {274: orientation}}
    data = pil_bytes(PilImage.fromarray(block), kind, **options)
    # Source of the expectation: the table of the EXIF standard, written as numpy turns.
    turned = {
        1: block,
        2: np.fliplr(block),
        3: np.rot90(block, 2),
        4: np.flipud(block),
        5: block.T,
        6: np.rot90(block, -1),
        7: np.rot90(block, 2).T,
        8: np.rot90(block, 1),
    }[orientation]
    image = read(data)
    check_types(image)
    assert image.level.shape == turned.shape
    assert np.abs(image.level.astype(int) // 257 - turned).max() <= 2
    assert (f"EXIF orientation {orientation} applied" in image.notes) == (orientation != 1)


def test_foreign_colour_profile_is_noted() -> None:
    data = pil_bytes(PilImage.fromarray(SMOOTH8), "JPEG", icc_profile=b"Adobe RGB (1998)" * 20)
    assert any("colour profile ignored" in note for note in read(data).notes)
    same = pil_bytes(PilImage.fromarray(SMOOTH8), "PNG", icc_profile=b"a profile for sRGB" * 20)
    assert read(same).notes == ()


@pytest.mark.parametrize("array", [GRAY8, GRAY16, GRAY8 > 99], ids=["8", "16", "1"])
def test_min_is_white_is_inverted(tmp_path: Path, array: NDArray[Any]) -> None:
    image = read(saved(tmp_path / "a.tif", array, photometric="miniswhite"))
    top = {"uint8": 255, "uint16": 65535, "bool": 1}[array.dtype.name]
    assert np.array_equal(image.level, (top - array.astype(int)) * (65535 // top))
    assert (image.scale.black, image.scale.white) == (top, 0)
    assert any("MinIsWhite" in note for note in image.notes)
