"""The main window: tabs, menus, drops, errors, language and theme, closing."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest
import slow_work
from PyQt6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, QSettings, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PyQt6.QtWidgets import QApplication, QMessageBox, QPushButton, QTextBrowser, QWidget

from samhq import api
from samhq.gui.app import make_window
from samhq.gui.bars import Failure
from samhq.gui.canvas import CanvasMode
from samhq.gui.jobs import Lane
from samhq.gui.session import TABS
from samhq.gui.translate import current_language


@pytest.fixture
def window(qtbot, tmp_path):
    before = sys.excepthook
    made = make_window(QSettings(str(tmp_path / "memory.ini"), QSettings.Format.IniFormat))
    made.resize(1100, 740)
    made.show()
    made.activateWindow()
    with qtbot.waitActive(made):
        pass
    yield made
    made._may_close = True
    made.close()
    sys.excepthook = before
    made.deleteLater()


def drop(window, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, buttons, keys))


def action(window, text):
    for menu in window.menuBar().actions():
        for entry in menu.menu().actions():
            if entry.text().replace("&", "").startswith(text):
                return entry
    raise AssertionError(f"no menu entry {text}")


def test_every_tab_opens_with_its_key(qtbot, window):
    for number, name in enumerate(TABS, start=1):
        qtbot.keyClick(window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
        assert window.session.current_tab == name
        assert window.page(name).view is not None
        assert window.page(name).view.isVisible()


@pytest.mark.parametrize("way", ["click", "key"])
def test_keys_of_a_tab_work_as_soon_as_it_is_shown(qtbot, window, micrograph, way):
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        drop(window, micrograph)
    if way == "click":
        bar = window.tabs.tabBar()
        qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    else:
        qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    qtbot.wait(50)
    focus = QApplication.focusWidget()
    assert focus is window.page("masks").view or window.page("masks").view.isAncestorOf(focus)
    qtbot.keyClick(focus, Qt.Key.Key_M)
    assert window.page("masks").view.canvas.mode is CanvasMode.RECTANGLE
    qtbot.keyClick(focus, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: window.session.masks.is_generating, timeout=5000)
    window.session.masks.stop()


class ShownWindows(QObject):
    """Notes every widget that is shown as a window of its own."""

    def __init__(self):
        super().__init__()
        self.names = []

    def eventFilter(self, watched, event):  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.names.append(f"{type(watched).__name__} {watched.objectName()}")
        return False


def test_no_control_flashes_up_as_a_window_of_its_own(qtbot, window, micrograph):
    watcher = ShownWindows()
    QApplication.instance().installEventFilter(watcher)
    try:
        for name in TABS:
            window.show_tab(name)
            qtbot.wait(20)
        with qtbot.waitSignal(window.session.image_changed, timeout=10000):
            drop(window, micrograph)
        window.set_language("zh_CN")
        window.set_language("en")
        qtbot.wait(100)
    finally:
        QApplication.instance().removeEventFilter(watcher)
    assert watcher.names == []


def test_a_dropped_image_opens_and_a_dropped_configuration_is_in_force(qtbot, window, micrograph, tmp_path):
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        drop(window, micrograph)
    assert micrograph.name in window.windowTitle()
    configuration = tmp_path / "mine.json"
    configuration.write_text('{"schema_version": 2, "filter": {"min_area": 77}}', encoding="utf-8")
    with qtbot.waitSignal(window.session.filter_changed, timeout=5000):
        drop(window, configuration)
    assert window.session.filter.min_area == 77


def test_a_dropped_folder_opens_in_the_batch_tab(qtbot, window, micrograph):
    with qtbot.waitSignal(window.session.tab_requested, timeout=5000):
        drop(window, micrograph.parent)
    assert window.session.current_tab == "batch"


def test_an_error_stands_over_its_tab_with_details_until_it_is_closed(qtbot, window, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    with qtbot.waitSignal(window.session.error_reported, timeout=10000):
        drop(window, broken)
    bar = window.page(window.session.current_tab).error_bar
    assert bar.isVisible()
    assert "broken.png" in bar.failure.what
    bar.clear()
    assert not bar.isVisible()


def test_an_exception_in_a_slot_is_shown_and_the_window_goes_on(qtbot, window, caplog):
    hook = sys.excepthook
    try:
        raise KeyError("lost")
    except KeyError as error:
        hook(type(error), error, error.__traceback__)
    bar = window.page(window.session.current_tab).error_bar
    assert "KeyError" in bar.failure.why
    assert 'raise KeyError("lost")' in bar.failure.details
    assert window.isVisible()


def test_the_language_changes_while_the_window_is_open(qtbot, window, micrograph):
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        drop(window, micrograph)
    window.session.set_filter(min_area=31)
    window.show_tab("masks")
    window.set_language("zh_CN")
    try:
        assert current_language() == "zh_CN"
        assert window.tabs.tabText(1) == "掩膜分析"
        assert window.session.current_tab == "masks"
        assert window.session.filter.min_area == 31
        assert window.session.image.path == micrograph
        for name in TABS:
            window.show_tab(name)
            assert window.page(name).view.isVisible()
    finally:
        window.set_language("en")
    assert window.tabs.tabText(1) == "Mask Analysis"
    assert window.session.memory.recall("language", "") == "en"


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_theme_changes_while_the_window_is_open(qtbot, window, mode):
    window.set_theme(mode)
    brightness = window.grab().toImage().pixelColor(window.width() // 2, window.height() // 2).lightness()
    assert (brightness < 128) == (mode == "dark")
    window.set_theme("light")


def test_every_menu_entry_that_needs_no_file_does_its_work(qtbot, window):
    for text in ("Undo", "Redo", "Copy as Command", "Log", "Log"):
        action(window, text).trigger()
    for text in ("Manual", "Keyboard", "About"):
        before = set(window.findChildren(QTextBrowser))
        action(window, text).trigger()
        new = set(window.findChildren(QTextBrowser)) - before
        assert len(new) == 1
        page = new.pop().window()
        assert page is not window
        assert page.isVisible()
        assert page.findChild(QTextBrowser).toPlainText().strip()
        page.close()


def test_the_command_of_a_tab_lands_on_the_clipboard(qtbot, window, micrograph):
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        drop(window, micrograph)
    for tab, word in (("aggregation", "aggregate"), ("masks", "run")):
        window.show_tab(tab)
        action(window, "Copy as Command").trigger()
        text = QGuiApplication.clipboard().text()
        assert f" {word} " in text
        assert micrograph.name in text


def test_every_control_has_a_name_for_screen_readers(qtbot, window, micrograph):
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        drop(window, micrograph)
    for name in TABS:
        window.show_tab(name)
    nameless = []
    for widget in window.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            text = getattr(widget, "text", None)
            said = widget.accessibleName() or (text() if callable(text) else "")
            parent = widget.parentWidget()
            inner = parent is not None and parent.accessibleName()  # the line edit of a spin box
            if not said and not inner:
                nameless.append((type(widget).__name__, widget.objectName()))
    assert nameless == []


def test_closing_without_work_closes(qtbot, window):
    qtbot.waitUntil(lambda: not window.session.jobs.is_busy(), timeout=60000)
    assert window.close()


def test_closing_during_work_asks_and_keeps_it_if_told(qtbot, window):
    job = window.session.jobs.submit("long", Lane.ENGINE, slow_work.listen)
    with qtbot.waitSignal(job.started, timeout=20000):
        pass
    assert not window.close()
    question = window.findChild(QMessageBox, "question")
    assert question.isVisible()
    keep = next(b for b in question.findChildren(QPushButton) if "Keep" in b.text())
    qtbot.mouseClick(keep, Qt.MouseButton.LeftButton)
    assert window.isVisible()
    assert not job.is_over
    assert not window.close()
    question = next(q for q in window.findChildren(QMessageBox) if q.isVisible())
    stop = next(b for b in question.findChildren(QPushButton) if "Stop" in b.text())
    qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)
    assert job.state == "cancelled"


def test_geometry_is_remembered(qtbot, tmp_path):
    memory = QSettings(str(tmp_path / "memory.ini"), QSettings.Format.IniFormat)
    before = sys.excepthook
    sizes = []
    for size in ((780, 610), None):
        made = make_window(memory)
        if size:
            made.resize(*size)
        made.show()
        qtbot.waitExposed(made)
        sizes.append((made.width(), made.height()))
        made.close()
        made.deleteLater()
    sys.excepthook = before
    assert sizes[0] == sizes[1] == (780, 610)


def test_nothing_is_cut_off_in_a_small_window(qtbot, window, micrograph):
    window.resize(1024, 700)
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        drop(window, micrograph)
    for language in ("en", "zh_CN"):
        window.set_language(language)
        for name in TABS:
            window.show_tab(name)
            QApplication.processEvents()
            assert (window.width(), window.height()) == (1024, 700), name
            assert cut_off(window) == [], (language, name)
    window.set_language("en")


def cut_off(window):
    """Buttons and labels whose text has less room than it needs."""
    found = []
    for button in window.findChildren(QPushButton):
        if button.isVisible() and button.width() < button.minimumSizeHint().width():
            found.append((button.objectName(), button.text(), button.width()))
    return found


def test_the_log_shows_what_happens(qtbot, window):
    logging.getLogger("samhq.test").warning("a thing to note")
    qtbot.waitUntil(lambda: window.log_panel.model.total > 0, timeout=3000)


def test_it_begins_with_what_the_command_named(qtbot, window, micrograph):
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        window.begin([micrograph])
    assert window.session.image.path == micrograph


def test_it_offers_to_go_on_with_the_last_session(qtbot, tmp_path, micrograph):
    memory = QSettings(str(tmp_path / "memory.ini"), QSettings.Format.IniFormat)
    before = sys.excepthook
    first = make_window(memory)
    first.show()
    with qtbot.waitSignal(first.session.image_changed, timeout=10000):
        first.begin([micrograph])
    first.session.set_filter(min_area=41)
    first.close()
    second = make_window(memory)
    second.show()
    second.begin([])
    offer = second.notice_bar.findChild(QPushButton, "notice_action")
    assert offer.isVisible()
    with qtbot.waitSignal(second.session.image_changed, timeout=10000):
        qtbot.mouseClick(offer, Qt.MouseButton.LeftButton)
    assert second.session.image.path == micrograph
    assert second.session.filter.min_area == 41
    second._may_close = True
    second.close()
    sys.excepthook = before
    for window in (first, second):
        window.deleteLater()


WHOLE_WAY = """
import sys
from pathlib import Path
from PyQt6.QtCore import QTimer
from samhq.gui.app import make_application, make_window

