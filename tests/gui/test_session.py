"""The session: opening things, settings and drafts, configuration files, undo, memory."""

from __future__ import annotations

import json
import shutil

import pytest
from PyQt6.QtCore import QSettings

from samhq.gui.session import Session
from samhq.settings import Settings, iter_fields

OTHER = {
    "points_per_side": 8,
    "shape": "perimeter,solidity",
    "columns": "imagej",
    "qupath_object": "cell",
    "class_name": "nucleus",
    "prompts": "adaptive",
    "prompt_polarity": "bright",
    "model": "vit_b",
    "point_grids": None,
    "device": "cpu",
    "page": 2,
    "scene": None,
    "channel_measured": None,
    "channel_shown": "DAPI",
    "z_slice": None,
    "time_point": None,
    "pixel_size": 0.25,
    "polarity": "bright",
    "overlaps": "exclusive",
    "precision": "fp32",
    "label": "number",
    "output_mode": "coco_rle",
    "pictures": False,
    "contact_sheet": True,
    "log_scale": True,
    "threads": 2,
    "black_percentile": 1.0,
    "white_percentile": 99.0,
    "stretch": "none",
    "crop_n_layers": 1,
    "crop_n_points_downscale_factor": 2,
    "intensity_range": "percentile",
    "black_point": None,
    "white_point": None,
    "min_aggregation": 12.5,
    "max_aggregation": 87.5,
}


@pytest.fixture
def errors(session):
    found = []
    session.error_reported.connect(lambda tab, failure: found.append((tab, failure)))
    return found


def opened(qtbot, session, path):
    with qtbot.waitSignal(session.image_changed, timeout=10000):
        session.open_paths([path])


def test_opening_an_image_shows_it_and_remembers_it(qtbot, session, micrograph):
    opened(qtbot, session, micrograph)
    assert session.image.path == micrograph
    assert session.image.image.rgb.shape[:2] == session.image.image.level.shape
    assert session.memory.recent("image") == [micrograph]


def test_the_image_asked_for_last_is_the_one_shown(qtbot, session, micrograph):
    second = micrograph.with_name("second.png")
    shutil.copy(micrograph, second)
    shown = []
    session.image_changed.connect(lambda image: shown.append(image.path))
    session.open_paths([micrograph])
    session.open_paths([second])
    qtbot.waitUntil(lambda: bool(shown) and shown[-1] == second, timeout=10000)
    qtbot.wait(200)
    assert session.image.path == second
    assert shown == [second]


def test_what_is_not_there_or_no_image_is_an_error_over_the_tab(qtbot, session, errors, tmp_path):
    session.open_paths([tmp_path / "gone.png"])
    assert "gone.png" in errors[-1][1].what
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    session.open_paths([broken])
    qtbot.waitUntil(lambda: len(errors) == 2, timeout=10000)
    assert "broken.png" in errors[-1][1].what
    assert session.image is None


def test_a_filter_is_in_force_at_once_and_can_be_undone(session):
    seen = []
    session.filter_changed.connect(lambda f: seen.append(f.min_area))
    assert session.set_filter(min_area=50)
    assert session.set_filter(min_ratio=10.0)
    session.undo.undo()
    session.undo.undo()
    assert session.filter == Settings().filter
    session.undo.redo()
    assert session.filter.min_area == 50
    assert seen == [50, 50, 50, None, 50]


def test_a_drag_of_one_threshold_is_one_step_back(session):
    for area in range(10, 60):
        session.set_filter(min_area=area)
    session.undo.undo()
    assert session.filter.min_area is None


def test_an_impossible_filter_is_reported_and_changes_nothing(session, errors):
    session.set_filter(min_aggregation=40)
    assert not session.set_filter(max_aggregation=20)
    assert session.filter.max_aggregation == 100
    assert "max_aggregation" in errors[-1][1].why


