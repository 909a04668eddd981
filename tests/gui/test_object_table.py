"""The table of objects: sorted, linked both ways with the selection, exact in tooltips and copies."""

from __future__ import annotations

import numpy as np
import pytest
from mask_scene import grid_scene, open_scene, put_masks
from PyQt6.QtCore import QItemSelectionModel, QPoint, Qt
from PyQt6.QtGui import QGuiApplication

from samhq.gui.object_table import ObjectTable, exact_text


def table_for(qtbot, session, path, per_side):
    rgb, masks = grid_scene(per_side=per_side)
    open_scene(qtbot, session, path, rgb)
    document = put_masks(session, masks)
    table = ObjectTable(document)
    qtbot.addWidget(table)
    table.resize(900, 400)
    table.show()
    return table


@pytest.fixture
def table(qtbot, session, tmp_path):
    return table_for(qtbot, session, tmp_path / "grid.png", 10)


def column(table, name):
    at = next(i for i, head in enumerate(table.model.heads) if head.name == name)
    return at, [table.model.value(row, at) for row in range(table.model.rowCount())]


def shown_selection(table):
    return sorted(index.row() for index in table.view.selectionModel().selectedRows())


def press_row(qtbot, table, row, modifier=Qt.KeyboardModifier.NoModifier):
    table.view.scrollTo(table.model.index(row, 1))
    place = table.view.visualRect(table.model.index(row, 1)).center()
    qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def test_sorting_moves_rows_and_keeps_object_numbers(table):
    at, before = column(table, "ratio")
    table.view.sortByColumn(at, Qt.SortOrder.DescendingOrder)
    _, after = column(table, "ratio")
    assert after == sorted(before, reverse=True)
    _, numbers = column(table, "object")
    assert [before[n - 1] for n in numbers] == after
    assert table.model.masks_at(0) == numbers[0] - 1


def test_the_order_stays_when_the_filter_changes(table, session):
    at, _ = column(table, "ratio")
    table.view.sortByColumn(at, Qt.SortOrder.DescendingOrder)
    session.set_filter(min_ratio=40.0)
    _, values = column(table, "ratio")
    assert 0 < len(values) < 100
    assert values == sorted(values, reverse=True)


def test_rows_select_masks_and_masks_select_rows(qtbot, table):
    document = table.model._document
    press_row(qtbot, table, 4)
    press_row(qtbot, table, 6, Qt.KeyboardModifier.ShiftModifier)
    assert np.flatnonzero(document.selected).tolist() == [4, 5, 6]
    document.select_indices(np.array([1, 9]))
    assert shown_selection(table) == [1, 9]
    document.session.undo.undo()
    assert shown_selection(table) == [4, 5, 6]


def test_the_selection_follows_its_masks_when_rows_are_sorted(qtbot, table):
    document = table.model._document
    document.select_indices(np.array([0, 1, 2]))
    at, _ = column(table, "ratio")
    table.view.sortByColumn(at, Qt.SortOrder.DescendingOrder)
    assert shown_selection(table) == [97, 98, 99]
    assert np.flatnonzero(document.selected).tolist() == [0, 1, 2]


def test_a_double_click_asks_for_the_mask(qtbot, table):
    at, _ = column(table, "ratio")
    table.view.sortByColumn(at, Qt.SortOrder.DescendingOrder)
    place = table.view.visualRect(table.model.index(2, 1)).center()
    with qtbot.waitSignal(table.zoom_requested, timeout=1000) as asked:
        qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseDClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked.args == [97]


