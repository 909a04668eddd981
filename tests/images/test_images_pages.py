"""Pages of TIFFs, their names and pixel sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from image_samples import GRAY8, RGB16, RNG, STACK, encoded, luma16, read, saved

from samhq.errors import ImageReadError
from samhq.images import pages_of, read_image
from samhq.settings import ImageSettings


def test_several_pages_must_be_chosen(tmp_path: Path) -> None:
    path = saved(tmp_path / "cells.tif", STACK, photometric="minisblack")
    assert pages_of(path) == 3
    with pytest.raises(ImageReadError) as caught:
        read(path)
    assert str(caught.value) == "cells.tif: 3 pages; choose one with --page N or --page all"
    with pytest.raises(ImageReadError, match=r"cells\.tif: has 3 pages, so there is no page 4"):
        read(path, page=4)
    for page in (1, 2, 3):
        for image in (read(path, page=page), read_image(path, ImageSettings(page=page))):
            assert np.array_equal(image.level, STACK[page - 1].astype(int) * 257)
            assert (image.page, image.pages) == (page, 3)


def test_page_2_of_a_png_does_not_exist() -> None:
    with pytest.raises(ImageReadError, match="has 1 page, so there is no page 2"):
        read(encoded(GRAY8), page=2)


def test_changed_file_gets_a_new_list_of_pages(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", STACK, photometric="minisblack")
    assert pages_of(path) == 3
    saved(path, STACK[:2], photometric="minisblack")
    assert pages_of(path) == 2


def test_pages_of_different_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(GRAY8, photometric="minisblack", extratags=[(285, "s", 0, "overview", True)])
        writer.write(RGB16, photometric="rgb", planarconfig="contig")
    assert pages_of(path) == 2
    assert read(path, page=1).page_name == "overview"
    assert np.array_equal(read(path, page=2).level, luma16(RGB16))


def test_imagej_hyperstack_planes_are_pages_with_names(tmp_path: Path) -> None:
    stack = RNG.integers(0, 65536, (2, 3, 20, 30), dtype=np.uint16)
    path = saved(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    assert pages_of(path) == 6
    image = read(path, page=4)
    assert image.page_name == "s1c1z2t1"
    assert np.array_equal(image.level, stack[1, 0])


def test_imagej_stack_behind_one_directory(tmp_path: Path) -> None:
    stack = RNG.integers(0, 65536, (4, 20, 30), dtype=np.uint16)
    path = saved(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZYX"}, truncate=True)
    with tifffile.TiffFile(path) as tif:
        assert len(tif.pages) == 1
    assert pages_of(path) == 4
    for page in (1, 4):
        assert np.array_equal(read(path, page=page).level, stack[page - 1])
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(ImageReadError, match="ends in the middle"):
        read(path, page=1)


def test_ome_planes_have_channel_names_and_pixel_size(tmp_path: Path) -> None:
    stack = RNG.integers(0, 65536, (2, 3, 20, 30), dtype=np.uint16)
    facts = {
        "axes": "CZYX",
        "PhysicalSizeX": 65.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 65.0,
        "PhysicalSizeYUnit": "nm",
        "Channel": {"Name": ["DAPI", "GFP"]},
    }
    path = saved(tmp_path / "a.ome.tif", stack, metadata=facts, photometric="minisblack")
    assert pages_of(path) == 6
    image = read(path, page=5)
    assert image.page_name == "s1c2z2t1 GFP"
    assert image.pixel_size_um == pytest.approx(0.065)
    assert np.array_equal(image.level, stack[1, 1])


def ome_of_a_set(own: int) -> str:
    """What each of two files says of both: an image with one slice in the first, one with two slices in the other."""
    parts = []
    for n, slices in enumerate((1, 2)):
        places = [
            f'<TiffData FirstC="{i % 2}" FirstZ="{i // 2}" IFD="{i}" PlaneCount="1"><UUID>urn:{n}</UUID></TiffData>'
            for i in range(2 * slices)
        ]
        channels = "".join(f'<Channel ID="Channel:{n}:{c}" Name="{c}{n}"/>' for c in "AB")
        parts.append(
            f'<Image ID="Image:{n}" Name="place {n}"><Pixels ID="Pixels:{n}" DimensionOrder="XYCZT" Type="uint8" '
            f'SizeX="8" SizeY="8" SizeC="2" SizeZ="{slices}" SizeT="1" PhysicalSizeX="{n + 1}" '
            f'PhysicalSizeY="{n + 1}">{channels}{"".join(places)}</Pixels></Image>'
        )
    space = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    return f'<?xml version="1.0"?><OME xmlns="{space}" UUID="urn:{own}">{"".join(parts)}</OME>'


def test_a_file_of_an_ome_set_holds_its_own_images_alone(tmp_path: Path) -> None:
    for own, names in enumerate((["A0", "B0"], ["A1", "B1", "A1", "B1"])):
        path = tmp_path / f"{own}.ome.tif"
        with tifffile.TiffWriter(path) as writer:
            for i in range(len(names)):
                text = ome_of_a_set(own) if i == 0 else None
                writer.write(np.full((8, 8), 10 * i, np.uint8), description=text, metadata=None)
        images = [read_image(path, ImageSettings(), page=page) for page in range(1, len(names) + 1)]
        assert [image.page_name for image in images] == [
            f"s1c{i % 2 + 1}z{i // 2 + 1}t1 place {own} {name}" for i, name in enumerate(names)
        ]
        assert {image.pixel_size_um for image in images} == {own + 1}
    chosen = read_image(tmp_path / "1.ome.tif", ImageSettings(channel_measured="A1", z_slice=1))
    assert (chosen.page, int(chosen.level.max())) == (1, 0)


def test_pyramid_levels_and_thumbnails_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    big = RNG.integers(0, 256, (64, 64), dtype=np.uint8)
    with tifffile.TiffWriter(path) as writer:
        writer.write(big, subifds=2, photometric="minisblack", metadata=None)
        writer.write(big[::2, ::2], subfiletype=1, photometric="minisblack", metadata=None)
        writer.write(big[::4, ::4], subfiletype=1, photometric="minisblack", metadata=None)
        writer.write(big[::8, ::8], subfiletype=1, photometric="minisblack", metadata=None)
        writer.write(big > 9, subfiletype=4, photometric="minisblack", metadata=None)
    assert pages_of(path) == 1
    assert np.array_equal(read(path).level, big.astype(int) * 257)


def test_channels_inside_one_page_are_pages(tmp_path: Path) -> None:
    stored = RNG.integers(0, 256, (20, 30, 5), dtype=np.uint8)
    path = saved(tmp_path / "a.tif", stored, photometric="minisblack", planarconfig="contig")
    assert pages_of(path) == 5
    image = read(path, page=2)
    assert np.array_equal(image.level, stored[..., 1].astype(int) * 257)
    assert image.page_name == "C2"


def test_pixel_size_counts_only_where_stated_in_earnest(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    for density, unit, expected in (
        ((72, 72), "inch", None),
        ((96, 96), "inch", None),
        ((300, 300), "inch", None),
        ((28.35, 28.35), "centimeter", None),
        ((50000, 50000), "centimeter", 0.2),
        ((254000, 254000), "inch", 0.1),
        ((50000, 25000), "centimeter", None),
        ((5, 5), "none", None),
    ):
        image = read(saved(path, GRAY8, resolution=density, resolutionunit=unit, metadata=None))
        assert image.pixel_size_um == (None if expected is None else pytest.approx(expected, rel=1e-4)), (
            density
        )


@pytest.mark.parametrize(
    ("unit", "expected"), [("um", 0.25), ("micron", 0.25), ("nm", 0.00025), ("pixel", None)]
)
def test_imagej_calibration(tmp_path: Path, unit: str, expected: float | None) -> None:
    path = saved(tmp_path / "a.tif", GRAY8, imagej=True, resolution=(4.0, 4.0), metadata={"unit": unit})
    assert read(path).pixel_size_um == (None if expected is None else pytest.approx(expected))
