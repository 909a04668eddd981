"""The document of masks: clicks, regions, filter, undo, results, corrections, and what never lands."""

from __future__ import annotations

import numpy as np
import pytest
from mask_scene import grid_scene, nested_scene, open_scene, put_masks

from samhq import api
from samhq.gui import mask_operations as operations
from samhq.gui.jobs import Lane
from samhq.gui.mask_state import ClickCycle
from samhq.gui.mask_words import overlap_text, selection_text, table_text, tooltip
from samhq.outlines import spliced
from samhq.regions import inside_polygon


@pytest.fixture
def nested(qtbot, session, tmp_path):
    rgb, table = nested_scene()
    open_scene(qtbot, session, tmp_path / "nested.png", rgb)
    return put_masks(session, table)


@pytest.fixture
def grid(qtbot, session, tmp_path):
    rgb, table = grid_scene(per_side=10)
    open_scene(qtbot, session, tmp_path / "grid.png", rgb)
    return put_masks(session, table)


def selected(document):
    return np.flatnonzero(document.selected).tolist()


# -------------------------------------------------------------------- clicks


def test_a_click_selects_the_smallest_mask_and_further_ones_go_through_the_overlaps(nested):
    seen = []
    for _ in range(5):
        nested.click(20, 20)
        seen.append(selected(nested))
    assert seen == [[2], [1], [0], [], [2]]


def test_a_click_on_a_single_mask_toggles_it(nested):
    nested.click(60, 30)
    assert selected(nested) == [3]
    nested.click(60, 30)
    assert selected(nested) == []


def test_a_click_elsewhere_begins_anew_and_keeps_what_was_selected(nested):
    nested.click(20, 20)
    nested.click(20, 20)
    nested.click(60, 30)
    nested.click(20, 20)
    assert selected(nested) == [1, 2, 3]


def test_after_undo_a_click_at_the_same_place_is_a_first_one(nested):
    nested.click(20, 20)
    nested.click(20, 20)
    nested.session.undo.undo()
    nested.session.undo.undo()
    assert selected(nested) == []
    nested.click(20, 20)
    assert selected(nested) == [2]


def test_tab_goes_on_where_the_last_click_was(nested):
    assert not nested.cycle()
    nested.click(20, 20)
    assert nested.cycle()
    assert selected(nested) == [1]


def test_a_right_click_deselects_the_smallest_selected_mask_only(nested):
    nested.select_indices(np.array([0, 1, 3]))
    nested.deselect_at(20, 20)
    assert selected(nested) == [0, 3]
    nested.deselect_at(2, 2)
    assert selected(nested) == [0, 3]


def test_masks_that_pass_come_before_faded_ones_under_a_click(nested):
    nested.session.set_filter(min_area=300)
    assert nested.filtered.keep.tolist() == [True, True, False, True]
    nested.click(20, 20)
    assert selected(nested) == [1]


def test_a_click_beside_all_masks_changes_nothing(nested):
    nested.click(20, 20)
    nested.click(1, 1)
    assert selected(nested) == [2]
    assert nested.session.undo.count() == 1


def test_a_cycle_restores_what_was_selected_before():
    cycle, chosen = ClickCycle(), np.array([True, False, True])
    first = cycle.click((5, 5), [0, 1, 2], chosen)
    assert first.tolist() == [False, False, True]
    second = cycle.click((6, 5), [0, 1, 2], first)
    assert second.tolist() == [True, True, True]
    assert cycle.click((40, 5), [0, 1, 2], second).tolist() == [False, True, True]


# -------------------------------------------------------------------- regions and commands


def test_a_region_takes_the_masks_whose_centroid_it_holds(grid):
    grid.select_region(np.array([(0, 0), (21, 0), (21, 21), (0, 21)]))
    assert selected(grid) == [0, 1, 10, 11]
    grid.select_region(np.array([(80, 80), (100, 80), (100, 100), (80, 100)]), add=True)
    assert selected(grid) == [0, 1, 10, 11, 88, 89, 98, 99]
    grid.select_region(np.array([(0, 0), (11, 0), (11, 100), (0, 100)]), remove=True)
    assert selected(grid) == [1, 11, 88, 89, 98, 99]


def test_a_lasso_that_bends_inwards_leaves_out_what_lies_in_the_bend():
    polygon = np.array([(0, 0), (10, 0), (10, 10), (5, 3), (0, 10)], float)
    points = np.array([(5, 2), (5, 8), (1, 5), (20, 5), (np.nan, np.nan)])
    assert inside_polygon(points, polygon).tolist() == [True, False, True, False, False]


