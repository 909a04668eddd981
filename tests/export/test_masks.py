"""Masks as other programs read them."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import replace

import cv2
import numpy as np
import pytest
import tifffile
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from samhq.errors import ExportError
from samhq.export.masks import CocoWriter, label_image, write_labels, write_masks
from samhq.filters import filter_objects
from samhq.masks import MaskTable
from samhq.measure import measure_objects
from samhq.packing import StoredObjects
from samhq.results import RunResults, filter_image
from samhq.settings import FilterSettings
from samhq.store import ImageRecord


def result_of(masks, *, scores, **values):
    table = MaskTable.concatenate([MaskTable.from_labels(m.astype(int)) for m in masks])
    table = replace(table, predicted_iou=np.array(scores, np.float32))
    measured = measure_objects(np.zeros(masks.shape[1:], np.uint16), table)
    record = ImageRecord(path="a.png", page=1, status="done", objects=len(table))
    return filter_image(record, StoredObjects(table, measured), FilterSettings(**values))


@pytest.fixture
def everything(store) -> RunResults:
    return RunResults(store, FilterSettings())


def test_coco_opens_in_pycocotools_with_the_same_masks(everything, tmp_path):
    path = tmp_path / "coco.json"
    with CocoWriter(path) as coco:
        for result in everything:
            coco.add(result)
    with redirect_stdout(io.StringIO()):
        opened = COCO(path)
    by_name = {image["file_name"]: image["id"] for image in opened.imgs.values()}
    assert "torn.png" not in by_name
    assert len(by_name) == 5
    for result in everything:
        if result.record.path not in by_name:
            continue
        annotations = opened.loadAnns(opened.getAnnIds(imgIds=by_name[result.record.path]))
        assert len(annotations) == len(result.masks)
        for i, annotation in enumerate(annotations):
            assert np.array_equal(opened.annToMask(annotation), result.masks.mask(i))
            assert annotation["area"] == result.masks.areas()[i]
            assert annotation["area_px"] == result.filtered.area[i]
            x, y, w, h = annotation["bbox"]
            assert [x, y, x + w, y + h] == result.masks.boxes[i].tolist()


def test_an_empty_coco_file_is_valid(tmp_path):
    with CocoWriter(tmp_path / "coco.json"):
        pass
    data = json.loads((tmp_path / "coco.json").read_text(encoding="utf-8"))
    assert data["annotations"] == data["images"] == []


def test_label_tiff_has_as_many_labels_as_objects(everything, tmp_path):
    result = next(r for r in everything if len(r.masks) == 3)
    path, hidden = write_labels(result, tmp_path / "ä" / "labels.tif")
    labels = tifffile.imread(path)
    assert labels.dtype == np.uint16
    assert labels.shape == (20, 30)
    assert sorted(np.unique(labels)) == [0, 1, 2, 3]
    assert hidden == 0
    for i in range(3):
        assert not np.any((labels == i + 1) & ~result.masks.mask(i))


def test_label_png_opens_as_16_bit(everything, tmp_path):
    result = next(r for r in everything if len(r.masks) == 3)
    path, _ = write_labels(result, tmp_path / "labels.png")
    labels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    assert labels.dtype == np.uint16
    assert labels.max() == 3


def test_an_object_under_another_of_the_same_shape_is_counted_as_hidden(everything, tmp_path):
    result = next(r for r in everything if len(r.masks) == 3)
    double = replace(result, masks=MaskTable.concatenate([result.masks[[0, 0]], result.masks[[2]]]))
    _, hidden = write_labels(double, tmp_path / "labels.tif")
    assert hidden == 1


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_small_objects_stay_visible_on_large_ones(order):
    masks = np.ones((2, 9, 9), bool)
    masks[1] = False
    masks[1, 4, 4] = True
    result = result_of(masks[order], scores=[0.9, 0.8])
    assert len(np.unique(label_image(result, exclusive=False))) == 2


def test_exclusive_labels_hold_the_pixels_that_the_tables_count():
    masks = np.zeros((3, 9, 9), bool)
    masks[0, :, :6] = True
    masks[1, 2:4, 4:8] = True
    masks[2, 0, 0] = True
    result = result_of(masks, scores=[0.9, 0.7, 0.95], overlaps="exclusive", min_area=2)
    labels = label_image(result, exclusive=True)
    areas = [int((labels == number).sum()) for number in (1, 2)]
    assert areas == result.filtered.area[result.filtered.keep].tolist() == [53, 4]


def test_masks_of_an_earlier_export_do_not_stay(everything, tmp_path):
    result = next(r for r in everything if len(r.masks) == 3)
    folder = write_masks(result, tmp_path / "x", "binary_mask")
    one = replace(
        result, filtered=filter_objects(result.measurements.histograms, FilterSettings(min_ratio=60))
    )
    assert 0 < one.filtered.keep.sum() < 3
    write_masks(one, tmp_path / "x", "binary_mask")
    assert len(list(folder.iterdir())) == one.filtered.keep.sum()


def test_more_labels_than_png_holds_are_refused_with_the_way_out(everything, tmp_path, monkeypatch):
    result = next(r for r in everything if len(r.masks) == 3)

    class Narrow:
        max = 2

    monkeypatch.setattr(np, "iinfo", lambda dtype: Narrow)
    with pytest.raises(ExportError, match="choose TIFF"):
        write_labels(result, tmp_path / "labels.png")
    path, _ = write_labels(result, tmp_path / "labels.tif")
    assert tifffile.imread(path).dtype == np.uint32


def test_binary_masks_are_one_png_an_object(everything, tmp_path):
    result = next(r for r in everything if len(r.masks) == 3)
    folder = write_masks(result, tmp_path / "x", "binary_mask")
    assert [p.name for p in sorted(folder.iterdir())] == ["0001.png", "0002.png", "0003.png"]
    picture = cv2.imdecode(np.fromfile(folder / "0002.png", np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(picture, result.masks.mask(1) * np.uint8(255))


@pytest.mark.parametrize("mode", ["uncompressed_rle", "coco_rle"])
def test_run_lengths_decode_to_the_masks(everything, tmp_path, mode):
    result = next(r for r in everything if len(r.masks) == 3)
    path = write_masks(result, tmp_path / "x", mode)
    records = json.loads(path.read_text(encoding="utf-8"))
    for i, record in enumerate(records):
        rle = record["segmentation"]
        if mode == "uncompressed_rle":
            rle = coco_mask.frPyObjects(rle, *rle["size"])
        assert np.array_equal(coco_mask.decode(rle), result.masks.mask(i))
