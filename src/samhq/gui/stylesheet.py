"""The one stylesheet of the window, filled with the colours of a scheme."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from PyQt6.QtGui import QColor

if TYPE_CHECKING:
    from samhq.gui.theme import Colors

__all__ = ["stylesheet"]

_SHEET = Template("""
QToolTip { background: $base; color: $text; border: 1px solid $outline; padding: 4px 6px; }

QMenuBar { background: $window; color: $text; padding: 2px 4px; border-bottom: 1px solid $border; }
QMenuBar::item { background: transparent; padding: 4px 9px; border-radius: 4px; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: $hover; color: $text; }
QMenu { background: $base; color: $text; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 26px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: $selection; color: $text; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $border; margin: 4px 6px; }
QMenu::icon { padding-left: 8px; }

QPushButton { background: $base; color: $text; border: 1px solid $outline; border-radius: 5px;
    padding: 4px 12px; min-height: 1.35em; }
QPushButton:hover { background: $hover; }
QPushButton:pressed, QPushButton:checked { background: $selection; color: $text; border-color: $accent; }
QPushButton:focus { border: 2px solid $accent; padding: 3px 11px; }
QPushButton:disabled { background: $window; color: $disabled; border-color: $border; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border-color: $accent;
    font-weight: 600; }
QPushButton[role="primary"]:hover { background: $accent_hover; color: $on_accent; }
QPushButton[role="primary"]:pressed { background: $accent_hover; color: $on_accent; }
QPushButton[role="primary"]:focus { border: 2px solid $text; }
QPushButton[role="primary"]:disabled { background: $hover; color: $disabled; border-color: $border; }
QPushButton[role="danger"] { background: $base; color: $error; border-color: $error; }
QPushButton[role="danger"]:hover, QPushButton[role="danger"]:pressed { background: $error;
    color: $on_accent; }
QPushButton[role="danger"]:disabled { background: $window; color: $disabled; border-color: $border; }
QPushButton[role="quiet"] { background: transparent; border-color: transparent; }
QPushButton[role="quiet"]:hover { background: $hover; color: $text; }
QPushButton[role="quiet"]:focus { border-color: $accent; }
QPushButton::menu-indicator { image: url($down); width: 12px; height: 12px;
    subcontrol-position: right center; subcontrol-origin: padding; right: 6px; }

QToolButton { background: transparent; color: $text; border: 1px solid transparent; border-radius: 4px;
    padding: 3px; }
QToolButton:hover { background: $hover; color: $text; }
QToolButton:pressed, QToolButton:checked { background: $selection; color: $text; border-color: $accent; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $disabled; }
QToolButton[popupMode="1"] { padding-right: 16px; }
QToolButton[popupMode="2"] { padding-right: 14px; }
QToolButton::menu-indicator { image: url($down); width: 10px; subcontrol-position: right center; right: 2px; }
QToolButton::menu-button { width: 14px; border: none; }
QToolButton::menu-arrow { image: url($down); width: 10px; }
QToolBar { border: none; spacing: 3px; padding: 2px; }
QToolBar::separator { width: 1px; background: $border; margin: 4px 3px; }

QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; border: 1px solid transparent;
    border-bottom: 3px solid transparent; padding: 6px 14px 5px 14px; margin-right: 2px; }
QTabBar::tab:hover { background: $hover; color: $text; border-top-left-radius: 5px;
    border-top-right-radius: 5px; }
QTabBar::tab:selected { color: $text; border-bottom: 3px solid $accent; }
QTabBar::tab:focus { color: $text; border: 1px solid $accent; border-bottom: 3px solid $accent;
    border-top-left-radius: 5px; border-top-right-radius: 5px; }
QTabBar::tab:disabled { color: $disabled; }

QGroupBox { background: transparent; border: 1px solid $border; border-radius: 6px; margin-top: 0.75em;
    padding: 0.75em 4px 4px 4px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; subcontrol-position: top left; left: 10px; padding: 0 4px;
    color: $text; background: $window; }
QGroupBox::title:disabled { color: $disabled; }

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit { background: $base; color: $text;
    border: 1px solid $outline; border-radius: 4px; selection-background-color: $accent;
    selection-color: $on_accent; }