def test_cells_are_rounded_and_tooltips_and_copies_are_exact(qtbot, table):
    document = table.model._document
    document.select_indices(np.array([7]))
    at, values = column(table, "ratio")
    index = table.model.index(7, at)
    assert index.data() == f"{values[7]:.2f}"
    assert float(index.data(Qt.ItemDataRole.ToolTipRole)) == document.filtered.ratio[7]
    qtbot.keyClick(table.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 2
    copied = dict(zip(lines[0].split("\t"), lines[1].split("\t"), strict=True))
    assert float(copied["intensity"]) == document.filtered.intensity[7]
    assert copied["predicted_iou"] == str(document.masks.predicted_iou[7])
    assert copied["object"] == "8"


def test_without_a_selection_everything_is_copied(table):
    table.copy()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 101


def test_totals_and_means_are_those_of_the_rows(table, session):
    session.set_filter(min_ratio=40.0)
    document = table.model._document
    keep = document.filtered.keep
    heads = [head.name for head in table.model.heads]
    total = [table.totals.value(0, heads.index(n)) for n in ("object", "area_px", "intensity", "ratio")]
    area, intensity = document.filtered.area[keep].sum(), document.filtered.intensity[keep].sum()
    assert total == [keep.sum(), area, intensity, intensity / area]
    assert table.totals.value(1, heads.index("ratio")) == pytest.approx(document.filtered.ratio[keep].mean())
    session.set_filter(min_ratio=100.0)
    assert table.totals.value(0, heads.index("area_px")) is None


def test_totals_stand_below_their_columns_wherever_the_table_is_scrolled(qtbot, table):
    table.resize(400, 300)
    bar = table.view.horizontalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0, timeout=2000)
    for place in (0, bar.maximum() // 2, bar.maximum()):
        bar.setValue(place)
        for number in range(len(table.model.heads)):
            above = table.view.columnViewportPosition(number)
            assert table.footer.columnViewportPosition(number) == above, (place, number)


def test_exact_text_is_that_of_exported_files():
    assert exact_text(np.int64(12)) == "12"
    assert exact_text(np.float64(0.1) + 0.2) == "0.30000000000000004"
    assert exact_text(np.float32(0.91)) == "0.91"
    assert exact_text(np.float64("nan")) == ""


def test_ctrl_click_adds_to_a_selection_too_scattered_for_rows(qtbot, session, tmp_path):
    table = table_for(qtbot, session, tmp_path / "many.png", 40)
    document = session.masks
    every_second = np.arange(1600) % 2 == 0
    document.select(every_second)
    assert shown_selection(table) == []  # Qt does not know of them
    colour = table.model.index(2, 0).data(Qt.ItemDataRole.BackgroundRole)
    assert colour is not None
    assert table.model.index(3, 0).data(Qt.ItemDataRole.BackgroundRole) is None
    press_row(qtbot, table, 3, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(document.selected, every_second | (np.arange(1600) == 3))
    press_row(qtbot, table, 4, Qt.KeyboardModifier.ControlModifier)
    assert not document.selected[4]
    press_row(qtbot, table, 7)
    assert np.flatnonzero(document.selected).tolist() == [7]


def test_ten_thousand_rows_follow_filter_and_selection_at_once(qtbot, session, tmp_path):
    table = table_for(qtbot, session, tmp_path / "many.png", 100)
    document = session.masks
    scattered = np.random.default_rng(1).random(10_000) < 0.3
    for act in (
        lambda: session.set_filter(min_ratio=30.0),
        lambda: document.select(scattered),
        lambda: session.set_filter(min_ratio=35.0),
        lambda: table.view.sortByColumn(3, Qt.SortOrder.DescendingOrder),
        document.select_all,
    ):
        act()
        assert table.model.rowCount() == len(document.rows())


def test_the_keyboard_goes_on_from_the_same_object_after_a_filter(qtbot, table, session):
    view = table.view
    press_row(qtbot, table, 60)
    session.set_filter(min_ratio=30.0)
    assert table.model.masks_at(view.currentIndex().row()) == 60
    view.selectionModel().setCurrentIndex(view.currentIndex(), QItemSelectionModel.SelectionFlag.NoUpdate)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert np.flatnonzero(session.masks.selected).tolist() == [61]
    assert view.visualRect(view.currentIndex()).contains(
        QPoint(5, view.visualRect(view.currentIndex()).center().y())
    )
