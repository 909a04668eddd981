"""Planes of microscopy files through a whole run: rows, names, resume, what is shown, areas in µm²."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile

from samhq import api
from samhq.batch import Model, run_batch
from samhq.errors import SettingsError
from samhq.masks import MaskTable
from samhq.planning import plan_batch, segment_key
from samhq.settings import ImageSettings, Settings, settings_from_dict


class Threshold:
    """Stands for the network: masks are the dark regions of what it is shown."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, rgb: Any, monitor: Any) -> MaskTable:
        self.calls += 1
        dark = (rgb.mean(axis=2) < 128).astype(np.uint8)
        return MaskTable.from_labels(cv2.connectedComponents(dark)[1])

    def model(self) -> Model:
        return Model("threshold", "none", "a" * 64, 1, lambda settings, monitor: self)


@pytest.fixture
def network() -> Threshold:
    return Threshold()


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    """A stack whose first channel has one object in each slice; the second has the level 10 * slice in its place."""
    folder = tmp_path / "slides"
    folder.mkdir()
    stack = np.full((3, 2, 30, 40), 250, np.uint8)
    for z in range(3):
        stack[z, 0, 5:10, 5 : 10 + z] = 20
        stack[z, 1, 5:10] = 60 + 10 * z
    facts = {
        "axes": "ZCYX",
        "PhysicalSizeX": 0.5,
        "PhysicalSizeY": 0.5,
        "Channel": {"Name": ["outline", "stain"]},
    }
    tifffile.imwrite(folder / "stack.ome.tif", stack, photometric="minisblack", metadata=facts)
    return folder


def start(slides: Path, network: Threshold, **image: object) -> api.Run:
    settings = settings_from_dict({"image": image})
    run = slides.parent / "run"
    report = run_batch(slides, run, settings=settings, model=network.model())
    opened = api.open_run(run)
    opened.report = report
    return opened


def tables(opened: api.Run, **output: object) -> tuple[Path, pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    written = opened.filter().write(settings=settings_from_dict({"output": output}))
    frames = [
        pd.read_csv(written.folder / name, encoding="utf-8-sig") for name in ("objects.csv", "images.csv")
    ]
    return written.folder, frames[0], frames[1], written.warnings


def test_each_plane_is_a_row_and_a_picture_of_its_own(slides: Path, network: Threshold) -> None:
    with start(slides, network, channel_measured="outline", z_slice="all") as opened:
        folder, objects, images, _ = tables(opened)
    assert list(images["page_name"]) == ["s1c1z1t1 outline", "s1c1z2t1 outline", "s1c1z3t1 outline"]
    assert list(images["page"]) == [1, 3, 5]
    assert list(objects["area_px"]) == [25, 30, 35]
    assert sorted(p.name for p in folder.glob("*.png")) == [
        f"stack.ome_s1c1z{z}t1_sam_hq.png" for z in (1, 2, 3)
    ]


def test_one_channel_is_shown_and_another_measured(slides: Path, network: Threshold) -> None:
    with start(slides, network, channel_measured="stain", channel_shown="outline", z_slice="all") as opened:
        _, objects, images, _ = tables(opened)
        record = opened.records()[0]
        assert opened.read_rgb(record)[7, 7, 0] == 20
    assert list(objects["area_px"]) == [25, 30, 35]
    assert list(objects["ratio"]) == pytest.approx([100 - level / 255 * 100 for level in (60, 70, 80)])
    assert images["notes"].str.contains("the network saw s1c1z2t1 outline").tolist() == [False, True, False]


def test_more_planes_later_are_only_those_that_are_new(slides: Path, network: Threshold) -> None:
    with start(slides, network, channel_measured="1", z_slice=2) as opened:
        assert (opened.report.segmented, opened.report.skipped) == (1, 0)
    with start(slides, network, channel_measured="1", z_slice="all") as opened:
        assert (opened.report.segmented, opened.report.skipped) == (2, 1)
    with start(slides, network, page="all") as opened:
        assert (opened.report.segmented, opened.report.skipped) == (3, 3)
    planned = plan_batch(
        slides,
        slides.parent / "run",
        settings=settings_from_dict({"image": {"channel_measured": "all", "z_slice": "all"}}),
        model=network.model(),
    )
    assert (planned.done, planned.waiting) == (6, 0)
    with start(slides, network, channel_measured="2", channel_shown="1", z_slice=1) as opened:
        assert opened.report.segmented == 1, "the network sees something else"


def test_wrong_channels_and_damaged_files_fail_and_the_rest_goes_on(slides: Path, network: Threshold) -> None:
    (slides / "broken.czi").write_bytes(b"ZISRAWFILE" + bytes(3000))
    (slides / "broken.nd2").write_bytes(b"\xda\xce\xbe\x0a" + bytes(3000))
    tifffile.imwrite(
        slides / "other.ome.tif",
        np.full((2, 9, 9), 9, np.uint8),
        photometric="minisblack",
        metadata={"axes": "CYX"},
    )
    with start(slides, network, channel_measured="outline", z_slice="all") as opened:
        errors = {record.path: record.error for record in opened.report.failed}
        assert opened.report.segmented == 3
    assert errors["other.ome.tif"] == "has no channel outline; it has 1, 2"
    assert set(errors) == {"broken.czi", "broken.nd2", "other.ome.tif"}
    with start(slides, network) as opened:
        error = {record.path: record.error for record in opened.report.failed}["stack.ome.tif"]
    assert error.startswith(
        "2 channels (outline, stain), 3 z slices; choose with --channel-measured N and --z-slice N"
    )


def test_areas_stand_in_square_micrometres_where_the_file_says_how_large_a_pixel_is(
    slides: Path, network: Threshold
) -> None:
    with start(slides, network, channel_measured="1", z_slice="all") as opened:
        _, objects, images, warnings = tables(opened)
        frame, summed = opened.filter().to_pandas(), opened.filter().images_to_pandas()
    assert list(objects["area_um2"]) == [6.25, 7.5, 8.75]
    assert summed.columns.tolist() == images.columns.tolist()
    assert list(summed["area_um2"]) == [6.25, 7.5, 8.75]
    assert list(objects["initial_area_um2"]) == [6.25, 7.5, 8.75]
    assert list(images["area_um2"]) == [6.25, 7.5, 8.75]
    assert list(frame["area_um2"]) == [6.25, 7.5, 8.75]
    assert not warnings


def test_without_any_pixel_size_the_tables_are_those_of_before(slides: Path, network: Threshold) -> None:
    (slides / "stack.ome.tif").unlink()
    (slides / "a.png").write_bytes(bytes(cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1]))
    with start(slides, network) as opened:
        folder, objects, images, _ = tables(opened)
        assert objects.columns[-2:].tolist() == ["page", "page_name"]
        assert images.columns[-1] == "sha256"
        text = next(folder.glob("*.txt")).read_text(encoding="utf-8")
        assert "channel" not in text
        assert "z_slice" not in text
        _, objects, images, _ = tables(opened, pixel_size=2)
    assert list(objects["area_um2"]) == [4 * 81]
    assert list(images["pixel_size_um"]) == [2]


