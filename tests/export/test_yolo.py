"""Labels of YOLO, filled again as its trainer fills them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from export_samples import MODEL
from odd_masks import Images, blobs, odd_masks, result_of, settings_of, table_of

from samhq.errors import ImageReadError
from samhq.export.formats import export_format
from samhq.export.writer import Destination
from samhq.export.yolo import YoloWriter
from samhq.masks import MaskTable, runs_from_crop


def rgb_of(record) -> np.ndarray:
    return np.full((record.height, record.width, 3), (10, 20, 200), np.uint8)


def export(results, folder, *, read_rgb=rgb_of, **values):
    return export_format(
        results,
        folder,
        format="yolo",
        name="slides",
        settings=settings_of(**values),
        model=MODEL,
        read_rgb=read_rgb,
    )


def filled(line: str, *, height: int, width: int) -> np.ndarray:
    """As Ultralytics does: cut the corners to whole pixels and fill the polygon with its border."""
    numbers = [float(v) for v in line.split()[1:]]
    assert len(numbers) >= 6
    assert all(0 <= v <= 1 for v in numbers)
    corners = (np.array(numbers).reshape(-1, 2) * (width, height)).astype(np.int32)
    picture = np.zeros((height, width), np.uint8)
    cv2.fillPoly(picture, [corners], 1)
    return picture > 0


def agreement(masks, folder) -> np.ndarray:
    """IoU of every mask with what its label becomes."""
    (path,) = folder.rglob("labels/**/*.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(masks)
    found = []
    for i, line in enumerate(lines):
        again, mask = filled(line, height=masks.height, width=masks.width), masks.mask(i)
        found.append((again & mask).sum() / (again | mask).sum())
    return np.array(found)


def pieces(mask: np.ndarray) -> int:
    return cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[0] - 1


def holes(mask: np.ndarray) -> int:
    return cv2.connectedComponents((~np.pad(mask, 1)).view(np.uint8), connectivity=4)[0] - 2


def test_objects_of_one_piece_come_back_exactly_and_so_do_their_holes(tmp_path):
    whole = [m for m in [*odd_masks().values(), *blobs(150)] if pieces(m) == 1]
    assert len(whole) > 50
    assert sum(holes(m) > 0 for m in whole) > 5
    result = result_of(table_of(whole))
    export(Images(result), tmp_path)
    assert (agreement(result.masks, tmp_path) == 1).all()


def test_pieces_come_back_with_a_line_between_them(tmp_path):
    apart = [odd_masks()["two pieces"], *(m for m in blobs(90)[::3] if 2 <= pieces(m) <= 3)]
    assert len(apart) > 3
    result = result_of(table_of(apart))
    export(Images(result), tmp_path)
    found = agreement(result.masks, tmp_path)
    assert found[0] == pytest.approx(8 / 9)  # the line is one pixel long
    assert found[1:].min() > 0.98
    (path,) = tmp_path.rglob("labels/**/*.txt")
    for i, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        again = filled(line, height=result.masks.height, width=result.masks.width)
        assert again[result.masks.mask(i)].all()


def test_the_data_set_is_complete(results, tmp_path):
    summary = export(results, tmp_path, class_name='Kern "ä"')
    root = tmp_path / "slides_SAM_HQ_yolo"
    lines = (root / "data.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[2:4] == ["train: images", "val: images"]
    assert json.loads(lines[-1].removeprefix("  0: ")) == 'Kern "ä"'
    labels = {
        p.relative_to(root / "labels").with_suffix("").as_posix() for p in root.rglob("labels/**/*.txt")
    }
    pictures = {
        p.relative_to(root / "images").with_suffix("").as_posix() for p in root.rglob("images/**/*.png")
    }
    assert labels == pictures
    assert "tray/Präparat 2" in labels
    assert "torn" not in labels
    assert (root / "labels" / "empty.txt").read_text(encoding="utf-8") == ""
    data = np.frombuffer((root / "images" / "tray" / "Präparat 2.png").read_bytes(), np.uint8)
    assert cv2.imdecode(data, cv2.IMREAD_COLOR)[0, 0].tolist() == [200, 20, 10]
    assert summary.files == {"label files": 5, "pictures": 5, "data sets": 1}


def test_a_subfolder_called_images_does_not_hide_the_labels(results, tmp_path):
    to = Destination(
        tmp_path, "slides", {("images/a.tif", 1): "images/a", ("b/c.tif", 1): "b/c"}, settings_of(), MODEL
    )
    record = replace(next(iter(results.records())), path="images/a.tif", page=1)
    with YoloWriter(to) as writer:
        writer.add(replace(results.image(next(iter(results.records()))), record=record))
    (label,) = (path.as_posix() for path in tmp_path.rglob("a.txt"))
    assert label.endswith("slides_SAM_HQ_yolo/labels/images_/a.txt")


def test_pictures_can_be_left_out_and_one_that_is_gone_is_named(results, tmp_path):
    export(results, tmp_path / "bare", yolo_pictures=False)
    assert not list((tmp_path / "bare").rglob("*.png"))

    def read_rgb(record):
        raise ImageReadError(f"{record.path}: is gone")

    summary = export(results, tmp_path / "gone", read_rgb=read_rgb)
    assert len(summary.warnings) == 5
    assert "no picture of tray/Präparat 2.png: tray/Präparat 2.png: is gone" in summary.warnings
    assert len(list((tmp_path / "gone").rglob("labels/**/*.txt"))) == 5


def test_corners_are_exact_enough_in_a_wide_image(tmp_path):
    width = 120_000
    runs = runs_from_crop(np.ones((2, 3), bool), x0=width - 7, y0=1, height=4, width=width)
    result = result_of(MaskTable.from_runs([runs], height=4, width=width))
    export(Images(result), tmp_path, yolo_pictures=False)
    assert agreement(result.masks, tmp_path).tolist() == [1]


def test_a_mask_of_a_thousand_specks_is_joined_in_reasonable_time(tmp_path):
    specks = np.zeros((100, 120), bool)
    specks[::3, ::3] = True
    result = result_of(table_of([specks], height=120, width=140))
    export(Images(result), tmp_path)
    (iou,) = agreement(result.masks, tmp_path)
    assert 0.25 < iou < 1
    assert len(list(Path(tmp_path).rglob("*.txt"))) == 1
