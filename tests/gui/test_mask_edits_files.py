"""What the window does when the file of the image, or of the model, is another one or gone."""

from __future__ import annotations

import csv
import os
import shutil

import numpy as np
import pytest
from mask_scene import nested_scene, open_scene, put_masks
from PIL import Image as Picture

from samhq import api
from samhq.gui.mask_writing import export_objects, save_marked


@pytest.fixture
def nested(qtbot, session, tmp_path):
    rgb, table = nested_scene()
    open_scene(qtbot, session, tmp_path / "nested.png", rgb)
    return put_masks(session, table)


@pytest.fixture
def failures(session):
    seen = []
    session.error_reported.connect(lambda _tab, failure: seen.append(failure))
    return seen


def finished(qtbot, job, timeout=60000):
    with qtbot.waitSignal(job.finished, timeout=timeout):
        pass
    return job.state


def replaced(path, *, shape=(60, 80, 3)):
    """The file again with other pixels, and another time even where the clock of the disk is coarse."""
    Picture.fromarray(np.full(shape, 10, np.uint8)).save(path)
    os.utime(path, ns=(1, 1))


ACTS = {
    "generate": lambda document, folder: document.generate(),
    "csv": lambda document, folder: export_objects(document, "csv", folder / "out"),
    "labels": lambda document, folder: export_objects(document, "labels", folder / "out"),
    "marked": lambda document, folder: save_marked(document, folder / "out.png"),
}


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_done_with_a_file_that_changed_and_it_can_be_opened_again(
    qtbot, nested, failures, tmp_path, act
):
    replaced(nested.path)
    assert finished(qtbot, ACTS[act](nested, tmp_path)) == "failed"
    assert "has changed since it was opened" in failures[-1].why
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.png").exists()
    assert len(nested.masks) == 4
    assert failures[-1].remedy == "Open it again"
    with qtbot.waitSignal(nested.session.image_changed, timeout=20000):
        failures[-1].action()
    assert nested.session.image.image.level.max() < 5000
    assert nested.objects is None


def test_corrections_are_not_measured_on_another_file(qtbot, nested, failures):
    replaced(nested.path)
    nested.edits.stroke(np.array([(50.0, 50.0), (70.0, 50.0)]), 2.0, erase=False)
    qtbot.waitUntil(lambda: not nested.edits.is_busy, timeout=30000)
    assert "has changed since it was opened" in failures[-1].why
    assert len(nested.masks) == 4


def test_the_marked_image_does_not_take_the_place_of_the_image(qtbot, nested, failures):
    before = nested.path.read_bytes()
    assert finished(qtbot, save_marked(nested, nested.path)) == "failed"
    assert "is the image itself" in failures[-1].why
    assert nested.path.read_bytes() == before


def test_masks_are_deleted_without_the_file_and_measured_as_with_it(qtbot, nested, failures):
    nested.path.unlink()
    nested.select_indices(np.array([1]))
    nested.edits.delete()
    qtbot.waitUntil(lambda: len(nested.masks) == 3, timeout=30000)
    assert not failures
    fresh = api.measured(nested.session.image.image, nested.masks).measurements
    assert np.array_equal(nested.measurements.exclusive_rows, fresh.exclusive_rows)
    assert np.array_equal(nested.measurements.histograms.counts, fresh.histograms.counts)
    assert nested.measurements.overlap_fraction == fresh.overlap_fraction
    assert finished(qtbot, export_objects(nested, "csv", nested.path.parent)) == "failed"
    assert failures[-1].why == "nested.png: is no longer there"


def test_masks_are_exported_after_the_file_of_the_model_is_gone(qtbot, session, tmp_path):
    from samhq.network.registry import resolve_model

    starter = resolve_model("starter")
    model = tmp_path / f"mine{starter.suffix}"
    shutil.copy(starter, model)
    session.set_draft("segmentation", "points_per_side", 8)
    session.apply_draft()
    session.set_model(str(model))
    with qtbot.waitSignal(session.image_changed, timeout=20000):
        session.open_image(next(p for p in api.sample_images() if p.parent.name == "histology"))
    assert finished(qtbot, session.masks.generate()) == "done"
    expected = api.model_info(str(model))
    model.unlink()
    written = []
    job = export_objects(session.masks, "csv", tmp_path / "out", on_done=written.append)
    assert finished(qtbot, job) == "done"
    with (written[0].folder / "objects.csv").open(encoding="utf-8-sig") as stream:
        assert len(list(csv.DictReader(stream))) == len(session.masks.rows()) > 0
    assert session.masks.binding.model["sha256"] == expected.sha256
