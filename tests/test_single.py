"""One image written by itself: where to, and what is noted of the model."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Picture

from samhq import api
from samhq.masks import MaskTable, runs_from_crop
from samhq.settings import Settings

MODEL = {"name": "mine", "architecture": "vit_tiny", "sha256": "ab" * 32}


@pytest.fixture
def segmentation(tmp_path):
    """Three dark squares, the last of 4 pixels."""
    gray = np.full((30, 40), 220, np.uint8)
    runs = []
    for x, size in ((2, 10), (15, 8), (30, 2)):
        gray[5 : 5 + size, x : x + size] = 60
        runs.append(runs_from_crop(np.ones((size, size), bool), x0=x, y0=5, height=30, width=40))
    path = tmp_path / "squares.png"
    Picture.fromarray(gray).save(path)
    settings = Settings().updated({"filter": {"min_area": 10}})
    table = MaskTable.from_runs(runs, height=30, width=40)
    return api.measured(api.read_image(path), table, settings, path=path, model=MODEL)


def test_objects_that_are_chosen_do_not_take_the_place_of_the_whole_output(segmentation):
    whole = segmentation.export("csv")
    before = (whole.folder / "objects.csv").read_bytes()
    chosen = segmentation.export("csv", chosen=np.array([True, False, True]))
    assert (whole.objects_kept, chosen.objects_kept) == (2, 1)
    assert chosen.folder.name == f"{whole.folder.name}_selected"
    assert (whole.folder / "objects.csv").read_bytes() == before
    assert segmentation.write(chosen=np.array([False, True, True])).folder == chosen.folder


def test_a_choice_of_all_that_pass_is_the_whole_output(segmentation):
    chosen = segmentation.export("csv", chosen=np.array([True, True, False]))
    assert chosen.folder == segmentation.export("csv").folder


def test_the_model_that_made_the_masks_is_noted_without_its_file(segmentation):
    settings = segmentation.settings.updated({"segmentation": {"model": "/nowhere/mine.pth"}})
    moved = api.measured(
        segmentation.image, segmentation.masks, settings, path=segmentation.path, model=MODEL
    )
    written = moved.export("txt").folder
    (table,) = written.glob("*.txt")
    assert f"model mine sha256 {MODEL['sha256']}" in table.read_text("utf-8")
