"""The batch without widgets: plan, start, live filtering, stop and resume, retry, outputs; with the real engine."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from batch_scene import (  # noqa: F401 - fixtures among them
    WAIT_MS,
    done_once,
    done_slides,
    errors,
    make_slides,
    open_done,
    run,
    session,
    shared_session,
    slides,
    small_copy,
    states,
    until,
    wait_until_finished,
)

from samhq import api
from samhq.gui.image_list import ImageState
from samhq.gui.run_model import Phase
from samhq.store import RunStore

# ruff: noqa: F811 - fixtures are named by parameters


def command_line(*arguments: object) -> None:
    command = [sys.executable, "-m", "samhq", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr


def filtered_now(qtbot, run, session):
    until(qtbot, lambda: run.look.view.settings == session.filter)


# -------------------------------------------------------------------- plan


def test_the_plan_tells_what_a_start_would_do(qtbot, run, slides):
    (slides / "notes.txt").write_text("no image", encoding="utf-8")
    (slides / "photo.bmp").write_bytes(b"BM")
    run.set_source(slides)
    until(qtbot, lambda: run.plan is not None)
    assert (run.plan.pages, run.plan.waiting, run.plan.done) == (3, 3, 0)
    assert run.plan.needed_bytes > 0
    assert [path for path, _ in run.plan.skipped if "photo.bmp" in path]
    assert not (slides.parent / "slides_SAM_HQ_Run").exists()
    assert run.phase is Phase.READY


def test_a_folder_without_images_is_reported(qtbot, run, errors, tmp_path):
    (tmp_path / "empty").mkdir()
    run.set_source(tmp_path / "empty")
    until(qtbot, lambda: errors)
    tab, failure = errors[0]
    assert tab == "batch"
    assert "empty" in failure.what
    assert run.plan is None


def test_other_segmentation_settings_are_planned_anew(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    assert (run.plan.done, run.plan.waiting) == (2, 1)
    before = run.plan
    session.set_filter(min_area=10)
    session.set_draft("segmentation", "points_per_side", 3)
    session.apply_draft()
    until(qtbot, lambda: run.plan is not None and run.plan is not before)
    assert run.plan.waiting == 3
    assert run.differences() == ["points_per_side"]
    assert any("points_per_side" in notice for notice in run.plan.notices)
    run.use_run_settings()
    assert session.settings.segmentation.points_per_side == 4
    assert session.filter.min_area == 10
    assert run.differences() == []


def test_the_plan_of_another_folder_is_not_shown_with_a_stored_run(qtbot, run, session, errors, tmp_path):
    """Nor is its failure."""
    with api.run(make_slides(tmp_path / "gone"), settings=session.settings) as made:
        folder = made.folder
    shutil.rmtree(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    for source in (make_slides(tmp_path / "slides"), tmp_path / "empty"):
        run.set_source(source)
        assert run.planning
        qtbot.wait(30)  # the plan is under way
        run.open_run(folder)
        assert not run.planning
        until(qtbot, lambda: run.facts is not None and not session.jobs.jobs())
        assert run.is_gone
        assert run.plan is None
    assert not errors


# -------------------------------------------------------------------- running


def test_a_batch_shows_each_image_as_it_is_done_and_writes_its_numbers(qtbot, run, session, slides):
    for number in range(3, 6):  # enough of them to be looked at while the batch goes on
        small_copy(f"histology/nuclei_{number}.png", slides / f"more {number}.png")
    seen, worked = [], []
    run.look_changed.connect(lambda look: look and seen.append(look.rows.states.tolist()))
    run.running_changed.connect(worked.append)
    run.outputs.set_writes_after_run(True)
    run.set_source(slides)
    assert run.start()
    until(qtbot, lambda: run.look is not None and ImageState.DONE in run.look.rows.states)
    assert run.is_running
    session.set_filter(min_area=10**7)
    filtered_now(qtbot, run, session)
    assert run.is_running
    assert ImageState.ALL_FILTERED in run.look.rows.states
    session.undo.undo()
    wait_until_finished(qtbot, run)
    until(qtbot, lambda: run.outputs.written is not None)

    assert run.phase is Phase.FINISHED
    assert run.report.segmented == 5
    assert states(run)["broken.png"] is ImageState.FAILED
    assert states(run)["a/cells 1.png"] is ImageState.DONE
    assert "text file" in run.look.rows.reason(run.look.rows.row_of(("broken.png", 1)))
    assert {("a/cells 1.png", 1), ("b/cells 2.png", 1)} <= set(worked)
    assert worked[-1] is None
    assert any(ImageState.WAITING in s and ImageState.DONE in s for s in seen)
    folder = slides.parent / "slides_SAM_HQ_Output_Agg=0-100"
    assert (folder / "objects.csv").is_file()
    assert run.outputs.folder == folder
    until(qtbot, lambda: run.outputs.is_current)
    assert run.outputs.written.summary.objects_kept == run.look.kept > 0


def test_a_batch_stops_within_a_second_and_goes_on_later(qtbot, run, slides):
    for number in range(3, 9):
        small_copy("histology/nuclei_3.png", slides / f"more {number}.png")
    run.set_source(slides)
    run.start()
    until(qtbot, lambda: run.look is not None and ImageState.DONE in run.look.rows.states)
    run.stop()
    until(qtbot, lambda: not run.is_running)
    assert run.phase is Phase.STOPPED
    until(qtbot, lambda: run.plan is not None and run.plan.done >= 1 and not run.planning)
    done, waiting = run.plan.done, run.plan.waiting
    assert waiting > 1
    assert run.resume()
    wait_until_finished(qtbot, run)
    assert run.report.skipped == done
    assert run.report.segmented == waiting - 1  # the broken one


def test_a_failed_image_is_done_after_it_was_mended(qtbot, run, done_slides):
    open_done(qtbot, run, done_slides)
    assert states(run)["broken.png"] is ImageState.FAILED
    small_copy("histology/nuclei_3.png", done_slides / "broken.png")
    run.start()
    wait_until_finished(qtbot, run)
    assert (run.report.segmented, run.report.skipped) == (1, 2)
    assert states(run)["broken.png"] is ImageState.DONE


def test_a_run_that_another_process_holds_is_reported_and_can_be_tried_again(qtbot, run, errors, done_slides):
    open_done(qtbot, run, done_slides)
    with RunStore.write(run.folder):
        run.start()
        until(qtbot, lambda: errors)
    _, failure = errors[0]
    assert str(run.folder) in failure.why
    assert run.phase is Phase.STOPPED
    until(qtbot, lambda: not run.planning)
    failure.action()
    assert run.is_running
    wait_until_finished(qtbot, run)
    assert run.report.skipped == 2


def test_an_input_that_disappears_is_told_and_the_batch_goes_on_when_it_is_back(
    qtbot, run, session, errors, slides
):
    for number in range(3, 9):
        small_copy("histology/nuclei_3.png", slides / f"more {number}.png")
    run.set_source(slides)
    run.start()
    until(qtbot, lambda: run.look is not None and ImageState.DONE in run.look.rows.states)
    away = slides.rename(slides.parent / "away")
    until(qtbot, lambda: not run.is_running and not session.jobs.jobs())
    assert [failure.remedy for _, failure in errors] == ["Try again"]
    assert "disappeared" in errors[0][1].why
    assert run.is_gone
    planning = []
    run.plan_changed.connect(lambda: planning.append(run.planning))
    session.set_draft("segmentation", "points_per_side", 3)
    session.apply_draft()
    until(qtbot, lambda: planning == [True, False])  # planned anew, and that it fails is no news
    run.use_run_settings()
    assert len(errors) == 1
    away.rename(slides)
    errors[0][1].action()
    wait_until_finished(qtbot, run)
    assert not run.is_gone
    assert run.report.segmented > 0
    assert run.report.skipped > 0


def test_a_start_that_fails_is_reported_once(qtbot, run, session, errors, tmp_path):
    (tmp_path / "empty").mkdir()
    run.set_source(tmp_path / "empty")
    until(qtbot, lambda: errors)
    errors.clear()
    run.start()
    until(qtbot, lambda: not run.is_running and not session.jobs.jobs())
    assert [failure.what for _, failure in errors] == ["The batch stopped"]


def test_nothing_else_can_be_chosen_while_a_batch_goes_on(qtbot, run, session, done_slides, tmp_path):
    notices = []
    session.notice.connect(notices.append)
    open_done(qtbot, run, done_slides)
    run.start()
    assert not run.set_source(tmp_path)
    assert not run.set_out(tmp_path)
    assert not run.open_run(tmp_path)
    assert not run.start()
    assert run.source == done_slides
    assert len(notices) == 4
    wait_until_finished(qtbot, run)


# -------------------------------------------------------------------- filtering


def test_the_look_equals_what_the_library_says(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    session.set_filter(min_area=60, min_aggregation=30, max_aggregation=70)
    filtered_now(qtbot, run, session)
    with api.open_run(run.folder) as opened:
        images = list(opened.filter(session.filter))
    rows = run.look.rows
    assert rows.keys == tuple((i.record.path, i.record.page) for i in images)
    assert rows.kept.tolist() == [int(i.filtered.keep.sum()) for i in images]
    assert rows.found.tolist() == [len(i.masks) for i in images]
    assert rows.area.tolist() == [int(i.filtered.area[i.filtered.keep].sum()) for i in images]
    assert run.look.kept < run.look.found
    everything = sum(int(i.measurements.histograms.counts.sum()) for i in images)
    assert int(run.look.bars["aggregation"].counts.sum()) == everything


def test_the_bars_leave_out_only_a_few_giants(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    for name in ("area", "intensity", "ratio"):
        bars = run.look.bars[name]
        assert 0.98 * run.look.found <= bars.counts.sum() <= run.look.found
        assert 1 < len(bars.counts) <= 101
        assert np.all(np.diff(bars.centers) > 0)
        assert bars.centers[-1] < bars.end
        assert np.array_equal(bars.kept, bars.counts)
    session.set_filter(min_ratio=40.0)
    filtered_now(qtbot, run, session)
    bars = run.look.bars["ratio"]
    assert bars.kept.sum() == run.look.kept < bars.counts.sum()
    assert np.all(run.look.bars["area"].kept <= run.look.bars["area"].counts)


def test_a_threshold_that_drops_all_is_named_as_the_reason(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    session.set_filter(min_area=10**7)
    filtered_now(qtbot, run, session)
    row = run.look.rows.row_of(("a/cells 1.png", 1))
    assert ImageState(run.look.rows.states[row]) is ImageState.ALL_FILTERED
    assert run.look.rows.reason(row) == f"area {run.look.rows.found[row]}"
    session.undo.undo()
    filtered_now(qtbot, run, session)
    assert run.look.rows.states[row] == ImageState.DONE


def test_the_latest_of_many_filters_wins(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    looks = []
    run.look_changed.connect(looks.append)
    for area in range(1, 200):
        session.set_filter(min_area=float(area))
    filtered_now(qtbot, run, session)
    assert run.look.view.settings.min_area == 199
    assert len(looks) < 20  # those in between were passed over


def test_what_another_process_stores_is_seen(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    looks = []
    run.look_changed.connect(looks.append)
    small_copy("histology/nuclei_3.png", done_slides / "broken.png")
    with api.run(done_slides, settings=session.settings):
        pass
    run.refresh()
    until(qtbot, lambda: looks)
    assert states(run)["broken.png"] is ImageState.DONE
    run.refresh()
    until(qtbot, lambda: not session.jobs.jobs() and not run._live._timer.isActive())
    assert len(looks) == 1  # nothing new, nothing told


# -------------------------------------------------------------------- outputs


def test_tables_and_pictures_equal_those_of_the_command_line_to_the_byte(
    qtbot, run, session, slides, tmp_path
):
    run.set_out(tmp_path / "window")
    run.set_source(slides)
    run.start()
    wait_until_finished(qtbot, run)
    copied = shlex.split(run.command())
    assert copied[0] == "samhq"
    copied[copied.index("--out") + 1] = str(tmp_path / "shell")
    command_line(*copied[1:], "-q")

    def compare(name: str) -> None:
        ours, theirs = tmp_path / "window" / name, tmp_path / "shell" / name
        for table in ("objects.csv", "images.csv", "slides_SAM_HQ_Numerical_Data.txt"):
            assert (ours / table).read_bytes() == (theirs / table).read_bytes(), table
        pictures = sorted(p.relative_to(theirs) for p in theirs.rglob("*.png"))
        assert len(pictures) == 2
        for picture in pictures:
            assert (ours / picture).read_bytes() == (theirs / picture).read_bytes()

    def export() -> None:
        assert run.outputs.export()
        until(qtbot, lambda: not run.outputs.is_busy)

    export()
    compare("slides_SAM_HQ_Output_Agg=0-100")
    session.set_filter(min_area=60, min_ratio=20.5, min_aggregation=30, max_aggregation=90)
    export()
    command_line(
        *("filter", tmp_path / "shell" / "slides_SAM_HQ_Run", "-q", "--min-area", 60, "--min-ratio", 20.5),
        *("--min-aggregation", 30, "--max-aggregation", 90),
    )
    compare("slides_SAM_HQ_Output_A=60_R=20.5_Agg=30-90")
    until(qtbot, lambda: len(run.outputs.folders) == 2)
    assert run.outputs.folder.name == "slides_SAM_HQ_Output_A=60_R=20.5_Agg=30-90"
    until(qtbot, lambda: run.outputs.is_current)


def test_other_formats_and_what_is_in_the_output(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    assert run.outputs.export()
    until(qtbot, lambda: not run.outputs.is_busy)
    assert run.outputs.export_as("coco")
    until(qtbot, lambda: not run.outputs.is_busy)
    assert list(run.outputs.folder.glob("*coco.json"))
    with qtbot.waitSignal(run.outputs.picture_changed, timeout=WAIT_MS) as told:
        run.outputs.read_picture(("a/cells 1.png", 1))
    picture = cv2.imread(str(run.outputs.folder / "a" / "cells 1_sam_hq.png"))
    assert np.array_equal(told.args[0], picture[:, :, ::-1])
    with qtbot.waitSignal(run.outputs.picture_changed, timeout=WAIT_MS) as told:
        run.outputs.read_picture(("broken.png", 1))
    assert told.args[0] is None
    assert told.args[1]
    with qtbot.waitSignal(run.outputs.table_changed, timeout=WAIT_MS) as told:
        run.outputs.read_table("objects.csv")
    table = told.args[0]
    assert table.columns[:2] == ("image", "object")
    assert len(table.rows) == run.look.kept


def test_the_automatic_output_comes_after_one_that_is_being_written(qtbot, run, session, done_slides):
    notices = []
    session.notice.connect(notices.append)
    open_done(qtbot, run, done_slides)
    run.outputs.set_writes_after_run(True)
    run.phase_changed.connect(lambda: run.phase is Phase.FINISHED and run.outputs.export())
    run.start()
    wait_until_finished(qtbot, run)
    assert len([n for n in notices if n.startswith("Written")]) == 2
    until(qtbot, lambda: run.outputs.is_current)
    run.outputs.export()
    run.outputs.after_run()
    run.outputs.stop()
    until(qtbot, lambda: not run.outputs.is_busy)
    assert len([n for n in notices if n.startswith("Written")]) == 2


def test_an_output_of_half_the_run_is_not_current(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    run.outputs.export()
    until(qtbot, lambda: run.outputs.is_current)
    folder = run.outputs.folder
    small_copy("histology/nuclei_3.png", done_slides / "broken.png")
    run.start()
    wait_until_finished(qtbot, run)
    until(qtbot, lambda: "run has changed" in run.outputs.staleness)
    assert not run.outputs.is_current
    run.outputs.export()
    until(qtbot, lambda: run.outputs.is_current)
    assert run.outputs.folder == folder
    session.set_filter(min_area=60)
    assert "another filter" in run.outputs.staleness
    session.undo.undo()
    assert run.outputs.is_current
    session.set_draft("segmentation", "points_per_side", 3)
    session.apply_draft()
    run.start()
    wait_until_finished(qtbot, run)
    until(qtbot, lambda: run.facts.settings.segmentation.points_per_side == 3)
    assert not run.outputs.is_current


# -------------------------------------------------------------------- stored runs


def test_a_stored_run_is_opened_with_its_input(qtbot, run, slides):
    with api.run(slides, settings=run._session.settings) as made:
        made.filter().write()
        kept = sum(r.objects for r in made.records())
        folder = made.folder
    assert run.open_run(folder / "run.sqlite")
    assert run.look is None
    until(qtbot, lambda: run.look is not None and run.facts is not None and run.plan is not None)
    assert (run.source, run.out) == (slides, None)
    assert run.look.kept == run.look.found == kept
    assert run.plan.done == 2
    until(qtbot, lambda: run.outputs.folders)


def test_what_is_no_run_is_reported(qtbot, run, errors, tmp_path):
    run.open_run(tmp_path)
    until(qtbot, lambda: errors and run.folder is None)
    assert run.phase is Phase.EMPTY


def test_a_run_whose_images_moved_is_filtered_and_finds_them_again(qtbot, run, slides):
    with api.run(slides, settings=run._session.settings) as made:
        folder = made.folder
    moved = slides.parent / "elsewhere"
    shutil.move(slides, moved)
    run.open_run(folder)
    until(qtbot, lambda: run.look is not None and run.facts is not None)
    run.select(("a/cells 1.png", 1))
    until(qtbot, lambda: run.shown is not None)
    assert run.shown.rgb is None
    assert run.shown.problem
    assert len(run.shown.masks) == run.look.rows.found[0]
    run.set_images(moved)
    until(qtbot, lambda: run.shown.rgb is not None)
    assert not run.shown.problem


# -------------------------------------------------------------------- the image that is looked at


def test_the_shown_image_follows_filter_and_selection(qtbot, run, session, done_slides):
    open_done(qtbot, run, done_slides)
    run.select(("b/cells 2.png", 1))
    until(qtbot, lambda: run.shown is not None)
    filtered = run.filtered()
    assert len(filtered) == len(run.shown.masks)
    assert run.shown.level.shape == run.shown.rgb.shape[:2]
    with api.open_run(run.folder) as opened:
        record = opened.records()[1]
        stored = opened.filter(session.filter).image(record)
    assert np.array_equal(stored.masks.boxes, run.shown.masks.boxes)
    limit = float(np.median(filtered.initial_area)) + 0.5
    with qtbot.waitSignal(run.filtered_changed, timeout=WAIT_MS):
        session.set_filter(min_area=limit)
    assert np.array_equal(run.filtered().keep, filtered.initial_area >= limit)
    run.select(("broken.png", 1))
    until(qtbot, lambda: run.shown.key == ("broken.png", 1))
    assert run.shown.rgb is None
    assert run.shown.problem
    assert run.filtered() is None


def test_an_image_is_shown_before_its_turn_and_gets_its_objects_when_they_are_there(qtbot, run, slides):
    run.set_source(slides)
    run.select(("b/cells 2.png", 1))
    until(qtbot, lambda: run.shown is not None)
    assert run.shown.masks is None
    assert run.shown.rgb is not None
    run.start()
    wait_until_finished(qtbot, run)
    until(qtbot, lambda: run.shown is not None and run.shown.masks is not None)
    assert run.filtered() is not None


@pytest.mark.parametrize("with_out", [False, True])
def test_the_command_does_the_same(qtbot, run, session, slides, tmp_path, with_out):
    assert run.command() == ""
    if with_out:
        run.set_out(tmp_path / "results")
    run.set_source(slides)
    session.set_filter(min_area=60)
    words = run.command().split()
    assert words[1:3] == ["run", str(slides)]
    assert words[words.index("--min-area") + 1] == "60.0"
    assert words[words.index("--points-per-side") + 1] == "4"
    assert ("--out" in words) == with_out