def test_a_draft_is_not_in_force_before_it_is_applied(session):
    session.set_draft("segmentation", "points_per_side", 16)
    session.set_draft("output", "label", "number")
    assert session.settings.segmentation.points_per_side == 32
    assert session.unapplied() == [("segmentation", "points_per_side"), ("output", "label")]
    session.set_filter(min_area=7)
    assert session.unapplied() == [("segmentation", "points_per_side"), ("output", "label")]
    session.apply_draft()
    assert session.settings.segmentation.points_per_side == 16
    assert session.filter.min_area == 7
    assert session.unapplied() == []
    session.reset_draft_to_defaults()
    assert session.draft.segmentation == Settings().segmentation
    assert session.draft.filter.min_area == 7


def test_every_setting_survives_saving_and_loading(session, tmp_path):
    values = {}
    for group, name, field in iter_fields():
        value = OTHER.get(name, ...)
        if value is ...:
            least, most = 0.0, 100.0
            for bound in field.metadata:
                least, most = getattr(bound, "ge", least), getattr(bound, "le", most)
            value = type(field.default if field.default is not None else 1.0)((least + min(most, 40)) / 2)
        values.setdefault(group, {})[name] = value
    values["segmentation"].pop("point_grids")
    for name in ("black_point", "white_point"):
        values["image"].pop(name)
    chosen = Settings().updated(values)
    assert chosen.to_dict() != Settings().to_dict()
    session.take_settings(chosen)
    assert session.save_configuration(tmp_path / "mine.json")
    session.take_settings(Settings())
    assert session.load_configuration(tmp_path / "mine.json")
    assert session.settings == chosen
    assert session.draft == chosen


def test_a_configuration_of_an_older_version_loads(session, errors, tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"schema_version": 1, "filter": {"min_area": 99}}), encoding="utf-8")
    assert session.load_configuration(path)
    assert session.filter.min_area == 99
    assert errors == []


@pytest.mark.parametrize(
    ("text", "word"),
    [("{broken", "line 1"), ('{"schema_version": 99}', "99"), ("[]", "JSON object"), ("", "empty")],
)
def test_a_broken_configuration_changes_nothing_and_says_where(session, errors, tmp_path, text, word):
    session.set_filter(min_area=5)
    before = session.settings
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    assert not session.load_configuration(path)
    assert session.settings == before
    assert word in errors[-1][1].why
    assert "broken.json" in errors[-1][1].why


def test_unknown_and_impossible_values_are_listed_and_the_rest_loads(session, errors, tmp_path):
    path = tmp_path / "mixed.json"
    data = {"schema_version": 2, "filter": {"min_area": 12, "min_ratio": 400, "colour": 1}, "moon": {}}
    path.write_text(json.dumps(data), encoding="utf-8")
    assert session.load_configuration(path)
    assert session.filter.min_area == 12
    assert session.filter.min_ratio is None
    for word in ("min_ratio", "colour", "moon"):
        assert word in errors[-1][1].why


