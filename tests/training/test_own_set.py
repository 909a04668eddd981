"""A user's own labelled pictures."""

from __future__ import annotations

import numpy as np
import pytest
from training_samples import discs, write_set

from samhq import api
from samhq.errors import ExportError
from samhq.labels import find_sets, read_labels, write_labels
from samhq.masks import MaskTable, runs_from_crop


def scene(seed: int):
    picture, labels = discs(seed)
    runs = [runs_from_crop(labels == n, x0=0, y0=0, height=128, width=128) for n in np.unique(labels)[1:]]
    return np.dstack([picture] * 3), MaskTable.from_runs(runs, height=128, width=128), labels


def test_added_pictures_are_a_labelled_set(tmp_path):
    rgb, masks, labels = scene(0)
    added = api.add_training_picture(tmp_path / "mine", "Mäuse: 1", rgb, masks)
    assert added.objects == len(masks)
    (found,) = find_sets(tmp_path / "mine")
    assert np.array_equal(found.images[0].read() > 0, labels > 0)
    assert api.training_pictures(tmp_path / "mine") == [added]


def test_the_same_picture_is_corrected_and_another_of_its_name_gets_another(tmp_path):
    rgb, masks, _ = scene(0)
    other, _, _ = scene(1)
    folder = tmp_path / "mine"
    first = api.add_training_picture(folder, "cells", rgb, masks)
    again = api.add_training_picture(folder, "cells", rgb, masks[np.array([0, 1])])
    assert again.image == first.image
    assert int(read_labels(first.labels).max()) == 2
    assert api.add_training_picture(folder, "cells", other, masks).image.name == "cells_2.png"
    assert len(api.training_pictures(folder)) == 2


def test_names_that_differ_in_case_alone_are_kept_apart(tmp_path):
    rgb, masks, _ = scene(0)
    other, _, _ = scene(1)
    first = api.add_training_picture(tmp_path / "mine", "Cells", rgb, masks)
    assert api.add_training_picture(tmp_path / "mine", "cells", other, masks).image.name == "cells_2.png"
    assert first.image.is_file()


def test_only_own_pictures_are_removed(tmp_path):
    rgb, masks, _ = scene(0)
    added = api.add_training_picture(tmp_path / "mine", "cells", rgb, masks)
    api.remove_training_picture(added)
    assert api.training_pictures(tmp_path / "mine") == []
    write_set(tmp_path / "parent" / "discs", count=1)
    (strange,) = api.training_pictures(tmp_path / "parent")
    with pytest.raises(ValueError, match="was not added"):
        api.remove_training_picture(strange)


def test_nothing_is_written_beside_other_things(tmp_path):
    rgb, masks, _ = scene(0)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="choose an empty folder"):
        api.add_training_picture(tmp_path, "cells", rgb, masks)
    with pytest.raises(ExportError, match="has no masks"):
        api.add_training_picture(tmp_path / "new", "cells", rgb, masks[np.zeros(len(masks), bool)])
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["labels.png", "labels.tif"])
def test_written_labels_are_read_back(tmp_path, name):
    labels = np.arange(300, dtype=np.int32).reshape(15, 20)
    assert np.array_equal(read_labels(write_labels(tmp_path / name, labels)), labels)


def test_more_objects_than_a_png_holds_go_into_a_tiff(tmp_path):
    labels = np.arange(70_000, dtype=np.int32).reshape(200, 350)
    with pytest.raises(ExportError, match=r"write a \.tif"):
        write_labels(tmp_path / "labels.png", labels)
    assert read_labels(write_labels(tmp_path / "labels.tif", labels)).max() == 69_999
