"""Failures, notices and empty states, as they are said in the window."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QCursor, QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from samhq.gui import bars, theme
from samhq.gui.bars import EmptyState, ErrorBar, Failure, Notice


def child(widget: QWidget, name: str) -> QPushButton:
    found = widget.findChild(QWidget, name)
    assert found is not None, name
    return found  # type: ignore[return-value]


def press(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def clipboard_text() -> str:
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    return clipboard.text()


# ---------------------------------------------------------------- failures


@pytest.fixture
def bar(qtbot: QtBot) -> ErrorBar:
    """An error bar at the top of a tab, as in the window."""
    page = QWidget()
    layout = QVBoxLayout(page)
    made = ErrorBar()
    layout.addWidget(made)
    layout.addStretch(1)
    page.resize(800, 400)
    qtbot.addWidget(page)
    page.show()
    made.page = page  # type: ignore[attr-defined]
    return made


def test_the_bar_is_hidden_until_something_fails(bar: ErrorBar) -> None:
    assert not bar.isVisible()
    bar.show_failure(Failure("huge.tif cannot be read", "It has <3 pages> & more."))
    assert bar.isVisible()
    assert child(bar, "error_what").text() == "huge.tif cannot be read"
    why = bar.findChild(QLabel, "error_why")
    assert why is not None
    assert why.text() == "It has <3 pages> & more."
    assert why.textFormat() == Qt.TextFormat.PlainText, "a file name is no markup"
    assert "huge.tif cannot be read" in bar.accessibleName()
    assert not child(bar, "error_remedy").isVisible()
    assert not child(bar, "error_details").isVisible()
    bar.clear()
    assert not bar.isVisible()
    assert bar.failure is None


def test_the_remedy_helps_and_takes_the_failure_away_first(bar: ErrorBar) -> None:
    seen: list[bool] = []
    bar.show_failure(Failure("a", "b", "Use the starter model", lambda: seen.append(bar.isVisible())))
    remedy = child(bar, "error_remedy")
    assert remedy.text() == remedy.accessibleName() == "Use the starter model"
    press(remedy)
    assert seen == [False]


def test_a_remedy_that_fails_is_shown(bar: ErrorBar) -> None:
    bar.show_failure(Failure("a", "b", "Help", lambda: bar.show_failure(Failure("c", "d"))))
    press(child(bar, "error_remedy"))
    assert bar.isVisible()
    assert bar.failure == Failure("c", "d")


def test_details_unfold_and_are_copied(bar: ErrorBar) -> None:
    bar.show_failure(Failure("what", "why", details="Traceback\nValueError"))
    more = bar.findChild(QPlainTextEdit, "error_more")
    assert more is not None
    assert not more.isVisible()
    press(child(bar, "error_details"))
    assert more.isVisible()
    assert more.toPlainText() == "Traceback\nValueError"
    press(child(bar, "error_copy"))
    assert clipboard_text() == "what\n\nwhy\n\nTraceback\nValueError"
    bar.show_failure(Failure("next", "why", details="other"))
    assert not more.isVisible(), "details of the next failure are folded again"


def test_close_and_escape_put_the_bar_away(bar: ErrorBar, qtbot: QtBot) -> None:
    bar.show_failure(Failure("a", "b"))
    with qtbot.waitSignal(bar.closed):
        press(child(bar, "error_close"))
    assert not bar.isVisible()
    bar.show_failure(Failure("a", "b"))
    QTest.keyClick(child(bar, "error_copy"), Qt.Key.Key_Escape)
    assert not bar.isVisible()


def test_a_long_reason_is_wrapped_and_not_cut(bar: ErrorBar, qtbot: QtBot) -> None:
    bar.show_failure(Failure("a", "short", "Use the starter model", lambda: None))
    QApplication.processEvents()
    low = bar.height()
    bar.show_failure(Failure("a", "a long reason " * 60, "Use the starter model", lambda: None))
    why = child(bar, "error_why")
    qtbot.waitUntil(lambda: bar.height() > low + 30, timeout=2000)
    assert why.height() >= why.heightForWidth(why.width())
    assert bar.width() <= 800


def test_the_bar_has_the_colours_of_its_meaning(bar: ErrorBar) -> None:
    theme.apply_theme(QApplication.instance(), "light")  # type: ignore[arg-type]
    bar.show_failure(Failure("a", "b"))
    QApplication.processEvents()
    image = bar.grab().toImage()
    assert image.pixelColor(image.width() // 2, 4) == theme.colors().error_bar


# ---------------------------------------------------------------- notices


@pytest.fixture
def notice(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Notice:
    monkeypatch.setattr(bars, "_NOTICE_MS", 60)
    page = QWidget()
    qtbot.addWidget(page)
    made = Notice()
    work = QLineEdit()
    layout = QVBoxLayout(page)
    layout.addStretch(1)
    layout.addWidget(work)
    layout.addWidget(made)
    page.resize(600, 400)
    page.show()
    page.activateWindow()
    work.setFocus()
    QCursor.setPos(page.mapToGlobal(page.rect().topRight()) + QPoint(50, 0))
    made.page = page  # type: ignore[attr-defined]
    return made


def test_a_notice_goes_by_itself(notice: Notice, qtbot: QtBot) -> None:
    notice.show_notice("Configuration saved")
    assert notice.isVisible()
    assert notice.text() == notice.accessibleName() == "Configuration saved"
    qtbot.waitUntil(lambda: not notice.isVisible(), timeout=2000)


def test_a_lasting_notice_stays_and_its_offer_is_taken(notice: Notice, qtbot: QtBot) -> None:
    taken: list[int] = []
    notice.show_notice("short")
    notice.show_notice("Go on?", action="Go on", callback=lambda: taken.append(1), lasting=True)
    qtbot.wait(150)
    assert notice.isVisible()
    press(child(notice, "notice_action"))
    assert taken == [1]
    assert not notice.isVisible()


def test_a_notice_does_not_vanish_from_under_the_keyboard(notice: Notice, qtbot: QtBot) -> None:
    notice.show_notice("Go on?", action="Go on", callback=lambda: None)
    button = child(notice, "notice_action")
    button.setFocus()
    qtbot.waitUntil(button.hasFocus, timeout=2000)
    qtbot.wait(200)
    assert notice.isVisible()
    button.clearFocus()
    qtbot.waitUntil(lambda: not notice.isVisible(), timeout=2000)


def test_a_notice_without_an_offer_shows_no_button(notice: Notice) -> None:
    notice.show_notice("x", action="y", callback=lambda: None)
    notice.show_notice("z", level="warning")
    assert not child(notice, "notice_action").isVisible()


def test_an_empty_state_says_what_to_do(qtbot: QtBot) -> None:
    done: list[str] = []
    state = EmptyState(
        "image",
        "Drop an image here",
        "or choose one",
        [
            ("&Open image…", lambda: done.append("open")),
            ("Try it on a sample", lambda: done.append("sample")),
        ],
    )
    qtbot.addWidget(state)
    state.resize(600, 400)
    state.show()
    press(child(state, "empty_button_0"))
    press(child(state, "empty_button_1"))
    assert done == ["open", "sample"]
    assert child(state, "empty_button_0").property("role") == "primary"
    assert child(state, "empty_button_0").accessibleName() == "Open image"
    assert state.accessibleName() == "Drop an image here"


def test_every_button_of_the_bars_has_a_name(qtbot: QtBot) -> None:
    for widget in (ErrorBar(), Notice()):
        qtbot.addWidget(widget)
        buttons = widget.findChildren(QToolButton)
        assert buttons
        assert all(button.accessibleName() and button.toolTip() for button in buttons)
