"""The menu of exports: every format, and choices that are in force at once."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu, QWidget

from samhq.cli.batch import FORMATS
from samhq.export_settings import SHAPE_NAMES
from samhq.gui.export_menu import ExportMenu
from samhq.gui.export_words import MASK_FORMATS, RUN_FORMATS, format_text
from samhq.settings import iter_fields


@pytest.fixture
def asked():
    return []


@pytest.fixture
def menu(qtbot, session, asked):
    parent = QWidget()
    qtbot.addWidget(parent)
    yield ExportMenu(session, RUN_FORMATS, asked.append, parent=parent)
    del parent  # held until here: Qt deletes the menu with it


def action_of(menu: QMenu, name: str) -> QAction:
    action = menu.findChild(QAction, name)
    assert action is not None, name
    return action


def test_the_window_has_every_format_of_the_command_line(menu):
    assert set(RUN_FORMATS) == set(FORMATS)
    assert set(MASK_FORMATS) == set(FORMATS) - {"masks"}
    assert len({format_text(name) for name in RUN_FORMATS}) == len(RUN_FORMATS)


def test_every_format_asks_for_itself(menu, asked):
    for name in RUN_FORMATS:
        action_of(menu, f"export_{name}").trigger()
    assert asked == list(RUN_FORMATS)


def test_the_menu_of_one_image_has_no_format_for_runs_only(qtbot, session, asked):
    parent = QWidget()
    qtbot.addWidget(parent)
    small = ExportMenu(session, MASK_FORMATS, asked.append, parent=parent)
    assert small.findChild(QAction, "export_masks") is None
    assert small.findChild(QAction, "export_geojson") is not None


def test_shapes_are_chosen_one_by_one_all_or_none(menu, session):
    action_of(menu, "export_shape_solidity").trigger()
    action_of(menu, "export_shape_perimeter").trigger()
    assert session.settings.export.shape == "perimeter,solidity"
    assert session.draft.export.shape == "perimeter,solidity"
    action_of(menu, "export_shape_solidity").trigger()
    assert session.settings.export.shapes == ("perimeter",)
    action_of(menu, "export_shape_all").trigger()
    assert session.settings.export.shapes == SHAPE_NAMES
    assert all(action_of(menu, f"export_shape_{name}").isChecked() for name in SHAPE_NAMES)
    action_of(menu, "export_shape_none").trigger()
    assert session.settings.export.shape == "none"
    assert not any(action_of(menu, f"export_shape_{name}").isChecked() for name in SHAPE_NAMES)


def test_the_list_of_shapes_stays_open_while_boxes_are_checked(qtbot, menu, session):
    shapes = menu.findChild(QMenu, "export_shape_menu")
    shapes.popup(menu.mapToGlobal(menu.rect().topLeft()))
    for name in ("extent", "orientation"):
        place = shapes.actionGeometry(action_of(menu, f"export_shape_{name}")).center()
        qtbot.mouseClick(shapes, Qt.MouseButton.LeftButton, pos=place)
        assert shapes.isVisible()
    assert session.settings.export.shapes == ("orientation", "extent")
    shapes.setActiveAction(action_of(menu, "export_shape_extent"))
    qtbot.keyClick(shapes, Qt.Key.Key_Space)
    assert session.settings.export.shapes == ("orientation",)
    assert shapes.isVisible()
    shapes.close()


def test_columns_kinds_and_pictures_are_chosen_and_shown(menu, session):
    action_of(menu, "export_columns_cellprofiler").trigger()
    action_of(menu, "export_qupath_object_cell").trigger()
    action_of(menu, "export_yolo_pictures").trigger()
    chosen = session.settings.export
    assert (chosen.columns, chosen.qupath_object, chosen.yolo_pictures) == ("cellprofiler", "cell", False)
    session.set_values("export", columns="imagej", yolo_pictures=True, shape="extent")
    menu.aboutToShow.emit()
    assert action_of(menu, "export_columns_imagej").isChecked()
    assert not action_of(menu, "export_columns_cellprofiler").isChecked()
    assert action_of(menu, "export_yolo_pictures").isChecked()
    assert "1" in menu.findChild(QMenu, "export_shape_menu").title()


def test_every_choice_of_the_settings_is_in_the_menu(menu):
    names = {name for group, name, _ in iter_fields() if group == "export"}
    in_menu = {
        name
        for name in names
        if any(a.objectName().startswith(f"export_{name}") for a in menu.findChildren(QAction))
    }
    assert names - in_menu == {"class_name"}  # a text: in the configuration file


def test_applying_and_resetting_parameters_leaves_the_choices(menu, session):
    action_of(menu, "export_columns_imagej").trigger()
    session.set_draft("output", "label", "none")
    session.apply_draft()
    assert session.settings.export.columns == "imagej"
    session.reset_draft_to_defaults()
    session.apply_draft()
    assert session.settings.export.columns == "imagej"
