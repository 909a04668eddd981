"""Corrections by hand: about which masks they are, what is selected after them, and that none is lost."""

from __future__ import annotations

import numpy as np
import pytest
from mask_scene import nested_scene, open_scene, put_masks
from PIL import Image as Picture

from samhq.gui.mask_writing import export_objects, save_marked

HALF = np.array([(50.0, 30.0), (75.0, 30.0)])  # through the square that stands alone


@pytest.fixture
def nested(qtbot, session, tmp_path):
    rgb, table = nested_scene()
    open_scene(qtbot, session, tmp_path / "nested.png", rgb)
    return put_masks(session, table)


def select(document, *indices):
    document.select_indices(np.array(indices, dtype=np.int64))


def settled(qtbot, document):
    qtbot.waitUntil(lambda: not document.edits.is_busy, timeout=30000)


def areas(document, *, selected=False):
    return sorted(document.masks.areas()[document.selected if selected else slice(None)].tolist())


def square(x, y):
    mask = np.zeros((60, 80), bool)
    mask[y : y + 4, x : x + 4] = True
    return mask


def done(qtbot, job):
    with qtbot.waitSignal(job.finished, timeout=30000):
        pass
    return job.state


def reopened(qtbot, session, act):
    with qtbot.waitSignal(session.image_changed, timeout=20000):
        act()


# -------------------------------------------------------------------- about which masks


def test_a_correction_that_waits_is_about_the_masks_selected_when_it_was_asked_for(qtbot, nested):
    nested.edits.add(square(2, 50))  # will be the only selected mask once it is there
    select(nested, 3)
    nested.edits.delete()
    settled(qtbot, nested)
    assert areas(nested) == [16, 100, 625, 1600]


def test_a_selection_changed_after_a_deletion_was_asked_for_is_not_deleted(qtbot, nested):
    select(nested, 3)
    nested.edits.stroke(np.array([(62.0, 30.0)]), 1.0, erase=True)
    nested.edits.delete()
    select(nested, 0)
    settled(qtbot, nested)
    assert areas(nested) == [100, 625, 1600]
    assert areas(nested, selected=True) == [1600]


def test_a_new_mask_is_selected_unless_others_were_chosen_meanwhile(qtbot, nested):
    nested.edits.add(square(2, 50))
    settled(qtbot, nested)
    assert areas(nested, selected=True) == [16]
    nested.edits.add(square(10, 50))
    select(nested, 0)
    settled(qtbot, nested)
    assert areas(nested, selected=True) == [1600]
    assert len(nested.masks) == 6


def test_masks_added_in_quick_succession_leave_the_last_one_selected(qtbot, nested):
    nested.edits.add(square(2, 50))
    nested.edits.add(square(10, 50)[:, ::-1])
    settled(qtbot, nested)
    assert selected_indices(nested) == [5]


def selected_indices(document):
    return np.flatnonzero(document.selected).tolist()


def test_strokes_in_quick_succession_paint_one_new_mask(qtbot, nested):
    nested.edits.stroke(np.array([(50.0, 50.0), (70.0, 50.0)]), 2.0, erase=False)
    nested.edits.stroke(np.array([(50.0, 54.0), (70.0, 54.0)]), 2.0, erase=False)
    settled(qtbot, nested)
    assert len(nested.masks) == 5


def test_what_waits_follows_the_pieces_of_a_mask_that_is_split_before(qtbot, nested):
    select(nested, 3)
    nested.edits.cut(HALF)
    nested.edits.delete()
    settled(qtbot, nested)
    assert areas(nested) == [100, 625, 1600]


def test_a_stroke_for_a_mask_that_is_gone_by_then_does_nothing_and_says_so(qtbot, nested):
    select(nested, 3)
    nested.edits.delete()
    with qtbot.waitSignal(nested.edits.refused, timeout=30000) as refused:
        nested.edits.stroke(np.array([(62.0, 30.0)]), 2.0, erase=False)
    assert "no longer there" in refused.args[0]
    settled(qtbot, nested)
    assert areas(nested) == [100, 625, 1600]


# -------------------------------------------------------------------- not lost


def test_opening_the_same_image_again_keeps_masks_corrections_and_undo(qtbot, nested):
    select(nested, 3)
    nested.edits.delete()
    settled(qtbot, nested)
    session, before = nested.session, nested.objects
    reopened(qtbot, session, lambda: session.open_image(session.image.path))
    assert nested.objects is before
    session.undo.undo()
    assert len(nested.masks) == 4


def test_another_way_to_show_the_image_keeps_its_masks_but_says_they_are_of_before(qtbot, nested):
    session, before = nested.session, nested.objects
    other = "none" if session.settings.image.stretch != "none" else "percentile"
    session.set_draft("image", "stretch", other)
    reopened(qtbot, session, session.apply_draft)
    assert nested.objects is before
    assert not nested.is_current


def test_a_file_with_other_pixels_drops_the_masks_of_before(qtbot, nested):
    session = nested.session
    path = session.image.path
    Picture.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(path)
    reopened(qtbot, session, lambda: session.open_image(path))
    assert nested.objects is None


@pytest.mark.parametrize("how", ["export", "picture"])
def test_corrections_are_unsaved_until_they_are_written(qtbot, nested, tmp_path, how):
    assert not nested.has_unsaved_edits
    select(nested, 3)
    nested.edits.delete()
    settled(qtbot, nested)
    assert nested.has_unsaved_edits
    ways = {
        "export": lambda: export_objects(nested, "csv", tmp_path),
        "picture": lambda: save_marked(nested, tmp_path / "marked.png"),
    }
    job = ways[how]()
    assert done(qtbot, job) == "done"
    assert not nested.has_unsaved_edits
    select(nested, 2)
    nested.edits.delete()
    settled(qtbot, nested)
    assert nested.has_unsaved_edits


def test_what_was_changed_while_an_export_was_written_is_still_unsaved(qtbot, nested, tmp_path):
    select(nested, 3)
    nested.edits.delete()
    settled(qtbot, nested)
    job = export_objects(nested, "csv", tmp_path)
    nested.edits.add(square(2, 50))
    assert done(qtbot, job) == "done"
    settled(qtbot, nested)
    assert nested.has_unsaved_edits


# -------------------------------------------------------------------- the table


def test_undoing_other_masks_brings_back_what_the_table_was_restricted_to(nested):
    select(nested, 1, 3)
    nested.calculate()
    _, table = nested_scene()
    image = nested.session.image.image
    from samhq import api
    from samhq.gui.mask_state import MaskState

    found = api.measured(image, table, nested.session.settings)
    objects = nested.new_objects(table, api.outlines(table), found.measurements)
    none = np.zeros(len(objects), bool)
    nested.change(MaskState(objects, none, none), "Generate Masks")
    assert nested.rows().tolist() == [0, 1, 2, 3]
    nested.session.undo.undo()
    assert nested.rows().tolist() == [1, 3]
    nested.session.undo.redo()
    assert nested.rows().tolist() == [0, 1, 2, 3]
    nested.session.undo.undo()
    nested.set_results(None)
    nested.session.undo.redo()
    nested.session.undo.undo()
    assert nested.rows().tolist() == [0, 1, 2, 3]