def test_a_configuration_that_cannot_be_written_is_reported(session, errors, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert not session.save_configuration(tmp_path / "file" / "x.json")
    assert "file" in errors[-1][1].why


def test_the_next_start_offers_what_was_worked_on(qtbot, qapp, tmp_path, micrograph):
    memory = QSettings(str(tmp_path / "memory.ini"), QSettings.Format.IniFormat)
    first = Session(memory)
    opened(qtbot, first, micrograph)
    first.set_filter(min_area=33)
    first.current_tab = "masks"
    first.close()
    second = Session(memory)
    last = second.memory.session()
    assert last["image"] == str(micrograph)
    tabs = []
    second.tab_requested.connect(tabs.append)
    with qtbot.waitSignal(second.image_changed, timeout=10000):
        second.restore(last)
    assert second.filter.min_area == 33
    assert tabs[-1] == "masks"
    second.close()


def test_a_model_is_looked_at(qtbot, session):
    with qtbot.waitSignal(session.model_changed, timeout=60000):
        session.look_at_model()
    assert session.model.info.architecture == "vit_tiny"
    assert session.model.device


def test_a_model_that_is_none_is_reported_with_a_way_out(qtbot, session, errors, tmp_path):
    path = tmp_path / "model.pth"
    path.write_bytes(b"no model")
    with qtbot.waitSignal(session.error_reported, timeout=60000):
        session.set_model(str(path))
    assert "model.pth" in errors[-1][1].why
    with qtbot.waitSignal(session.model_changed, timeout=60000):
        errors[-1][1].action()
    assert session.settings.segmentation.model == "starter"


def test_undo_after_loading_a_configuration_brings_its_filter_back(session, tmp_path):
    session.set_filter(min_area=10)
    path = tmp_path / "mine.json"
    path.write_text('{"filter": {"min_area": 500, "min_ratio": 20}}', encoding="utf-8")
    assert session.load_configuration(path)
    session.undo.undo()
    assert session.filter.min_area == 10
    assert session.filter.min_ratio is None
    session.undo.redo()
    assert (session.filter.min_area, session.filter.min_ratio) == (500, 20)


def test_a_change_of_settings_does_not_bring_the_old_image_back(qtbot, session, micrograph):
    second = micrograph.with_name("second.png")
    shutil.copy(micrograph, second)
    opened(qtbot, session, micrograph)
    session.open_image(second)
    session.set_draft("image", "stretch", "none")
    session.apply_draft()
    qtbot.waitUntil(lambda: session.image.path == second, timeout=10000)
    qtbot.wait(300)
    assert session.image.path == second
    assert session.image.settings.stretch == "none"


def test_what_decides_how_an_image_is_read_is_taken_first(qtbot, session, micrograph, tmp_path):
    path = tmp_path / "bright.json"
    path.write_text('{"image": {"stretch": "none"}}', encoding="utf-8")
    with qtbot.waitSignal(session.image_changed, timeout=10000):
        session.open_paths([micrograph, path])
    assert session.image.settings.stretch == "none"


def test_of_several_dropped_images_the_first_is_opened_and_that_is_said(qtbot, session, micrograph):
    second = micrograph.with_name("second.png")
    shutil.copy(micrograph, second)
    said = []
    session.notice.connect(said.append)
    with qtbot.waitSignal(session.image_changed, timeout=10000):
        session.open_paths([micrograph, second])
    qtbot.wait(200)
    assert session.image.path == micrograph
    assert "2" in said[-1]


def test_another_model_is_unknown_until_it_was_looked_at(qtbot, session):
    with qtbot.waitSignal(session.model_changed, timeout=60000):
        session.look_at_model()
    seen = []
    session.model_changed.connect(seen.append)
    session.set_model("vit_b")
    assert seen == [None]
    assert session.model is None


def test_opening_an_image_leaves_errors_of_other_things_standing(qtbot, session, micrograph):
    session.fail("The batch stopped", "The disk is full.")
    opened(qtbot, session, micrograph)
    assert session.failures[session.current_tab].what == "The batch stopped"


def test_a_percentile_range_is_measured_on_the_image_itself(qtbot, session, micrograph):
    values = {"intensity_range": "percentile", "black_percentile": 1, "white_percentile": 99}
    session.take_settings(Settings().updated({"image": values}))
    opened(qtbot, session, micrograph)
    assert session.image.image.scale.kind == "percentile"


def test_a_start_in_which_nothing_was_opened_does_not_forget_the_session_before(
    qtbot, qapp, tmp_path, micrograph
):
    memory = QSettings(str(tmp_path / "memory.ini"), QSettings.Format.IniFormat)
    first = Session(memory)
    opened(qtbot, first, micrograph)
    first.close()
    Session(memory).close()
    assert Session(memory).memory.session()["image"] == str(micrograph)