def test_all_none_and_invert_mean_masks_that_pass(grid):
    grid.session.set_filter(min_ratio=50.0)
    passing = grid.filtered.keep
    assert 0 < passing.sum() < 100
    grid.select_all()
    assert np.array_equal(grid.selected, passing)
    grid.select_indices(np.flatnonzero(passing)[:3])
    grid.invert()
    assert np.array_equal(np.flatnonzero(grid.selected), np.flatnonzero(passing)[3:])
    grid.select_all(failing=True)
    assert grid.selected.all()
    grid.select_none()
    assert not grid.selected.any()


def test_selections_and_filters_are_undone_in_order(grid):
    session = grid.session
    grid.select_indices(np.array([1, 2]))
    session.set_filter(min_area=10)
    grid.select_all()
    session.undo.undo()
    assert selected(grid) == [1, 2]
    session.undo.undo()
    assert session.filter.min_area is None
    session.undo.undo()
    assert selected(grid) == []
    for _ in range(3):
        session.undo.redo()
    assert grid.selected.all()
    assert session.filter.min_area == 10


def test_selecting_what_is_selected_is_no_step(grid):
    grid.select_all()
    grid.select_all()
    assert grid.session.undo.count() == 1


# -------------------------------------------------------------------- filter and results


def test_the_filter_gives_what_the_engine_gives(grid):
    grid.session.set_filter(min_ratio=40.0, min_aggregation=35.0, max_aggregation=80.0)
    segmentation = api.measured(grid.session.image.image, grid.masks, grid.session.settings)
    expected = segmentation.filter()
    for name in ("keep", "rejection", "area", "intensity", "ratio", "initial_intensity"):
        assert np.array_equal(getattr(grid.filtered, name), getattr(expected, name), equal_nan=True), name


def test_exclusive_overlaps_are_heeded(nested):
    nested.session.set_filter(overlaps="exclusive")
    assert nested.filtered.initial_area.sum() == 40 * 40 + 15 * 20


def test_a_mask_that_fails_says_which_threshold_and_by_how_much(nested):
    nested.session.set_filter(min_area=150)
    text = tooltip(nested, 2)
    assert "A 100 px is 50 below the minimum 150" in text
    assert "below" not in tooltip(nested, 0)
    nested.session.set_filter(min_area=None, min_aggregation=60.0)
    assert "lower end 60" in tooltip(nested, 3)


def test_when_nothing_passes_the_thresholds_that_drop_it_are_named(grid):
    grid.session.set_filter(min_area=1000.0, min_ratio=60.0)
    text = table_text(grid)
    assert "minimum A drops 100" in text
    assert f"minimum R drops {(grid.filtered.initial_ratio < 60).sum()}" in text


def test_overlaps_that_count_twice_are_said(nested):
    covered, twice = 40 * 40 + 15 * 20, 25 * 25
    assert f"{100 * twice / covered:.1f} %" in overlap_text(nested)
    nested.session.set_filter(overlaps="exclusive")
    assert overlap_text(nested) == ""


def test_calculate_restricts_the_table_to_the_selected_masks_until_told_otherwise(grid):
    assert len(grid.rows()) == 100
    grid.select_indices(np.array([3, 5, 7]))
    grid.calculate()
    grid.select_none()
    assert grid.rows().tolist() == [3, 5, 7]
    assert np.flatnonzero(grid.numbers()).tolist() == [3, 5, 7]
    assert grid.numbers()[[3, 5, 7]].tolist() == [1, 2, 3]
    grid.calculate()
    assert len(grid.rows()) == 100


def test_calculated_masks_that_fail_the_filter_are_left_out_and_come_back(grid):
    grid.select_indices(np.array([0, 99]))
    grid.calculate()
    grid.session.set_filter(min_ratio=50.0)
    assert grid.rows().tolist() == [99]
    grid.session.set_filter(min_ratio=None)
    assert grid.rows().tolist() == [0, 99]


def test_what_is_rejected_is_not_selected_and_the_other_way_round(grid):
    grid.select_indices(np.array([1, 2]))
    grid.reject(np.array([2, 3]))
    assert (selected(grid), np.flatnonzero(grid.rejected).tolist()) == ([1], [2, 3])
    grid.reject(np.array([2]))
    assert np.flatnonzero(grid.rejected).tolist() == [3]
    grid.select_indices(np.array([3]))
    assert not grid.rejected.any()


