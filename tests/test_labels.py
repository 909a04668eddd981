"""Reading labels and finding labelled sets."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow
from pycocotools import mask as coco_mask

from samhq.errors import ImageReadError
from samhq.labels import as_labels, find_sets, labels_of_masks, pair_folders, read_coco, read_labels
from samhq.masks import MaskTable, runs_from_crop

LABELS = np.zeros((20, 30), np.int32)
LABELS[2:8, 3:9] = 1
LABELS[10:18, 5:15] = 2
LABELS[4:9, 20:28] = 3


def png(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", array)[1].tobytes())
    return path


def picture(path, shape=(20, 30)):
    return png(path, np.full(shape, 90, np.uint8))


# -------------------------------------------------------------------- label pictures


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.uint32, np.float32])
def test_numbers_of_any_kind_are_read(tmp_path, kind):
    path = tmp_path / "labels.tif"
    tifffile.imwrite(path, LABELS.astype(kind))
    assert np.array_equal(read_labels(path), LABELS)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_png_labels_are_read(tmp_path, kind):
    assert np.array_equal(read_labels(png(tmp_path / "labels.png", LABELS.astype(kind))), LABELS)


def test_numpy_labels_are_read(tmp_path):
    np.save(tmp_path / "labels.npy", LABELS)
    assert np.array_equal(read_labels(tmp_path / "labels.npy"), LABELS)
    np.save(tmp_path / "objects.npy", np.array({"masks": LABELS}, object), allow_pickle=True)
    with pytest.raises(ImageReadError, match=r"objects\.npy: is no plain array"):
        read_labels(tmp_path / "objects.npy")


def test_numbers_with_gaps_become_consecutive():
    assert np.array_equal(as_labels(np.where(LABELS == 3, 70000, LABELS)), LABELS)


def test_a_black_and_white_mask_becomes_one_object_a_piece(tmp_path):
    path = png(tmp_path / "mask.png", np.where(LABELS > 0, 255, 0).astype(np.uint8))
    found = read_labels(path)
    assert found.max() == 3
    assert np.array_equal(found > 0, LABELS > 0)
    assert read_labels(path, split=False).max() == 1


def test_an_object_in_two_pieces_stays_one():
    two = LABELS.copy()
    two[0, 0] = 2
    assert np.array_equal(as_labels(two), two)


def test_a_palette_counts_each_colour(tmp_path):
    picture = Pillow.frombytes("P", (30, 20), LABELS.astype(np.uint8).tobytes())
    picture.putpalette([0, 0, 0, 10, 200, 30, 200, 10, 30, 30, 30, 30])
    picture.save(tmp_path / "labels.png")
    found = read_labels(tmp_path / "labels.png")
    assert found.max() == 3
    assert all(len(np.unique(found[i == LABELS])) == 1 for i in range(4))


@pytest.mark.parametrize(
    ("array", "fault"),
    [
        (np.full((4, 5), -1), "negative labels"),
        (np.full((4, 5), 0.5), "broken numbers"),
        (np.zeros((4, 5, 2)), "have shape"),
        (np.full((4, 5), "a"), "type"),
    ],
)
def test_arrays_that_are_no_labels_are_refused(array, fault):
    with pytest.raises(ImageReadError, match=f"mine: .*{fault}"):
        as_labels(array, name="mine")


def test_a_colour_picture_is_no_labels(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    with pytest.raises(
        ImageReadError, match=r"labels\.png: is a colour picture, not labels; save one number"
    ):
        read_labels(png(tmp_path / "labels.png", colours))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ImageReadError, match=r"x\.gif: labels ending in \.gif are not read"):
        read_labels(tmp_path / "x.gif")
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(ImageReadError, match=r"x\.png"):
        read_labels(tmp_path / "x.png")


def test_of_overlapping_masks_the_smaller_is_seen():
    small, large = LABELS == 1, np.zeros_like(LABELS, bool)
    large[0:12, 0:12] = True
    runs = [runs_from_crop(m, x0=0, y0=0, height=20, width=30) for m in (small, large, small)]
    labels = labels_of_masks(MaskTable.from_runs(runs, height=20, width=30))
    assert labels.max() == 2  # one of the two equal ones is hidden
    assert len(np.unique(labels[small])) == 1
    assert labels[0, 0] not in (0, labels[3, 4])


# -------------------------------------------------------------------- COCO


def coco(path, *, name="a.png", **changes):
    masks = [np.asfortranarray((i == LABELS).astype(np.uint8)) for i in (1, 2, 3)]
    packed = coco_mask.encode(masks[1])
    plain = runs_from_crop(masks[2] > 0, x0=0, y0=0, height=20, width=30)
    annotations = [
        {"segmentation": [[3, 2, 9, 2, 9, 8, 3, 8]]},
        {"segmentation": {"size": [20, 30], "counts": packed["counts"].decode()}},
        {"segmentation": {"size": [20, 30], "counts": plain.tolist()}},
        {"segmentation": [[0, 0, 29, 0, 29, 19]], "iscrowd": 1},
        {"segmentation": []},
    ]
    data = {
        "images": [{"id": 7, "file_name": name, "height": 20, "width": 30}],
        "annotations": [{"id": i, "image_id": 7, **a} for i, a in enumerate(annotations)],
    }
    path.write_text(json.dumps(data | changes), encoding="utf-8")
    return path


def test_coco_polygons_and_both_run_lengths_are_read(tmp_path):
    tables = read_coco(coco(tmp_path / "labels.json"))
    assert list(tables) == ["a.png"]
    found = labels_of_masks(tables["a.png"])
    assert found.max() == 3
    assert np.array_equal(found > 0, LABELS > 0)


@pytest.mark.parametrize(
    "change", [{"images": [{"id": 7}]}, {"annotations": [{"image_id": 9, "segmentation": [[1] * 6]}]}]
)
def test_a_broken_coco_file_is_named(tmp_path, change):
    with pytest.raises(ImageReadError, match=r"labels\.json: is no complete COCO file"):
        read_coco(coco(tmp_path / "labels.json", **change))


def test_json_of_another_kind_is_named(tmp_path):
    (tmp_path / "a.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(ImageReadError, match=r"a\.json: holds no COCO labels"):
        read_coco(tmp_path / "a.json")
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(ImageReadError, match=r"b\.json: is no JSON file"):
        read_coco(tmp_path / "b.json")


def test_a_coco_file_beside_its_pictures_is_a_set(tmp_path):
    picture(tmp_path / "images" / "a.png")
    coco(tmp_path / "_annotations.coco.json")
    (only,) = find_sets(tmp_path)
    assert only.images[0].read((20, 30)).max() == 3
    (tmp_path / "images" / "a.png").unlink()
    with pytest.raises(ImageReadError, match=r"its picture a\.png is not beside it"):
        find_sets(tmp_path)


# -------------------------------------------------------------------- sets


def labelled(folder, *names):
    for name in names:
        picture(folder / "images" / f"{name}.png")
        png(folder / "labels" / f"{name}.png", LABELS.astype(np.uint16))
    return folder


def test_images_and_labels_of_a_folder_are_paired_in_natural_order(tmp_path):
    labelled(tmp_path / "cells", "c10", "c2", "sub/c1")
    (only,) = find_sets(tmp_path / "cells")
    assert only.name == "cells"
    assert [i.name for i in only.images] == ["c2.png", "c10.png", "sub/c1.png"]
    assert not only.incomplete


def test_several_sets_with_splits_are_found_by_name(tmp_path):
    for name in ("a", "b"):
        for split in ("train", "val"):
            labelled(tmp_path / name / split, f"{name}_{split}")
    labelled(tmp_path / "whole", "w")
    found = find_sets(tmp_path, split="val")
    assert [(s.name, s.images[0].name) for s in found] == [
        ("a", "a_val.png"),
        ("b", "b_val.png"),
        ("whole", "w.png"),
    ]
    assert [s.name for s in find_sets(tmp_path, split="val", names=["b"])] == ["b"]
    assert [s.name for s in find_sets(tmp_path / "a", split="train")] == ["a"]


def test_what_is_incomplete_is_said_by_argument_or_file(tmp_path):
    labelled(tmp_path / "a", "x")
    labelled(tmp_path / "b", "x")
    (tmp_path / "a" / "set.json").write_text('{"incomplete": true}', encoding="utf-8")
    assert [s.incomplete for s in find_sets(tmp_path)] == [True, False]
    assert [s.incomplete for s in find_sets(tmp_path, incomplete=["b"])] == [True, True]
    assert [s.incomplete for s in find_sets(tmp_path / "b", incomplete=["all"])] == [True]
    (tmp_path / "a" / "set.json").write_text('{"incomplete": "yes"}', encoding="utf-8")
    with pytest.raises(ImageReadError, match="incomplete is 'yes'; write true or false"):
        find_sets(tmp_path)


def test_kinds_come_from_the_index(tmp_path):
    labelled(tmp_path, "x", "y")
    (tmp_path / "index.csv").write_text("id,kind\nx,fluorescence\n", encoding="utf-8")
    (only,) = find_sets(tmp_path)
    assert [i.kind for i in only.images] == ["fluorescence", ""]


@pytest.mark.parametrize("mark", ["_labels", "_masks", "_cp_masks", "_sam_hq_labels"])
def test_labels_may_lie_beside_the_pictures(tmp_path, mark):
    picture(tmp_path / "x.png")
    tifffile.imwrite(tmp_path / f"x{mark}.tif", LABELS.astype(np.uint16))
    picture(tmp_path / "unlabelled.png")
    (only,) = find_sets(tmp_path)
    assert [i.name for i in only.images] == ["x.png"]


def test_pictures_without_labels_are_told(tmp_path):
    labelled(tmp_path, "x")
    picture(tmp_path / "images" / "y.png")
    (only,) = find_sets(tmp_path)
    assert only.notices == ("y.png: has no label file and was passed over",)


def test_exported_labels_are_found_in_a_folder_anywhere(tmp_path):
    picture(tmp_path / "slides" / "deep" / "x.png")
    (tmp_path / "out" / "deep").mkdir(parents=True)
    tifffile.imwrite(tmp_path / "out" / "deep" / "x_sam_hq_labels.tif", LABELS.astype(np.uint16))
    (item,), notices = pair_folders(tmp_path / "slides", tmp_path / "out")
    assert item.read((20, 30)).max() == 3
    assert not notices


def test_faults_of_a_data_folder_are_named(tmp_path):
    with pytest.raises(ImageReadError, match="there is no such folder"):
        find_sets(tmp_path / "nowhere")
    with pytest.raises(ImageReadError, match="holds no labelled pictures; expected are images/ and labels/"):
        find_sets(tmp_path)
    labelled(tmp_path / "a" / "train", "x")
    with pytest.raises(ImageReadError, match="holds no labelled pictures with a split test"):
        find_sets(tmp_path / "a", split="test")
    with pytest.raises(ImageReadError, match="has no set b; it has a"):
        find_sets(tmp_path, split="train", names=["b"])


def test_labels_of_another_size_are_named_with_both_sizes(tmp_path):
    labelled(tmp_path, "x")
    (only,) = find_sets(tmp_path)
    with pytest.raises(
        ImageReadError, match=r"x\.png: labels of 30 x 20 pixels for the picture x\.png of 31 x 20"
    ):
        only.images[0].read((20, 31))
