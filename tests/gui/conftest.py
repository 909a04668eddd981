"""Fixtures of the window's tests: everything offscreen, with the real engine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

MICROGRAPHS = Path(__file__).resolve().parents[2] / "src" / "samhq" / "micrographs"


@pytest.fixture
def micrograph(tmp_path):
    """A small real micrograph in a folder of its own."""
    target = tmp_path / "cells.png"
    shutil.copy(MICROGRAPHS / "bright_field" / "cells.png", target)
    return target


@pytest.fixture(scope="session", autouse=True)
def own_folders():
    """Log files and settings of the tests stay apart from those of the user."""
    from PyQt6.QtCore import QStandardPaths

    QStandardPaths.setTestModeEnabled(True)
    yield
    from samhq.gui.log import uninstall_log

    uninstall_log()


@pytest.fixture
def session(qapp):
    """A session that remembers nothing, closed after the test."""
    from samhq.gui.session import Session

    made = Session()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def held_widgets(monkeypatch):
    """Widgets of a test live until its end.

    pytest-qt holds them weakly: one that only its own cycles hold could be collected by Python while Qt paints it
    (painting an icon runs Python), which ends the process.
    """
    from pytestqt.qtbot import QtBot

    held = []
    add = QtBot.addWidget

    def add_and_hold(self, widget, **options):
        held.append(widget)
        add(self, widget, **options)

    monkeypatch.setattr(QtBot, "addWidget", add_and_hold)
    yield
    held.clear()
