"""Choosing the plane of a microscopy file in the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PyQt6.QtWidgets import QComboBox, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from samhq.gui.plane_chooser import PlaneChooser
from samhq.gui.session import Session

RNG = np.random.default_rng(3)
# z, channel, y, x
STACK = RNG.integers(0, 65536, (4, 2, 40, 50), dtype=np.uint16)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / "stack.ome.tif"
    facts = {"axes": "ZCYX", "Channel": {"Name": ["DAPI", "GFP"]}}
    tifffile.imwrite(path, STACK, photometric="minisblack", metadata=facts)
    return path


@pytest.fixture
def chooser(qtbot: QtBot, session: Session) -> PlaneChooser:
    widget = PlaneChooser(session)
    qtbot.addWidget(widget)
    return widget


def opened(qtbot: QtBot, session: Session, path: Path) -> None:
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        session.open_paths([path])


def child(widget: QWidget, kind: type[Any], name: str) -> Any:
    found = widget.findChild(kind, name)
    assert found is not None
    return found


def level(session: Session) -> np.ndarray:
    assert session.image is not None
    return session.image.image.level


def test_a_file_with_many_planes_opens_at_its_first(
    qtbot: QtBot, session: Session, chooser: PlaneChooser, stack: Path
) -> None:
    opened(qtbot, session, stack)
    assert np.array_equal(level(session), STACK[0, 0])
    assert not chooser.isHidden()
    box = child(chooser, QComboBox, "plane_measured")
    assert [box.itemText(i) for i in range(box.count())] == ["DAPI", "GFP"]
    assert child(chooser, QSpinBox, "plane_z").maximum() == 4
    for name, kind in (("plane_scene", QComboBox), ("plane_t", QSpinBox), ("plane_page", QSpinBox)):
        assert child(chooser, kind, name).isHidden()


def test_another_slice_and_channel_are_opened(
    qtbot: QtBot, session: Session, chooser: PlaneChooser, stack: Path
) -> None:
    opened(qtbot, session, stack)
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        child(chooser, QSpinBox, "plane_z").setValue(3)
    assert np.array_equal(level(session), STACK[2, 0])
    box = child(chooser, QComboBox, "plane_measured")
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        box.setCurrentIndex(1)
        box.activated.emit(1)
    assert np.array_equal(level(session), STACK[2, 1])
    before = session.image.image.rgb
    shown = child(chooser, QComboBox, "plane_shown")
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        shown.setCurrentIndex(1)
        shown.activated.emit(1)
    assert np.array_equal(level(session), STACK[2, 1])
    assert not np.array_equal(session.image.image.rgb, before)
    assert shown.currentIndex() == 1
    settings = session.settings_for_command().image
    assert (settings.page, settings.channel_shown) == (6, "1")


def test_settings_choose_the_plane_that_opens(
    qtbot: QtBot, session: Session, chooser: PlaneChooser, stack: Path
) -> None:
    session.take_settings(
        session.settings.updated(
            {"image": {"channel_measured": "gfp", "z_slice": 2, "channel_shown": "DAPI"}}
        )
    )
    opened(qtbot, session, stack)
    assert np.array_equal(level(session), STACK[1, 1])
    assert child(chooser, QSpinBox, "plane_z").value() == 2
    assert child(chooser, QComboBox, "plane_shown").currentIndex() == 1
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        child(chooser, QSpinBox, "plane_z").setValue(4)
    assert np.array_equal(level(session), STACK[3, 1])
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        session.take_settings(session.settings.updated({"image": {"z_slice": 1}}))
    assert np.array_equal(level(session), STACK[0, 1])


def test_pages_without_places_have_a_number(
    qtbot: QtBot, session: Session, chooser: PlaneChooser, tmp_path: Path, micrograph: Path
) -> None:
    path = tmp_path / "pages.tif"
    tifffile.imwrite(path, STACK[:, 0], photometric="minisblack")
    opened(qtbot, session, path)
    page = child(chooser, QSpinBox, "plane_page")
    assert (page.isHidden(), page.maximum()) == (False, 4)
    assert child(chooser, QComboBox, "plane_measured").isHidden()
    with qtbot.waitSignal(session.image_changed, timeout=10_000):
        page.setValue(2)
    assert np.array_equal(level(session), STACK[1, 0])
    opened(qtbot, session, micrograph)
    assert chooser.isHidden()