QLineEdit { padding: 4px 6px; min-height: 1.25em; }
QAbstractSpinBox, QComboBox { padding: 3px 4px 3px 6px; min-height: 1.25em; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { background: transparent; border: none; padding: 0;
    min-height: 0; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border: 2px solid $accent; }
QLineEdit:focus { padding: 3px 5px; }
QAbstractSpinBox:focus, QComboBox:focus { padding: 2px 3px 2px 5px; }
QAbstractSpinBox QLineEdit:focus, QComboBox QLineEdit:focus { border: none; padding: 0; }
QLineEdit:read-only { background: $window; color: $text; border-color: $border; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled, QPlainTextEdit:disabled,
QTextEdit:disabled { background: $window; color: $disabled; border-color: $border; }
QComboBox::drop-down { subcontrol-origin: padding; subcontrol-position: center right; width: 20px;
    border: none; }
QComboBox::down-arrow { image: url($down); width: 12px; height: 12px; }
QComboBox::down-arrow:disabled { image: url($down_off); }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { subcontrol-origin: border; width: 18px;
    border: none; background: transparent; }
QAbstractSpinBox::up-button { subcontrol-position: top right; margin: 2px 2px 0 0; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin: 0 2px 2px 0; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $hover; }
QAbstractSpinBox::up-arrow { image: url($up); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url($down); width: 10px; height: 10px; }
QAbstractSpinBox::up-arrow:disabled, QAbstractSpinBox::up-arrow:off { image: url($up_off); }
QAbstractSpinBox::down-arrow:disabled, QAbstractSpinBox::down-arrow:off { image: url($down_off); }

QCheckBox, QRadioButton { color: $text; spacing: 7px; padding: 2px; border: 1px solid transparent;
    border-radius: 4px; }
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QCheckBox::indicator, QAbstractItemView::indicator, QGroupBox::indicator { width: 14px; height: 14px;
    border: 1px solid $outline; border-radius: 3px; background: $base; }
QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid $outline; border-radius: 8px;
    background: $base; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked, QGroupBox::indicator:checked {
    background: $accent; border-color: $accent; image: url($check); }
QCheckBox::indicator:indeterminate, QAbstractItemView::indicator:indeterminate { background: $accent;
    border-color: $accent; image: url($dash); }
QRadioButton::indicator:checked { background: $accent; border-color: $accent; image: url($dot); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { background: $window;
    border-color: $border; }
QCheckBox::indicator:checked:disabled, QRadioButton::indicator:checked:disabled { background: $disabled;
    border-color: $disabled; }

QSlider { min-height: 20px; border: 1px solid transparent; border-radius: 4px; }
QSlider:focus { border-color: $accent; }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $base; border: 2px solid $accent; width: 12px; height: 12px;
    margin: -6px 0; border-radius: 8px; }
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus { background: $accent; }
QSlider::sub-page:horizontal:disabled { background: $disabled; }
QSlider::handle:horizontal:disabled { border-color: $disabled; background: $window; }

QAbstractItemView { background: $base; color: $text; alternate-background-color: $alternate;
    border: 1px solid $border; border-radius: 4px; selection-background-color: $selection;
    selection-color: $text; gridline-color: $border; outline: none; }
QAbstractItemView:focus { border: 1px solid $accent; }
QComboBox QAbstractItemView, QComboBox QAbstractItemView:focus { background: $base; color: $text;
    border: 1px solid $outline; border-radius: 0; selection-background-color: $selection;
    selection-color: $text; }
QTableView::item, QTreeView::item, QListView::item { padding: 2px 4px; }
QAbstractItemView::item:hover { background: $hover; }
QAbstractItemView::item:selected { background: $selection; }
QTableView::item:focus { border: 1px solid $accent; }
QHeaderView { background: $alternate; border: none; }
QHeaderView::section { background: $alternate; color: $text; border: none;
    border-right: 1px solid $border; border-bottom: 1px solid $border; padding: 7px 6px 4px 6px;
    font-weight: 600; }
QHeaderView::section:vertical { color: $muted; font-weight: normal; padding: 2px 6px; }
QHeaderView::section:hover { background: $hover; color: $text; }
QHeaderView::up-arrow { image: url($up); width: 9px; height: 9px; subcontrol-position: top center; }
QHeaderView::down-arrow { image: url($down); width: 9px; height: 9px; subcontrol-position: top center; }
QTableCornerButton::section { background: $alternate; border: none; border-bottom: 1px solid $border; }

QProgressBar { background: $base; color: $text; border: 1px solid $outline; border-radius: 4px;
    text-align: center; min-height: 8px; }
QProgressBar::chunk { background: $progress; border-radius: 3px; }
QProgressBar[role="thin"] { background: $border; border: none; border-radius: 2px; min-height: 5px;
    max-height: 5px; }
QProgressBar[role="thin"]::chunk { background: $accent; border-radius: 2px; }

QScrollArea { background: transparent; border: none; }
QAbstractScrollArea::corner { background: transparent; }
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 11px; }
QScrollBar:horizontal { height: 11px; }
QScrollBar::handle { background: $outline; border-radius: 3px; margin: 2px 3px 2px 2px; }
QScrollBar::handle:horizontal { margin: 2px 2px 3px 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover, QScrollBar::handle:pressed { background: $muted; }
QScrollBar::handle:disabled { background: $border; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; margin: 0 2px; }
QSplitter::handle:vertical { height: 1px; margin: 2px 0; }
QSplitter::handle:hover { background: $accent; }
QStatusBar { background: $window; color: $text; border-top: 1px solid $border; }
QStatusBar::item { border: none; }

QLabel[role="title"] { color: $text; font-size: 15pt; font-weight: 600; }
QLabel[role="heading"] { color: $text; font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="error"] { color: $error; }
QLabel[role="warning"] { color: $warning; }
QLabel[role="ok"] { color: $ok; }
QLabel:disabled { color: $disabled; }
QWidget[role="card"] { background: $base; border: 1px solid $border; border-radius: 6px; }
QWidget[role="side"] { background: $window; border: none; }
QWidget[role="strip"] { background: $alternate; border: none; border-top: 1px solid $border; }
QWidget[role="error_bar"] { background: $error_bar; border: 1px solid $error; border-radius: 6px; }
QWidget[role="warning_bar"] { background: $warning_bar; border: 1px solid $warning; border-radius: 6px; }
QWidget[role="info_bar"] { background: $info_bar; border: 1px solid $accent; border-radius: 6px; }
QLabel[role="chip"] { color: $text; }
""")

_PICTURES = ("down", "up", "down_off", "up_off", "check", "dash", "dot")


def stylesheet(chosen: Colors, *, dark: bool) -> str:
    """The stylesheet in the colours of a scheme. dark: which arrows and check marks fit it."""
    values = {
        field.name: color.name()
        for field in fields(chosen)
        if isinstance(color := getattr(chosen, field.name), QColor)
    }
    folder = Path(str(files("samhq.gui") / "pictures"))
    scheme = "dark" if dark else "light"
    for name in _PICTURES:
        # Quoted and with slashes: folders of users hold blanks, and Windows has backslashes.
        path = (folder / f"{name.replace('_', '-')}-{scheme}.svg").as_posix()
        values[name] = f'"{path}"'
    return _SHEET.substitute(values)
