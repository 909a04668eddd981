"""Real files of microscopes: every plane equals what an independent reader gave.

The files lie in the folder "formats" of the shared data; where each is from, and its licence, stands there. The hashes
are those of the planes as czifile 2019.7.2.3, readlif 0.6.6, nd2reader 3.3.1 and OpenSlide 4.0.1 read them (mosaics:
aicspylibczi 4.0.1; the compressed CZI: the planes of the uncompressed one): SHA-256 over the SHA-256 of each plane in
the order of the pages.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from samhq.errors import ImageReadError
from samhq.images import file_planes, open_reader, read_image
from samhq.images.readers import planes_of
from samhq.settings import ImageSettings

# planes, hash, µm
SAMPLES = {
    "Al2O3_SE_020_sp.czi": (1, "2b7c4d8a6c25e5f6a5387b64b22e6bfcb9018632f41c74c284dedaf964fd58f6", 0.02791),
    "CellDivision_T3_Z5_CH2_X240_Y170.czi": (
        30,
        "186c06ae35236cf76ed6a6fe8d440220677829a406262d9e9e77bd7cedf2ec48",
        0.0905766741522,
    ),
    "CellDivision_comp1.czi": (30, "186c06ae35236cf76ed6a6fe8d440220677829a406262d9e9e77bd7cedf2ec48", None),
    "DAPI_GFP.czi": (2, "8cb1ddf7053a7974a37e17a5713e3b8bcadfe4567afdf020ed27ebe0b5772c86", None),
    "RGB-8bit.czi": (1, "d7661bf0a34ef45f78e9b335afd1b7e18e8fd3a4636151f8782a03fac667bd98", 1.08333333333),
    "RGB-multichannel.czi": (
        7,
        "73c08b4af9276a779073c735a8a980dd85015c21f2665124f941444ed3f039a5",
        2.9584899957,
    ),
    "S3_1Pos_2Mosaic_T1_Z1_CH1.czi": (
        3,
        "5baff7589edc0b521c59a6e7d06e7d0d9de031875c00c1ebecfd74d1b7faa46b",
        1.6,
    ),
    "cluster.nd2": (60, "cb44ea766c12ba4252f91bf1583ac1e44a49b1bbc0266b354f203e72b9e17b34", 0.167808983233),
    "wavelength-sweep.lif": (
        255,
        "fb8340873cb12834ccf3964746b1e253349be0545541125f552a40afe5787443",
        0.104814428571,
    ),
    "xz-example.lif": (
        88,
        "4590317d57c8a7d3f9a487ab5a694cd4b6fc902401f36c2c5f7e68379c3cad24",
        0.140279842520,
    ),
    "small.svs": (1, "debb4b542862d546eabdc9c27762ada56df125827bc6ebac9c2a17b57da4a283", 0.499),
}
NAMES = [
    name
    if not name.endswith(".czi")
    else pytest.param(
        name, marks=pytest.mark.skipif(sys.version_info >= (3, 14), reason="no pylibCZIrw for Python 3.14")
    )
    for name in SAMPLES
]


@pytest.fixture
def formats_dir(shared_dir: Path) -> Path:
    folder = shared_dir / "formats"
    if not folder.is_dir():
        pytest.skip(f"needs the sample files at {folder}")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_every_plane_equals_that_of_an_independent_reader(formats_dir: Path, name: str) -> None:
    count, expected, size_um = SAMPLES[name]
    path = formats_dir / name
    kind = path.suffix[1:].replace("svs", "tiff")
    total = hashlib.sha256()
    with open_reader(path, kind) as reader:
        places = planes_of(reader.scenes)
        for at in places:
            total.update(hashlib.sha256(np.ascontiguousarray(reader.read(at)).tobytes()).digest())
        assert reader.scenes[0].pixel_size_um == (
            None if size_um is None else pytest.approx(size_um, rel=1e-9)
        )
    assert (len(places), total.hexdigest()) == (count, expected)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_measured_is_the_plane_that_was_chosen(formats_dir: Path, name: str) -> None:
    path = formats_dir / name
    kind = path.suffix[1:].replace("svs", "tiff")
    page = file_planes(path).count
    image = read_image(path, ImageSettings(page=page))
    with open_reader(path, kind) as reader:
        values = reader.read(planes_of(reader.scenes)[-1])
    top = 2**image.bits - 1
    if values.ndim == 2:
        assert np.array_equal(image.level, np.rint(values / top * 65535).astype(np.uint16))
    else:
        assert np.array_equal(image.rgb, values)


@pytest.mark.parametrize("part", [0.05, 0.4, 0.8, 0.99])
@pytest.mark.parametrize("name", ["cluster.nd2", "xz-example.lif", "S3_1Pos_2Mosaic_T1_Z1_CH1.czi"])
def test_a_truncated_file_is_refused_or_right(
    formats_dir: Path, tmp_path: Path, name: str, part: float
) -> None:
    if name.endswith(".czi") and sys.version_info >= (3, 14):
        pytest.skip("no pylibCZIrw for Python 3.14")
    data = (formats_dir / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * part)])
    page = SAMPLES[name][0]
    with pytest.raises(ImageReadError, match=rf"{name}: .*again"):
        read_image(path, ImageSettings(page=page))
    try:
        first = read_image(path, ImageSettings(page=1))
    except ImageReadError:
        return
    assert np.array_equal(first.level, read_image(formats_dir / name, ImageSettings(page=1)).level)


def test_axes_without_a_place_are_refused(formats_dir: Path) -> None:
    with pytest.raises(
        ImageReadError, match="holds 32 phases, which are not read; export the planes you need"
    ):
        read_image(formats_dir / "LSM880_AiryScan.czi", ImageSettings())