def test_mixed_pixel_sizes_are_told_and_can_be_overruled(slides: Path, network: Threshold) -> None:
    (slides / "stack.ome.tif").unlink()
    dark = np.full((30, 40), 250, np.uint8)
    dark[5:10, 5:10] = 9
    for name, size in (("a", 0.5), ("b", 0.25)):
        tifffile.imwrite(
            slides / f"{name}.ome.tif",
            dark,
            photometric="minisblack",
            metadata={"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeY": size},
        )
    (slides / "c.png").write_bytes(bytes(cv2.imencode(".png", dark)[1]))
    with start(slides, network) as opened:
        _, objects, _, warnings = tables(opened)
        assert objects["area_um2"].fillna(-1).tolist() == [6.25, 1.5625, -1]
        assert any("different pixel sizes, 0.25 to 0.5 µm" in warning for warning in warnings)
        _, objects, images, warnings = tables(opened, pixel_size=1)
        frame = opened.filter().to_pandas(pixel_size=1)
        summed = opened.filter().images_to_pandas(pixel_size=1)
    assert objects["area_um2"].tolist() == frame["area_um2"].tolist() == [25, 25, 25]
    assert images["pixel_size_um"].tolist() == summed["pixel_size_um"].tolist() == [1, 1, 1]
    assert not warnings
    (slides / "b.ome.tif").unlink()
    with start(slides, network) as opened:
        _, _, _, warnings = tables(opened)
    assert any("1 of 2 images have no pixel size" in warning for warning in warnings)


def test_choices_that_exclude_each_other_are_refused() -> None:
    for image, told in (
        (
            {"page": 1, "z_slice": 2},
            "page says already which planes are analysed; leave it out, or leave out z_slice",
        ),
        ({"channel_shown": "all"}, "channel_shown all: the network sees one channel"),
        ({"channel_measured": " "}, "channel_measured is empty"),
        ({"z_slice": 0}, "z_slice 0: allowed is all or 1 to 999999 or null"),
    ):
        with pytest.raises(SettingsError, match=told):
            settings_from_dict({"image": image})
    with pytest.raises(SettingsError, match="pixel_size"):
        settings_from_dict({"output": {"pixel_size": 0}})


def test_keys_of_runs_of_before_hold(network: Threshold) -> None:
    def key(image: ImageSettings) -> str:
        return segment_key(
            file_sha256="f" * 64,
            page=1,
            scale=None,
            image=image,
            segmentation=Settings().segmentation,
            model=network.model(),
        )

    plain = key(ImageSettings())
    assert plain == "9058f9155ebef5f00e977e2a9395d82ffd558817b339c8f29ee59328a6345a8a"
    assert key(ImageSettings(z_slice=1, channel_measured="a", scene="all")) == plain
    assert key(ImageSettings(channel_shown="2")) != plain