def test_ten_thousand_masks_are_filtered(qtbot, session, tmp_path):
    rgb, table = grid_scene(per_side=100)
    open_scene(qtbot, session, tmp_path / "many.png", rgb)
    document = put_masks(session, table)
    kept = []
    for threshold in np.linspace(20, 80, 9):
        session.set_filter(min_ratio=float(threshold))
        kept.append(int(document.filtered.keep.sum()))
    assert kept == sorted(kept, reverse=True)
    assert 0 < kept[-1] < 10_000


# -------------------------------------------------------------------- corrections


def edited(qtbot, document, act):
    with qtbot.waitSignal(document.masks_changed, timeout=30000):
        act()
    assert not document.edits.is_busy
    return document


def assert_consistent(document):
    """Outlines, numbers and filter are those of the masks."""
    expected = api.outlines(document.masks)
    assert np.array_equal(document.outlines.points, expected.points)
    assert np.array_equal(document.outlines.starts, expected.starts)
    assert np.array_equal(document.outlines.owner, expected.owner)
    fresh = api.measured(document.session.image.image, document.masks, document.session.settings).filter()
    assert np.array_equal(document.filtered.intensity, fresh.intensity)
    assert len(np.unique(document.state.ids)) == len(document.masks)


def test_merging_and_deleting_measure_again_and_are_undone(qtbot, nested):
    before = nested.masks
    nested.select_indices(np.array([1, 3]))
    edited(qtbot, nested, nested.edits.merge)
    assert_consistent(nested)
    assert nested.masks.areas().tolist() == [1600, 625 + 300, 100]
    assert selected(nested) == [1]
    with qtbot.waitSignal(nested.edits.refused, timeout=20000):
        nested.edits.cut(np.array([(50.0, 50.0), (50.0, 0.0)]))  # between the two pieces
    assert len(nested.masks) == 3
    nested.select_indices(np.array([0]))
    edited(qtbot, nested, nested.edits.delete)
    assert nested.masks.areas().tolist() == [925, 100]
    for _ in range(4):
        nested.session.undo.undo()
    assert nested.masks is before


def test_an_edit_keeps_the_selection_of_other_masks_and_their_ids(qtbot, nested):
    ids = nested.state.ids
    nested.select_indices(np.array([2]))
    edited(qtbot, nested, nested.edits.delete)
    assert nested.state.ids.tolist() == ids[[0, 1, 3]].tolist()
    assert nested.state.edited
    nested.session.undo.undo()
    assert nested.state.ids.tolist() == ids.tolist()
    assert selected(nested) == [2]
    assert not nested.state.edited


def test_a_line_splits_the_smallest_mask_that_it_divides(qtbot, nested):
    edited(qtbot, nested, lambda: nested.edits.cut(np.array([(12.0, 20.0), (28.0, 20.0)])))
    assert_consistent(nested)
    pieces = nested.masks.areas()[nested.selected]
    assert len(pieces) == 2
    assert pieces.sum() == 100
    assert nested.masks.areas()[~nested.selected].tolist() == [1600, 625, 300]


def test_brush_and_eraser_change_the_selected_mask(qtbot, nested):
    nested.select_indices(np.array([3]))
    edited(
        qtbot, nested, lambda: nested.edits.stroke(np.array([(70.0, 30.0), (76.0, 30.0)]), 3.0, erase=False)
    )
    assert_consistent(nested)
    grown = int(nested.masks.areas()[3])
    assert grown > 300
    edited(
        qtbot, nested, lambda: nested.edits.stroke(np.array([(62.0, 20.0), (62.0, 40.0)]), 2.0, erase=True)
    )
    assert_consistent(nested)
    assert nested.masks.areas()[3] < grown
    assert selected(nested) == [3]


def test_a_stroke_without_a_selection_makes_a_new_mask_which_is_then_painted_on(qtbot, nested):
    edited(
        qtbot, nested, lambda: nested.edits.stroke(np.array([(50.0, 50.0), (70.0, 50.0)]), 2.0, erase=False)
    )
    assert len(nested.masks) == 5
    assert selected(nested) == [4]
    edited(
        qtbot, nested, lambda: nested.edits.stroke(np.array([(50.0, 54.0), (70.0, 54.0)]), 2.0, erase=False)
    )
    assert len(nested.masks) == 5
    assert_consistent(nested)


