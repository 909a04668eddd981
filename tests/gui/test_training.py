"""Train on my corrected masks: the dialog with the real engine, in seconds."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mask_scene import nested_scene, open_scene, put_masks
from PIL import Image
from PyQt6.QtWidgets import QLabel, QPushButton
from training_samples import discs, small_starter, write_set

from samhq import api
from samhq.gui.training_curves import curve_points
from samhq.gui.training_dialog import TrainingDialog, show_training
from samhq.gui.training_model import TrainingModel
from samhq.masks import MaskTable, runs_from_crop

PATIENCE_MS = 120_000


@pytest.fixture
def taught(qtbot, session, tmp_path) -> TrainingModel:
    """A training model with folders of its own and nothing in them."""
    model = session.training
    with qtbot.waitSignal(model.changed, timeout=PATIENCE_MS):
        model.set_own(tmp_path / "mine")
    model.set_out(tmp_path / "taught.safetensors")
    model.minutes = 0.05
    return model


@pytest.fixture
def parent(qtbot):
    """A widget that owns the dialog."""
    from PyQt6.QtWidgets import QWidget

    page = QWidget()
    qtbot.addWidget(page)
    return page


def add_discs(qtbot, session, model, tmp_path, seed: int) -> None:
    """Open a picture of discs, put their masks in force and add it."""
    picture, labels = discs(seed)
    open_scene(qtbot, session, tmp_path / f"discs{seed}.png", np.dstack([picture] * 3))
    runs = [
        runs_from_crop(labels == n, x0=0, y0=0, height=128, width=128) for n in np.unique(labels)[1:].tolist()
    ]
    put_masks(session, MaskTable.from_runs(runs, height=128, width=128))
    count = len(model.pictures)
    assert model.add_present() is not None
    qtbot.waitUntil(lambda: len(model.pictures) == count + 1, timeout=PATIENCE_MS)


def test_the_open_picture_is_added_with_its_masks_and_added_again_is_replaced(
    qtbot, session, taught, tmp_path
):
    rgb, table = nested_scene()
    open_scene(qtbot, session, tmp_path / "cells.png", rgb)
    put_masks(session, table)
    session.masks.reject(np.array([3]))
    assert taught.present() == 3
    for _ in range(2):
        job = taught.add_present()
        with qtbot.waitSignal(job.done, timeout=PATIENCE_MS):
            pass
    qtbot.waitUntil(lambda: [p.objects for p in taught.pictures] == [3], timeout=PATIENCE_MS)
    (picture,) = taught.pictures
    assert np.array_equal(np.asarray(Image.open(picture.image)), rgb)
    labels = np.asarray(Image.open(picture.labels))
    assert len(np.unique(labels[5:45, 5:45])) == 3
    assert not labels[20:40, 55:70].any()  # the one that was not wanted
    assert not session.has_unsaved_edits


def test_corrections_count_as_written_when_the_filter_hides_none(qtbot, session, taught, tmp_path):
    rgb, table = nested_scene()
    open_scene(qtbot, session, tmp_path / "cells.png", rgb)
    put_masks(session, table)
    session.masks.select_indices(np.array([3]))
    session.masks.edits.delete()
    qtbot.waitUntil(lambda: not session.masks.edits.is_busy, timeout=PATIENCE_MS)
    session.set_filter(min_area=float(np.median(table.areas())))
    assert 0 < len(session.masks.rows()) < len(session.masks.objects.masks)
    for hides in (True, False):
        if not hides:
            session.set_filter(min_area=None)
        with qtbot.waitSignal(taught.add_present().done, timeout=PATIENCE_MS):
            pass
        assert session.has_unsaved_edits == hides


def test_without_masks_it_is_said_what_to_do(qtbot, session, taught):
    with qtbot.waitSignal(taught.failed) as failed:
        assert taught.add_present() is None
    assert "Generate masks" in failed.args[0].why


def test_folders_with_labels_are_listed_and_a_bad_one_is_named(qtbot, taught, tmp_path):
    write_set(tmp_path / "labelled", count=2)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing", encoding="utf-8")
    taught.add_folder(tmp_path / "labelled")
    taught.add_folder(tmp_path / "empty")
    qtbot.waitUntil(lambda: len(taught.pictures) == 2 and len(taught.problems) == 1, timeout=PATIENCE_MS)
    assert all(not picture.own or picture.folder != taught.own for picture in taught.pictures)
    taught.remove_folder(tmp_path / "labelled")
    qtbot.waitUntil(lambda: not taught.pictures, timeout=PATIENCE_MS)
    assert len(list((tmp_path / "labelled" / "images").iterdir())) == 2


def test_training_is_stopped_gone_on_with_and_its_model_is_used(qtbot, session, taught, tmp_path, parent):
    shutil.copy(small_starter(tmp_path), tmp_path / "small.safetensors")
    for seed in range(2):
        add_discs(qtbot, session, taught, tmp_path, seed)
    taught.add_folder(write_set(tmp_path / "more", count=3))
    qtbot.waitUntil(lambda: len(taught.pictures) == 5, timeout=PATIENCE_MS)
    taught.set_start(str(tmp_path / "small.safetensors"))
    page = show_training(parent, session)
    assert page.findChild(QPushButton, "train_button").isEnabled()

    taught.minutes = 60.0
    page.findChild(QPushButton, "train_button").click()
    qtbot.waitUntil(lambda: sum("loss" in row for row in taught.rows) > 0, timeout=PATIENCE_MS)
    text = page.findChild(QLabel, "training_text")
    assert "loss" in text.text()
    page.findChild(QPushButton, "stop_training_button").click()
    assert "Stopping" in text.text()
    qtbot.waitUntil(lambda: not taught.is_training, timeout=PATIENCE_MS)
    assert taught.can_go_on
    assert "Go On" in page.findChild(QPushButton, "train_button").text()
    reached = max(row["step"] for row in taught.rows)

    taught.minutes = 0.001  # it has taken longer already
    taught.train()
    qtbot.waitUntil(lambda: not taught.is_training, timeout=PATIENCE_MS)
    assert taught.result is not None, page.error.failure
    assert taught.result.steps >= reached
    assert taught.result.ap50 is not None
    assert not taught.can_go_on
    assert taught.result.report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "AP50" in text.text()

    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS, check_params_cb=bool):
        page.findChild(QPushButton, "use_model_button").click()
    assert session.settings.segmentation.model == str(tmp_path / "taught.safetensors")
    assert not page.findChild(QPushButton, "use_model_button").isEnabled()
    session.draft = session.settings.updated({"segmentation": {"points_per_side": 4}})
    session.apply_draft()
    job = session.masks.generate()
    with qtbot.waitSignal(job.done, timeout=PATIENCE_MS):
        pass

    first = taught.result.path
    taught.train()
    assert taught.out == tmp_path / "taught 2.safetensors"  # the model of before stays
    taught.stop()
    qtbot.waitUntil(lambda: not taught.is_training, timeout=PATIENCE_MS)
    assert first.is_file()


def test_a_checkpoint_of_other_pictures_is_refused_and_can_be_dropped(
    qtbot, session, taught, tmp_path, parent
):
    taught.add_folder(write_set(tmp_path / "more", count=2))
    qtbot.waitUntil(lambda: len(taught.pictures) == 2, timeout=PATIENCE_MS)
    api.training_checkpoint(taught.out).write_bytes(b"nothing of use")
    page = show_training(parent, session)
    assert page.findChild(QPushButton, "train_anew_button").isVisibleTo(page)
    with qtbot.waitSignal(taught.failed, timeout=PATIENCE_MS) as failed:
        page.findChild(QPushButton, "train_button").click()
    assert "no checkpoint" in failed.args[0].why
    assert page.error.failure is failed.args[0]
    page.findChild(QPushButton, "train_anew_button").click()
    assert not taught.can_go_on


def test_the_dialog_opens_once_and_all_its_controls_have_names(qtbot, session, taught, parent):
    from PyQt6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QTreeWidget

    page = show_training(parent, session)
    assert show_training(parent, session) is page
    for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QTreeWidget):
        for control in page.findChildren(kind):
            if control.isVisibleTo(page) and not control.objectName().startswith("qt_"):
                assert control.accessibleName(), control.objectName()
    assert isinstance(page, TrainingDialog)


def test_curves_take_what_the_rows_hold():
    rows = [
        {"step": 0, "elapsed_s": 0.0, "started": "2026-01-01T00:00:00+00:00"},
        {"step": 0, "elapsed_s": 0.0, "judged": {"iou": 0.5, "ap50": 0.2}},
        {"step": 9, "elapsed_s": 90.0, "loss": 1.0, "iou": 0.4},
    ]
    assert curve_points(rows) == {"learnt": ([1.5], [0.4]), "apart": ([0.0], [0.5]), "ap50": ([0.0], [0.2])}


def test_the_dialog_loads_no_pytorch():
    code = (
        "import sys, samhq.gui.training_dialog, samhq.gui.training_work; "
        "sys.exit('torch' in sys.modules or 'samhq.training.loop' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path.cwd()).returncode == 0
