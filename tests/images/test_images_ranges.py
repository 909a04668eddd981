"""How stored values become levels and what the network sees."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_samples import (
    GRAY8,
    GRAY16,
    PLAIN,
    RGB8,
    RGB16,
    RNG,
    TWELVE,
    check_types,
    encoded,
    plain_levels,
    read,
    saved,
    with_chunk,
)
from numpy.typing import NDArray

from samhq.errors import ImageReadError, SettingsError
from samhq.images import image_from_array, read_image
from samhq.settings import ImageSettings


@pytest.mark.parametrize("source", ["MaxSampleValue", "SMaxSampleValue", "OME", "sBIT", "array"])
def test_twelve_bits_are_honoured_where_stated(tmp_path: Path, source: str) -> None:
    path = tmp_path / "a.tif"
    if source == "array":
        image = image_from_array(TWELVE, PLAIN, bits=12)
    elif source == "sBIT":
        image = read(with_chunk(encoded(TWELVE), b"sBIT", b"\x0c"))
    elif source == "OME":
        image = read(saved(path, TWELVE, ome=True, metadata={"axes": "YX", "SignificantBits": 12}))
    else:
        code = 281 if source == "MaxSampleValue" else 341
        image = read(saved(path, TWELVE, extratags=[(code, "H", 1, 4095, True)]))
    assert np.array_equal(image.level, plain_levels(TWELVE, 0, 4095))
    assert (image.scale.kind, image.scale.white, image.bits) == ("bits", 4095, 12)
    assert "12 significant bits stated by the file" in image.notes


def test_unstated_twelve_bits_keep_the_range_of_the_type(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", TWELVE, extratags=[(281, "H", 1, int(TWELVE.max()) - 7, True)])
    image = read(path)
    assert np.array_equal(image.level, TWELVE)
    assert image.scale.kind == "dtype"


def test_stated_bits_that_the_values_contradict_are_not_believed(tmp_path: Path) -> None:
    image = read(saved(tmp_path / "a.tif", GRAY16, extratags=[(281, "H", 1, 4095, True)]))
    assert np.array_equal(image.level, GRAY16)
    assert any("not believed" in note for note in image.notes)


def test_sbit_of_a_png_that_follows_the_standard_changes_nothing() -> None:
    spread = (TWELVE << 4) | (TWELVE >> 8)
    image = read(with_chunk(encoded(spread), b"sBIT", b"\x0c"))
    assert np.array_equal(image.level, spread)


def test_packed_bits_use_their_own_range(tmp_path: Path) -> None:
    for bits in (10, 12, 14):
        stored = RNG.integers(0, 2**bits, (8, 16), dtype=np.uint16)
        path = _packed_tiff(tmp_path / f"{bits}.tif", stored, bits)
        image = read(path)
        assert np.array_equal(image.level, plain_levels(stored, 0, 2**bits - 1))
        assert (image.bits, image.scale.kind) == (bits, "bits")


def _packed_tiff(path: Path, stored: NDArray[Any], bits: int) -> Path:
    digits = "".join("".join(f"{v:0{bits}b}" for v in row) for row in stored)
    data = int(digits, 2).to_bytes(len(digits) // 8, "big")
    height, width = stored.shape
    entries = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 3, 1, height),
        (279, 4, 1, len(data)),
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + directory + bytes(4))
    return path


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64"])
def test_fixed_range_maps_every_type(tmp_path: Path, dtype: str) -> None:
    values = RNG.integers(0, 250, (11, 13)).astype(dtype)
    path = saved(tmp_path / "a.tif", values)
    image = read(path, intensity_range="fixed", black_point=20.5, white_point=200)
    assert np.array_equal(image.level, plain_levels(values, 20.5, 200))
    assert (image.scale.kind, image.scale.black, image.scale.white) == ("fixed", 20.5, 200)
    assert image.dtype == dtype


def test_fixed_range_of_16_bit_colour_scales_the_unrounded_luma() -> None:
    image = image_from_array(
        RGB16, ImageSettings(intensity_range="fixed", black_point=1000, white_point=50000)
    )
    r, g, b = (RGB16[..., i].astype(np.float64) for i in range(3))
    assert np.array_equal(image.level, plain_levels(0.299 * r + 0.587 * g + 0.114 * b, 1000, 50000))


def test_fixed_full_range_equals_the_range_of_the_type() -> None:
    for array, top in ((GRAY8, 255), (RGB8, 255), (GRAY16, 65535), (RGB16, 65535)):
        fixed = image_from_array(
            array, ImageSettings(intensity_range="fixed", black_point=0, white_point=top)
        )
        assert np.array_equal(fixed.level, image_from_array(array, PLAIN).level)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint32", "int64", "uint64"])
def test_types_without_a_natural_range_ask_for_one(tmp_path: Path, dtype: str) -> None:
    values = np.arange(60).reshape(6, 10).astype(dtype)
    with pytest.raises(
        ImageReadError, match=rf"a\.tif: {dtype} values from 0 to 59 have no natural.*--black-point"
    ):
        read(saved(tmp_path / "a.tif", values))


def test_floats_from_0_to_1_are_levels(tmp_path: Path) -> None:
    for dtype in (np.float16, np.float32, np.float64):
        values = RNG.random((11, 13)).astype(dtype)
        values[0, :2] = 0, 1
        image = read(saved(tmp_path / "a.tif", values))
        assert np.array_equal(image.level, plain_levels(values, 0, 1))
    barely = np.array([[0, 1 + 5e-7], [-5e-7, 0.5]])
    assert image_from_array(barely, PLAIN).level.tolist() == [[0, 65535], [0, 32768]]


def test_floats_outside_0_to_1_name_their_range_and_the_remedy(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", np.array([[-3.5, 0.2], [0.4, 812]], np.float32))
    with pytest.raises(ImageReadError, match=r"float32 values from -3\.5 to 812 .*--intensity-range fixed"):
        read(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_counted(tmp_path: Path, bad: float) -> None:
    values = np.zeros((10, 10), np.float32)
    values[0, :3] = bad
    with pytest.raises(ImageReadError, match="3 of 100 values are NaN or infinite"):
        read(saved(tmp_path / "a.tif", values), intensity_range="fixed", black_point=0, white_point=1)


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageReadError, match="complex64"):
        read(saved(tmp_path / "a.tif", np.zeros((4, 4), np.complex64)))


def test_percentile_range_needs_the_frozen_numbers() -> None:
    settings = ImageSettings(intensity_range="percentile")
    with pytest.raises(SettingsError, match="percentile_scale"):
        read_image(encoded(GRAY8), settings)
    image = read_image(encoded(GRAY16), settings, frozen_scale=(100.0, 30000.0))
    assert np.array_equal(image.level, plain_levels(GRAY16, 100, 30000))
    assert image.scale.kind == "percentile"


def test_deep_images_are_stretched_for_the_network_only() -> None:
    dim = (GRAY16 // 64 + 500).astype(np.uint16)
    low, high = np.percentile(dim, (0.1, 99.9))
    expected = np.rint(np.clip((dim - low) / (high - low), 0, 1) * 255)
    auto, plain = image_from_array(dim, PLAIN), image_from_array(dim, ImageSettings(stretch="none"))
    assert np.array_equal(auto.rgb[..., 0], expected)
    assert np.array_equal(plain.rgb[..., 0], np.rint(dim / 65535 * 255))
    assert np.array_equal(auto.level, plain.level)


def test_stretch_percentile_reaches_8_bits_too() -> None:
    dim = (GRAY8 // 4).astype(np.uint8)
    assert image_from_array(dim, PLAIN).rgb.max() == dim.max()
    assert image_from_array(dim, ImageSettings(stretch="percentile")).rgb.max() == 255


@pytest.mark.parametrize("value", [0, 7, 255])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("stretch", ["auto", "none", "percentile"])
def test_flat_images_do_not_divide_by_zero(value: int, dtype: str, stretch: Any) -> None:
    flat = np.full((4, 5), value / 255 if dtype == "float32" else value, dtype)
    image = image_from_array(flat, ImageSettings(stretch=stretch))
    assert len(np.unique(image.rgb)) == 1
    assert len(np.unique(image.level)) == 1


def test_sparse_images_keep_their_spots() -> None:
    sparse = np.full((100, 100), 500, np.uint16)
    sparse[5, 5] = 20000
    image = image_from_array(sparse, PLAIN)
    assert image.rgb[5, 5, 0] == 255
    assert image.rgb[0, 0, 0] == 0


def test_arrays_are_neither_kept_nor_changed() -> None:
    array = RGB8.copy()
    image = image_from_array(array, PLAIN)
    image.rgb[:] = 0
    assert np.array_equal(array, RGB8)
    strided = image_from_array(RGB8[::2, ::-1], PLAIN)
    check_types(strided)
    assert np.array_equal(strided.rgb, RGB8[::2, ::-1])
    swapped = image_from_array(GRAY16.astype(">u2"), PLAIN)
    assert np.array_equal(swapped.level, GRAY16)


def test_arrays_of_bools_and_one_channel() -> None:
    mask = GRAY8 > 100
    assert np.array_equal(image_from_array(mask, PLAIN).level, mask * np.uint16(65535))
    assert np.array_equal(image_from_array(GRAY8[..., None], PLAIN).level, GRAY8.astype(int) * 257)
    assert np.array_equal(image_from_array(np.dstack([RGB8, GRAY8 | 255]), PLAIN).rgb, RGB8)


@pytest.mark.parametrize("shape", [(4,), (4, 5, 2), (4, 5, 3, 1), (0, 5)])
def test_arrays_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageReadError, match="array: "):
        image_from_array(np.zeros(shape, np.uint8), PLAIN)


def test_text_is_no_picture() -> None:
    with pytest.raises(ImageReadError):
        image_from_array([["a", "b"], ["c", "d"]], PLAIN)