def test_edits_given_in_quick_succession_are_all_made(qtbot, nested):
    nested.select_indices(np.array([3]))
    nested.edits.stroke(np.array([(72.0, 30.0)]), 3.0, erase=False)
    nested.edits.stroke(np.array([(75.0, 30.0)]), 3.0, erase=False)
    nested.edits.delete()
    qtbot.waitUntil(lambda: len(nested.masks) == 3, timeout=30000)
    undo = nested.session.undo
    assert [undo.text(i) for i in range(undo.count())][-3:] == ["Brush", "Brush", "Delete"]


def test_an_edit_that_meets_an_undo_is_made_on_what_is_there_then(qtbot, nested):
    nested.select_indices(np.array([2]))
    edited(qtbot, nested, nested.edits.delete)
    nested.select_indices(np.array([2]))
    nested.edits.stroke(np.array([(72.0, 30.0)]), 3.0, erase=False)
    nested.session.undo.undo()
    nested.session.undo.undo()
    assert len(nested.masks) == 4
    qtbot.waitUntil(lambda: not nested.edits.is_busy, timeout=30000)
    assert len(nested.masks) == 4
    assert_consistent(nested)


def test_an_edit_without_an_object_says_why(qtbot, nested):
    with qtbot.waitSignal(nested.edits.refused, timeout=20000) as refused:
        nested.edits.merge()
    assert "two masks" in refused.args[0]
    assert nested.session.undo.count() == 0


def test_masks_that_come_out_of_calculated_ones_are_in_the_table(qtbot, nested):
    nested.select_indices(np.array([3]))
    nested.calculate()
    edited(qtbot, nested, lambda: nested.edits.cut(np.array([(50.0, 30.0), (75.0, 30.0)])))
    assert len(nested.rows()) == 2
    nested.session.undo.undo()
    assert nested.rows().tolist() == [3]


def test_contours_after_an_edit_are_those_traced_anew(nested):
    state = nested.state.with_selected(np.array([True, False, False, True]))
    for done in (
        operations.delete(state),
        operations.merge(state),
        operations.stroke(state, np.array([(20.0, 20.0), (60.0, 50.0)]), 3.0, erase=True),
    ):
        fresh = np.flatnonzero(done.source < 0)
        found = spliced(nested.outlines, done.source, api.outlines(done.masks[fresh]), fresh)
        expected = api.outlines(done.masks)
        assert np.array_equal(found.points, expected.points)
        assert np.array_equal(found.owner, expected.owner)


# -------------------------------------------------------------------- generating


@pytest.fixture
def small(qtbot, session, tmp_path):
    """A session with a small micrograph and few points."""
    session.set_draft("segmentation", "points_per_side", 6)
    session.apply_draft()
    sample = next(p for p in api.sample_images() if p.parent.name == "histology")
    with qtbot.waitSignal(session.image_changed, timeout=20000):
        session.open_image(sample)
    return session


def generated(qtbot, session, timeout=60000):
    job = session.masks.generate()
    with qtbot.waitSignal(job.finished, timeout=timeout):
        pass
    return session.masks


def test_masks_appear_while_they_are_found_and_equal_those_of_the_engine(qtbot, small):
    partial = []
    document = small.masks
    document.masks_changed.connect(lambda: partial.append(document.is_preliminary))
    generated(qtbot, small)
    assert partial[0] is True
    assert partial[-1] is False
    expected = api.segment(small.image.path, settings=small.settings)
    assert len(expected.masks) > 3
    assert np.array_equal(document.masks.runs, expected.masks.runs)
    assert np.array_equal(document.filtered.intensity, expected.filter().intensity)
    assert document.is_current
    assert "pass" in selection_text(document)


def test_stopping_ends_soon_and_brings_back_what_was_there(qtbot, small):
    rgb_masks = nested_like(small)
    document = put_masks(small, rgb_masks)
    small.set_draft("segmentation", "points_per_side", 64)
    small.apply_draft()
    job = document.generate()
    with qtbot.waitSignal(job.progress, timeout=60000):
        pass
    document.stop()
    qtbot.waitUntil(lambda: not document.is_generating, timeout=5000)  # all points would take minutes
    assert np.array_equal(document.masks.runs, rgb_masks.runs)
    assert not document.is_preliminary


def nested_like(session):
    image = session.image.image
    _, table = grid_scene(per_side=10)
    from samhq.masks import MaskTable, runs_from_crop

    height, width = image.height, image.width
    runs = [
        runs_from_crop(
            table.crop(i), x0=int(table.boxes[i, 0]), y0=int(table.boxes[i, 1]), height=height, width=width
        )
        for i in range(5)
    ]
    return MaskTable.from_runs(runs, height=height, width=width)