application = make_application()
window = make_window()
window.show()
session = window.session
session.set_draft("segmentation", "points_per_side", 8)
session.apply_draft()
session.image_changed.connect(lambda _: (window.show_tab("masks"), session.masks.generate()))
window.begin([Path(sys.argv[1])])

def look():
    if session.masks.masks is None or session.masks.is_generating or session.model is None:
        QTimer.singleShot(50, look)
        return
    print("torch" in sys.modules, "pandas" in sys.modules, len(session.masks.masks) > 0)
    window._may_close = True
    window.close()

QTimer.singleShot(50, look)
application.exec()
"""


def test_the_process_of_the_window_never_loads_pytorch():
    image = api.sample_folder() / "histology" / "nuclei_4.png"
    command = [sys.executable, "-c", WHOLE_WAY, str(image)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["False", "False", "True"]


def corrected(qtbot, window, micrograph):
    """A window whose masks were corrected by hand."""
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        drop(window, micrograph)
    document = window.session.masks
    document.edits.stroke(np.array([(40.0, 40.0), (60.0, 44.0)]), 6.0, erase=False)
    qtbot.waitUntil(lambda: window.session.has_unsaved_edits, timeout=60000)
    return document


def answer(qtbot, window, word):
    question = next(q for q in window.findChildren(QMessageBox) if q.isVisible())
    qtbot.mouseClick(
        next(b for b in question.findChildren(QPushButton) if word in b.text()), Qt.MouseButton.LeftButton
    )


def test_corrections_are_not_lost_to_another_image_without_a_question(qtbot, window, micrograph):
    document = corrected(qtbot, window, micrograph)
    second = micrograph.with_name("second.png")
    second.write_bytes((api.sample_folder() / "histology" / "nuclei_1.png").read_bytes())
    drop(window, second)
    qtbot.waitUntil(lambda: any(q.isVisible() for q in window.findChildren(QMessageBox)), timeout=5000)
    answer(qtbot, window, "Keep")
    assert window.session.image.path == micrograph
    assert len(document.masks) == 1
    drop(window, second)
    qtbot.waitUntil(lambda: any(q.isVisible() for q in window.findChildren(QMessageBox)), timeout=5000)
    with qtbot.waitSignal(window.session.image_changed, timeout=10000):
        answer(qtbot, window, "Discard")
    assert window.session.image.path == second


def test_corrections_are_not_lost_to_closing_without_a_question(qtbot, window, micrograph):
    corrected(qtbot, window, micrograph)
    qtbot.waitUntil(lambda: not window.session.jobs.is_busy(), timeout=60000)
    assert not window.close()
    answer(qtbot, window, "Keep")
    assert window.isVisible()
    assert not window.close()
    answer(qtbot, window, "Discard")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)


def test_a_change_of_language_keeps_the_running_job_and_the_error(qtbot, window):
    job = window.session.jobs.submit("long", Lane.ENGINE, slow_work.listen)
    with qtbot.waitSignal(job.started, timeout=20000):
        pass
    window.session.report_error("batch", Failure(what="It stopped", why="The disk is full."))
    window.set_language("zh_CN")
    try:
        assert window.job_strip.job is job
        assert window.page("batch").error_bar.failure.what == "It stopped"
    finally:
        window.set_language("en")
        job.stop()


def test_a_window_that_is_closed_at_once_begins_nothing(qtbot, window, micrograph):
    assert window.close()
    window.begin([micrograph])
    assert window.session.jobs.jobs() == []
