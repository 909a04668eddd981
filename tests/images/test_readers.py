"""Microscopy files: what is in them, which planes are read, and that the numbers are those that were written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from image_samples import GRAY8, plain_levels, saved
from reader_samples import APERIO, CHANNELS, PLANES, RNG, written_czi, written_ome, written_pyramid

from samhq.errors import ImageReadError
from samhq.images import PlaneAt, file_planes, open_reader, pages_chosen, pages_of, read_image
from samhq.images.readers import planes_of
from samhq.images.readers.czi_structure import check_czi
from samhq.settings import ImageSettings

needs_czi = pytest.mark.skipif(sys.version_info >= (3, 14), reason="pylibCZIrw has no wheels for Python 3.14")


@needs_czi
def test_every_plane_of_a_czi_is_the_one_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.czi"
    values = written_czi(path, scenes=2)
    assert pages_of(path) == 24
    found = file_planes(path)
    assert found.channels == (tuple(CHANNELS),) * 2
    for page, at in enumerate(found.places, start=1):
        image = read_image(path, ImageSettings(page=page))
        assert np.array_equal(image.level, values[at.scene, at.t, at.z, at.channel]), at
        assert image.page_name.split(" ")[0] == at.tag
        assert image.pixel_size_um == pytest.approx(0.25)
        assert (image.dtype, image.bits, image.mode) == ("uint16", 16, "gray")


@needs_czi
@pytest.mark.parametrize("compression", ["zstd0:", "zstd1:"])
def test_compressed_czi(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "a.czi"
    values = written_czi(path, compression_options=compression)
    image = read_image(path, ImageSettings(channel_measured="gfp", z_slice=2, time_point=1))
    assert np.array_equal(image.level, values[0, 0, 1, 1])


@needs_czi
def test_colours_of_a_czi_are_in_the_order_of_a_png(tmp_path: Path) -> None:
    from pylibCZIrw import czi

    rgb = RNG.integers(0, 256, (30, 44, 3), dtype=np.uint8)
    path = tmp_path / "a.czi"
    with czi.create_czi(str(path)) as file:
        file.write(np.ascontiguousarray(rgb[..., ::-1]), plane={"T": 0, "Z": 0, "C": 0})
    assert np.array_equal(read_image(path, ImageSettings()).rgb, rgb)


@needs_czi
def test_gaps_between_the_tiles_of_a_czi_are_told(tmp_path: Path) -> None:
    from pylibCZIrw import czi

    path = tmp_path / "a.czi"
    with czi.create_czi(str(path)) as file:
        for place in ((0, 0), (60, 20)):
            file.write(GRAY8[..., None], location=place, plane={"T": 0, "Z": 0, "C": 0}, scene=0)
    image = read_image(path, ImageSettings())
    assert (image.width, image.height) == (113, 57)
    assert any("lies between its tiles and was taken for black" in note for note in image.notes)
    assert np.array_equal(image.level[20:, 60:], GRAY8.astype(int) * 257)


@needs_czi
def test_a_plane_that_one_scene_lacks_is_no_black_picture(tmp_path: Path) -> None:
    from pylibCZIrw import czi

    path = tmp_path / "a.czi"
    with czi.create_czi(str(path)) as file:
        for scene, z in ((0, 0), (0, 1), (1, 0)):
            place = (scene * 100, 0)
            file.write(GRAY8[..., None], location=place, plane={"T": 0, "Z": z, "C": 0}, scene=scene)
    assert np.array_equal(read_image(path, ImageSettings(scene=2, z_slice=1)).level, GRAY8.astype(int) * 257)
    with pytest.raises(ImageReadError, match="no pixels are stored for plane s2c1z2t1"):
        read_image(path, ImageSettings(scene=2, z_slice=2))


@needs_czi
def test_smaller_levels_of_a_czi_do_not_pass_for_planes(tmp_path: Path) -> None:
    from pylibCZIrw import czi

    path = tmp_path / "a.czi"
    with czi.create_czi(str(path)) as file:
        for z in range(2):
            file.write(GRAY8[..., None], plane={"T": 0, "Z": z, "C": 0})
    data = bytearray(path.read_bytes())
    assert check_czi(path, len(data), 0) == (2, False)
    first = (
        int.from_bytes(data[84:92], "little") + 32 + 128 + 32
    )  # the axes of the first entry of the directory
    place = data.index(b"X\x00\x00\x00", first)
    data[place + 16 : place + 20] = (GRAY8.shape[1] // 2).to_bytes(4, "little")
    path.write_bytes(data)
    assert check_czi(path, len(data), 1) == (1, False)


@needs_czi
def test_regions_and_levels_of_a_czi(tmp_path: Path) -> None:
    from pylibCZIrw import czi

    path = tmp_path / "a.czi"
    big = RNG.integers(0, 65536, (401, 623), dtype=np.uint16)
    with czi.create_czi(str(path)) as file:
        file.write(big[..., None], plane={"T": 0, "Z": 0, "C": 0})
    with open_reader(path, "czi") as reader:
        (scene,) = reader.scenes
        assert scene.levels == ((623, 401), (311, 200), (155, 100))
        assert np.array_equal(reader.read(PlaneAt(), region=(17, 5, 333, 290)), big[5:290, 17:333])
        for level, (width, height) in enumerate(scene.levels):
            assert reader.read(PlaneAt(), level=level).shape == (height, width)
        for wrong in ({"region": (0, 0, 624, 10)}, {"level": 3}, {"region": (5, 5, 5, 9)}):
            with pytest.raises(ImageReadError, match=r"a\.czi"):
                reader.read(PlaneAt(), **wrong)
        with pytest.raises(ImageReadError, match="there is no plane s1c2z1t1"):
            reader.read(PlaneAt(channel=1))


def test_planes_are_chosen_by_name_number_and_all(tmp_path: Path) -> None:
    path = written_ome(tmp_path / "a.ome.tif")
    places = file_planes(path).places
    for at in places:
        image = read_image(
            path,
            ImageSettings(
                channel_measured=CHANNELS[at.channel].lower(), z_slice=at.z + 1, time_point=at.t + 1
            ),
        )
        assert np.array_equal(image.level, PLANES[at.t, at.z, at.channel])
        assert image.page_name == f"{at.tag} {CHANNELS[at.channel]}"
        assert PlaneAt.from_page_name(image.page_name) == at
    one = ImageSettings(channel_measured="2", z_slice="all", time_point=2, scene=1)
    assert [places[p - 1] for p in pages_chosen(path, one)] == [PlaneAt(0, 1, z, 1) for z in range(3)]
    every = ImageSettings(channel_measured="all", z_slice="all", time_point="all")
    assert pages_chosen(path, every) == tuple(range(1, 13)) == pages_chosen(path, ImageSettings(page="all"))


def test_another_channel_may_be_shown_than_is_measured(tmp_path: Path) -> None:
    path = written_ome(tmp_path / "a.ome.tif")
    chosen = {"z_slice": 2, "time_point": 1}
    plain = read_image(path, ImageSettings(channel_measured="GFP", **chosen))
    mixed = read_image(path, ImageSettings(channel_measured="GFP", channel_shown="1", **chosen))
    other = read_image(path, ImageSettings(channel_measured="DAPI", **chosen))
    assert np.array_equal(mixed.level, plain.level)
    assert np.array_equal(mixed.rgb, other.rgb)
    assert not np.array_equal(mixed.rgb, plain.rgb)
    assert "the network saw s1c1z2t1 DAPI" in mixed.notes


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {},
            "a.ome.tif: 2 channels (DAPI, GFP), 3 z slices, 2 time points; choose with --channel-measured N and "
            "--z-slice N and --time-point N, or all in place of N",
        ),
        (
            {"channel_measured": "Cy5", "z_slice": 1, "time_point": 1},
            "a.ome.tif: has no channel Cy5; it has DAPI, GFP",
        ),
        (
            {"channel_measured": "1", "z_slice": 4, "time_point": 1},
            "a.ome.tif: has 3 z slices, so there is no z slice 4; choose another for --z-slice",
        ),
        ({"scene": 2}, "a.ome.tif: has 1 scene, so there is no scene 2; choose another for --scene"),
        ({"page": 13}, "a.ome.tif: has 12 pages, so there is no page 13; choose a page that exists"),
        (
            {"channel_measured": "1", "channel_shown": "3", "z_slice": 1, "time_point": 1},
            "a.ome.tif: has no channel 3; it has DAPI, GFP",
        ),
        (
            {"channel_measured": "all", "z_slice": 1, "time_point": 1},
            "a.ome.tif: 2 of its planes are chosen; choose one, with a number in place of all",
        ),
    ],
)
def test_wrong_and_missing_choices_are_told(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    path = written_ome(tmp_path / "a.ome.tif")
    with pytest.raises(ImageReadError) as caught:
        read_image(path, ImageSettings(**settings))
    assert str(caught.value) == message


def test_a_plain_picture_has_one_channel_and_one_slice(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", GRAY8)
    chosen = ImageSettings(channel_measured="1", channel_shown="1", z_slice="all", time_point=1, scene=1)
    assert np.array_equal(read_image(path, chosen).level, read_image(path, ImageSettings()).level)
    for wrong, told in (
        ({"channel_measured": "DAPI"}, "has no channel DAPI; it has 1"),
        ({"z_slice": 2}, "has 1 z slice, so there is no z slice 2"),
    ):
        with pytest.raises(ImageReadError, match=told):
            read_image(path, ImageSettings(**wrong))


def test_pages_without_places_are_chosen_by_page(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", np.stack([GRAY8, GRAY8]), photometric="minisblack")
    with pytest.raises(ImageReadError, match="does not say which of its 2 pages is which channel"):
        read_image(path, ImageSettings(channel_measured="1"))


def test_imagej_hyperstack_places(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.tif",
        PLANES,
        imagej=True,
        resolution=(4.0, 4.0),
        metadata={"axes": "TZCYX", "unit": "um"},
    )
    for at in file_planes(path).places:
        image = read_image(
            path, ImageSettings(channel_measured=str(at.channel + 1), z_slice=at.z + 1, time_point=at.t + 1)
        )
        assert np.array_equal(image.level, PLANES[at.t, at.z, at.channel])
        assert image.pixel_size_um == pytest.approx(0.25)


def test_ome_images_are_scenes(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for name, part in (("left", PLANES[0, :, 0]), ("right", PLANES[1, :, 0, :20])):
            writer.write(part, photometric="minisblack", metadata={"axes": "ZYX", "Name": name})
    assert file_planes(path).scenes == ("left", "right")
    image = read_image(path, ImageSettings(scene=2, z_slice=3))
    assert np.array_equal(image.level, PLANES[1, 2, 0, :20])


def test_ome_images_keep_their_own_pixel_sizes(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for edge in (0.5, 2.0, None):
            size = {} if edge is None else {"PhysicalSizeX": edge, "PhysicalSizeY": edge}
            writer.write(PLANES[0, :2, 0], photometric="minisblack", metadata={"axes": "ZYX", **size})
    sizes = [read_image(path, ImageSettings(), page=page).pixel_size_um for page in range(1, 7)]
    assert sizes == [0.5, 0.5, 2, 2, None, None]
    with open_reader(path, "tiff") as reader:
        assert [scene.pixel_size_um for scene in reader.scenes] == [0.5, 2, None]


@pytest.mark.parametrize(
    "names", [["DAPI", "GFP"], ["0", "1"], ["2", "1"], ["2", "#1"], ["GFP", "GFP"], ["1", "1"], ["", "1"]]
)
def test_every_channel_can_be_named_and_none_is_taken_for_another(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "a.ome.tif"
    facts = {"axes": "CYX", "Channel": {"Name": names}}
    tifffile.imwrite(path, PLANES[0, 0], photometric="minisblack", metadata=facts)
    planes = file_planes(path)
    for channel in range(2):
        text = planes.channel_text(0, channel)
        level = read_image(path, ImageSettings(channel_measured=text)).level
        assert np.array_equal(level, PLANES[0, 0, channel])
    if names == ["GFP", "GFP"]:
        with pytest.raises(ImageReadError, match="several channels are called gfp; give a number, 1 to 2"):
            read_image(path, ImageSettings(channel_measured="gfp"))


def test_aperio_slides_are_read_at_full_resolution_with_their_pixel_size(tmp_path: Path) -> None:
    base = RNG.integers(0, 256, (173, 211, 3), dtype=np.uint8)
    path = tmp_path / "a.svs"
    levels = written_pyramid(path, base, description=APERIO)
    image = read_image(path, ImageSettings())
    assert (image.pages, image.pixel_size_um) == (1, 0.499)
    assert np.array_equal(image.rgb, base)
    with open_reader(path, "tiff") as reader:
        (scene,) = reader.scenes
        assert scene.levels == ((211, 173), (105, 86), (52, 43))
        for number, level in enumerate(levels):
            assert np.array_equal(reader.read(PlaneAt(), level=number), level)
            box = (3, 2, level.shape[1] - 1, level.shape[0] - 3)
            assert np.array_equal(reader.read(PlaneAt(), level=number, region=box), level[2:-3, 3:-1])


@pytest.mark.parametrize(
    "options",
    [
        {"tile": (32, 16), "compression": "zlib"},
        {"rowsperstrip": 7, "compression": "lzw", "predictor": True},
        {"compression": "zstd"},
        {},
    ],
)
def test_regions_of_a_tiff_are_parts_of_the_whole(tmp_path: Path, options: dict[str, object]) -> None:
    path = written_ome(tmp_path / "a.ome.tif", **options)
    with open_reader(path, "tiff") as reader:
        (scene,) = reader.scenes
        assert (scene.channels, scene.z, scene.t, scene.pixel_size_um) == (tuple(CHANNELS), 3, 2, 0.25)
        for at in planes_of(reader.scenes):
            whole = PLANES[at.t, at.z, at.channel]
            assert np.array_equal(reader.read(at), whole)
            assert np.array_equal(reader.read(at, region=(9, 4, 50, 33)), whole[4:33, 9:50])


def test_regions_of_separate_colours_and_of_stacks_behind_one_directory(tmp_path: Path) -> None:
    rgb = RNG.integers(0, 256, (61, 45, 3), dtype=np.uint8)
    path = saved(
        tmp_path / "a.tif", np.moveaxis(rgb, 2, 0), photometric="rgb", planarconfig="separate", rowsperstrip=9
    )
    with open_reader(path, "tiff") as reader:
        assert np.array_equal(reader.read(PlaneAt(), region=(5, 11, 40, 60)), rgb[11:60, 5:40])
    stack = saved(tmp_path / "b.tif", PLANES[0, :, 0], imagej=True, metadata={"axes": "ZYX"}, truncate=True)
    with open_reader(stack, "tiff") as reader:
        assert np.array_equal(reader.read(PlaneAt(z=2), region=(5, 11, 40, 30)), PLANES[0, 2, 0, 11:30, 5:40])


def test_a_missing_reader_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library, module, start, name in (
        ("pylibCZIrw", "zeiss", b"ZISRAWFILE", "a.czi"),
        ("nd2", "nikon", b"\xda\xce\xbe\x0a", "a.nd2"),
        ("liffile", "leica", b"\x70\x00\x00\x00", "a.lif"),
    ):
        monkeypatch.setitem(sys.modules, library, None)
        monkeypatch.delitem(sys.modules, f"samhq.images.readers.{module}", raising=False)
        path = tmp_path / name
        path.write_bytes(start.ljust(600, b"\x01"))
        with pytest.raises(
            ImageReadError, match=rf'{name}: .* the package {library}.*pip install "samhq\[microscopy\]"'
        ):
            read_image(path, ImageSettings())


@needs_czi
@pytest.mark.parametrize("value", [b"M", b"B", b"?", b"\x00"])
def test_a_czi_with_a_damaged_directory_is_refused_before_it_can_crash_its_reader(
    tmp_path: Path, value: bytes
) -> None:
    path = tmp_path / "a.czi"
    written_czi(path)
    data = bytearray(path.read_bytes())
    directory = int.from_bytes(data[84:92], "little")
    for axis in (b"X\x00\x00\x00", b"Y\x00\x00\x00"):
        place = data.index(axis, directory)
        path.write_bytes(data[:place] + value + data[place + 1 :])
        with pytest.raises(ImageReadError, match=r"a\.czi: is damaged: its list of pictures makes no sense"):
            read_image(path, ImageSettings(page=1))


@needs_czi
def test_a_czi_that_claims_absurd_pixels_or_planes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.czi"
    written_czi(path)
    data = path.read_bytes()
    block = data.index(b"ZISRAWSUBBLOCK")
    directory = int.from_bytes(data[84:92], "little")
    channel = data.index(b"C\x00\x00\x00", directory)
    for place, value, told in (
        (block + 32 + 12, b"k", "its list of pictures makes no sense"),  # its pixels: many GiB
        (channel + 7, b"w", "planes; it is damaged"),  # its channel: two thousand million
    ):
        path.write_bytes(data[:place] + value + data[place + 1 :])
        with pytest.raises(ImageReadError, match=told):
            read_image(path, ImageSettings(page=1))


@needs_czi
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_czi_is_refused(tmp_path: Path, part: float) -> None:
    path = tmp_path / "a.czi"
    written_czi(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(ImageReadError, match=r"a\.czi: .*copy it again"):
        read_image(path, ImageSettings(page=1))


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9])
def test_a_truncated_slide_is_refused_or_right(tmp_path: Path, part: float) -> None:
    base = RNG.integers(0, 256, (173, 211, 3), dtype=np.uint8)
    path = tmp_path / "a.svs"
    written_pyramid(path, base, description=APERIO)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(ImageReadError, match=r"a\.svs: .*copy it again"):
        read_image(path, ImageSettings())


@pytest.mark.parametrize(
    ("start", "name"),
    [(b"\xda\xce\xbe\x0a", "a.nd2"), (b"\x70\x00\x00\x00", "a.lif"), (b"ZISRAWFILE", "a.czi")],
)
def test_a_beginning_alone_is_no_file(tmp_path: Path, start: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(start)
    with pytest.raises(ImageReadError, match=name):
        read_image(path, ImageSettings())
    path.write_bytes(start + bytes(2000))
    with pytest.raises(ImageReadError, match=name):
        read_image(path, ImageSettings())


@needs_czi
def test_twelve_of_sixteen_bits_are_believed_where_the_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.czi"
    written_czi(path)
    assert read_image(path, ImageSettings(page=1)).scale.white == 65535
    fixed = ImageSettings(page=1, intensity_range="fixed", black_point=0, white_point=4095)
    assert np.array_equal(read_image(path, fixed).level, plain_levels(PLANES[0, 0, 0], 0, 4095))


def test_reading_a_png_loads_no_reader() -> None:
    code = (
        "import cv2, numpy, sys; from samhq.images import read_image; from samhq.settings import ImageSettings\n"
        "read_image(bytes(cv2.imencode('.png', numpy.zeros((9, 9), 'u1'))[1]), ImageSettings())\n"
        "print([n for n in ('nd2', 'liffile', 'pylibCZIrw', 'dask', 'ome_types') if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("imagej", [False, True])
def test_planes_of_a_tiff_are_those_that_pillow_reads(tmp_path: Path, imagej: bool) -> None:
    from PIL import Image

    path = tmp_path / "a.tif"
    if imagej:
        saved(path, PLANES, imagej=True, metadata={"axes": "TZCYX"})
    else:
        path = written_ome(tmp_path / "a.ome.tif", tile=(32, 16), compression="zlib")
    with Image.open(path) as other:
        assert getattr(other, "n_frames", 1) == 12
        for page in range(1, 13):
            other.seek(page - 1)
            assert np.array_equal(read_image(path, ImageSettings(page=page)).level, np.asarray(other))