def test_another_image_stops_the_search_and_its_masks_never_land(qtbot, small, micrograph):
    document = small.masks
    job = document.generate()
    with qtbot.waitSignal(job.started, timeout=30000):
        pass
    with qtbot.waitSignal(small.image_changed, timeout=20000):
        small.open_image(micrograph)
    qtbot.waitUntil(lambda: job.is_over, timeout=5000)
    assert job.state == "cancelled"
    assert document.masks is None
    assert not document.is_generating


def test_another_model_or_setting_stops_the_search_but_another_filter_does_not(qtbot, small):
    document = small.masks
    job = document.generate()
    with qtbot.waitSignal(job.started, timeout=30000):
        pass
    small.set_filter(min_area=5)
    assert not job.stopping
    small.set_draft("segmentation", "points_per_side", 7)
    small.apply_draft()
    assert job.stopping
    qtbot.waitUntil(lambda: job.is_over, timeout=5000)
    assert document.masks is None


def test_asking_twice_is_one_search(qtbot, small):
    job = small.masks.generate()
    assert small.masks.generate() is job
    small.masks.stop()
    qtbot.waitUntil(lambda: job.is_over, timeout=5000)


def test_generating_again_can_be_undone_and_other_settings_make_masks_old(qtbot, small):
    document = generated(qtbot, small)
    first = document.masks
    small.set_draft("segmentation", "points_per_side", 4)
    small.apply_draft()
    assert not document.is_current
    generated(qtbot, small)
    assert len(document.masks) != len(first)
    small.undo.undo()
    assert document.masks is first
    assert document.selected.shape == (len(first),)


def test_a_new_image_forgets_masks_and_their_undo(qtbot, nested, micrograph):
    nested.select_all()
    with qtbot.waitSignal(nested.session.image_changed, timeout=20000):
        nested.session.open_image(micrograph)
    assert nested.masks is None
    assert nested.session.undo.count() == 0
    assert nested.rows().tolist() == []


def test_a_click_with_sam_gives_a_mask_that_is_taken_or_dropped(qtbot, small):
    document = small.masks
    prompt = document.prompt
    with qtbot.waitSignal(prompt.changed, timeout=60000):
        prompt.add_point(100, 40, inside=True)
    qtbot.waitUntil(lambda: not prompt.is_computing, timeout=60000)
    assert prompt.mask.shape == (small.image.image.height, small.image.image.width)
    prompt.set_box(60, 20, 140, 90)
    prompt.add_point(62, 22, inside=False)
    prompt.take_back()
    qtbot.waitUntil(lambda: not prompt.is_computing, timeout=60000)
    assert prompt.labels.tolist() == [1]
    mask = prompt.mask
    edited(qtbot, document, prompt.accept)
    assert np.array_equal(document.masks.mask(0), mask)
    assert selected(document) == [0]
    assert not prompt.is_active
    prompt.add_point(10, 10, inside=True)
    prompt.drop()
    assert small.jobs.jobs() == [] or all(job.lane is not Lane.LIGHT for job in small.jobs.jobs())
    assert prompt.mask is None


# -------------------------------------------------------------------- find more like these


def asked(qtbot, document):
    with qtbot.waitSignal(document.suggestion.changed, timeout=20000):
        document.suggestion.ask()
    return document.suggestion


def test_a_filter_is_proposed_shown_and_only_then_applied(qtbot, grid):
    grid.reject(np.arange(10, 20))
    grid.select_indices(np.arange(60, 70))
    suggestion = asked(qtbot, grid)
    assert suggestion.filtered.keep[60:70].all()
    assert not suggestion.filtered.keep[10:20].any()
    assert f"{suggestion.filtered.keep.sum()} of 100" in suggestion.text()
    assert grid.session.filter.min_ratio is None
    keep = suggestion.filtered.keep
    suggestion.apply()
    assert not suggestion.is_open
    assert np.array_equal(grid.filtered.keep, keep)
    grid.session.undo.undo()
    assert grid.filtered.keep.all()


def test_a_proposal_is_dropped_when_the_examples_change(qtbot, grid):
    grid.select_indices(np.array([90]))
    suggestion = asked(qtbot, grid)
    grid.select_indices(np.array([91]))
    assert not suggestion.is_open
    assert suggestion.text() == ""


def test_without_a_selected_mask_nothing_is_proposed(qtbot, grid):
    with qtbot.waitSignal(grid.session.notice, timeout=1000):
        grid.suggestion.ask()
    assert not grid.suggestion.is_open
