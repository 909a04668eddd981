from __future__ import annotations

import cv2
import numpy as np
import pytest
from training_samples import discs, write_set

from samhq.errors import ImageReadError
from samhq.training.data import find_pictures, read_picture


def test_a_folder_gives_its_pictures_with_their_labels(tmp_path):
    files = find_pictures(write_set(tmp_path / "discs"))
    picture = read_picture(files[1])
    expected_pixels, expected_labels = discs(1)
    assert [f.group for f in files] == ["discs"] * 4
    assert np.array_equal(picture.pixels, expected_pixels)
    assert np.array_equal(picture.labels > 0, expected_labels > 0)


def test_colour_is_kept_and_grey_in_three_channels_is_stored_once(tmp_path):
    folder = write_set(tmp_path / "discs", count=1)
    colour = np.zeros((128, 128, 3), np.uint8)
    colour[..., 2] = 200
    (folder / "images" / "p0.png").write_bytes(cv2.imencode(".png", colour)[1].tobytes())
    (file,) = find_pictures(folder)
    assert read_picture(file).pixels[0, 0].tolist() == [200, 0, 0]


def test_sets_and_kinds_can_be_marked_as_incomplete(tmp_path):
    folder = write_set(tmp_path / "discs", count=2)
    (folder / "index.csv").write_text("id,kind\np0,easy\np1,hard\n", encoding="utf-8")
    assert [f.incomplete for f in find_pictures(folder)] == [False, False]
    assert [f.incomplete for f in find_pictures(folder, incomplete=["hard"])] == [False, True]
    assert [f.incomplete for f in find_pictures(folder, incomplete=["all"])] == [True, True]


def test_a_missing_label_is_named(tmp_path):
    folder = write_set(tmp_path / "discs")
    (folder / "labels" / "p2.png").unlink()
    with pytest.raises(ImageReadError, match=r"p2\.png: has no label file"):
        find_pictures(folder)


def test_labels_of_another_size_are_refused(tmp_path):
    folder = write_set(tmp_path / "discs", count=1)
    other = np.ones((100, 128), np.uint16)
    (folder / "labels" / "p0.png").write_bytes(cv2.imencode(".png", other)[1].tobytes())
    with pytest.raises(ImageReadError, match="128 x 100"):
        read_picture(find_pictures(folder)[0])


def test_labels_without_an_object_are_refused(tmp_path):
    folder = write_set(tmp_path / "discs", count=1)
    nothing = np.zeros((128, 128), np.uint16)
    (folder / "labels" / "p0.png").write_bytes(cv2.imencode(".png", nothing)[1].tobytes())
    with pytest.raises(ImageReadError, match="has no objects"):
        read_picture(find_pictures(folder)[0])
