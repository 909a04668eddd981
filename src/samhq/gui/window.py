"""The main window: tabs, menus, log panel, strip at the bottom, drag and drop."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QMessageBox,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from samhq.gui.bars import ErrorBar, Failure, JobStrip, ModelChip, Notice
from samhq.gui.jobs import Lane
from samhq.gui.log import LogPanel
from samhq.gui.menus import Menus
from samhq.gui.monitor import SystemStrip
from samhq.gui.session import TABS, Session
from samhq.gui.theme import apply_theme, set_role
from samhq.gui.translate import install_language, tr
from samhq.monitor import Monitor

__all__ = ["MainWindow", "TabPage"]

_log = logging.getLogger(__name__)
_CLOSE_WITHIN_MS = 1500
_TAB_PAUSE_MS = 200


class TabPage(QWidget):
    """One tab: the bar for errors, and below it the view, made when the tab is first shown."""

    def __init__(self, name: str, make: Callable[[], QWidget]) -> None:
        super().__init__()
        self.name = name
        self.view: QWidget | None = None
        self._make = make
        self.error_bar = ErrorBar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.error_bar)
        self._layout = layout

    def open(self) -> QWidget:
        """The view, made now if it was not yet."""
        if self.view is None:
            self.view = self._make()
            self.view.setObjectName(f"{self.name}_tab")
            self._layout.addWidget(self.view, 1)
            if self.isVisible():
                self.view.show()  # at once, not at the next turn of the event loop
        return self.view


class MainWindow(QMainWindow):
    """Shows a Session. Everything in it is made anew from the session when the language changes."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._may_close = False
        self._question: QMessageBox | None = None
        self.setWindowTitle("samhq")
        self.setAcceptDrops(True)
        self.setMinimumSize(760, 520)
        self.resize(1280, 800)
        self.menus = Menus(self)
        self._build()
        session.error_reported.connect(self._show_error)
        session.error_cleared.connect(lambda tab: self.page(tab).error_bar.clear())
        session.tab_requested.connect(self.show_tab)
        session.notice.connect(self._show_notice)
        session.discard_asked.connect(self._ask_to_discard)
        session.image_changed.connect(self._title)
        session.jobs.current_changed.connect(lambda job: self.job_strip.set_job(job))
        session.model_changed.connect(lambda _: self._show_model())
        session.settings_changed.connect(lambda _: self._show_model())
        geometry = session.memory.recall_bytes("window/geometry")
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self.pages = {name: TabPage(name, partial(self._make_view, name)) for name in TABS}
        titles = {
            "aggregation": tr("Aggregation Analysis"),
            "masks": tr("Mask Analysis"),
            "batch": tr("Batch Processing"),
            "parameters": tr("SAM-HQ Parameters"),
        }
        self.tabs = QTabWidget()
        self.tabs.setObjectName("tabs")
        self.tabs.setAccessibleName(tr("Tabs"))
        self.tabs.setDocumentMode(True)
        for name, page in self.pages.items():
            self.tabs.addTab(page, titles[name])
        self.log_panel = LogPanel()
        self.log_panel.failed.connect(lambda why: self.session.fail(tr("The log was not saved"), why))
        self.log_panel.set_collapsed(self.session.memory.recall("log/collapsed", True))
        self.log_panel.collapsed_changed.connect(lambda c: self.session.memory.remember("log/collapsed", c))
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("log_splitter")
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self.log_panel)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setCollapsible(0, False)
        self.notice_bar = Notice()
        self.strip = self._make_strip()
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice_bar)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.strip)
        self.setCentralWidget(central)
        self.menus.build()
        self.tabs.currentChanged.connect(self._on_tab)
        self.tabs.tabBarClicked.connect(
            lambda index: QTimer.singleShot(0, lambda: self._give_keyboard(index))
        )
        self.show_tab(self.session.current_tab)
        self._on_tab(self.tabs.currentIndex())
        self._show_model()
        self.job_strip.set_job(self.session.jobs.current)
        for name, failure in self.session.failures.items():
            self.page(name).error_bar.show_failure(failure)
        for name, page in self.pages.items():
            page.error_bar.closed.connect(partial(self.session.failures.pop, name, None))

    def _make_strip(self) -> QWidget:
        strip = QWidget()
        strip.setObjectName("bottom_strip")
        set_role(strip, "strip")
        layout = QHBoxLayout(strip)
        layout.setContentsMargins(8, 3, 8, 3)
        self.model_chip = ModelChip()
        self.model_chip.clicked.connect(lambda: self.show_tab("parameters"))
        self.job_strip = JobStrip()
        self.system_strip = SystemStrip()
        layout.addWidget(self.model_chip)
        layout.addWidget(self.job_strip, 1)
        layout.addWidget(self.system_strip)
        return strip

    def _make_view(self, name: str) -> QWidget:
        # Imported when first shown: pyqtgraph and its like take a part of the two seconds a start may take.
        if name == "aggregation":
            from samhq.gui.tabs.aggregation import AggregationTab

            return AggregationTab(self.session)
        if name == "masks":
            from samhq.gui.tabs.masks import MasksTab

            return MasksTab(self.session)
        if name == "batch":
            from samhq.gui.tabs.batch import BatchTab

            return BatchTab(self.session)
        from samhq.gui.tabs.parameters import ParametersTab

        return ParametersTab(self.session)

    def rebuild(self) -> None:
        """Make all widgets anew from the session, after the language changed."""
        tab = self.session.current_tab
        old = self.centralWidget()
        self.system_strip.stop()
        self._build()
        if (new := self.centralWidget()) is not None:
            new.show()  # at once, not at the next turn of the event loop
        if old is not None:
            old.deleteLater()
        self.show_tab(tab)

    # ------------------------------------------------------------ tabs

    def page(self, tab: str) -> TabPage:
        """The page of a tab by its name."""
        return self.pages[tab]

    def show_tab(self, tab: str) -> None:
        """Bring a tab to the front, and the keyboard to it."""
        self.tabs.setCurrentIndex(TABS.index(tab))
        self._give_keyboard(TABS.index(tab))

    def _give_keyboard(self, index: int) -> None:
        # Qt leaves it with the bar of tabs, where the keys of the view mean nothing.
        view = self.page(TABS[index]).view if index >= 0 else None
        if view is not None and not view.isAncestorOf(self.focusWidget() or self):
            view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_tab(self, index: int) -> None:
        self.session.current_tab = TABS[index]
        self.page(TABS[index]).open()

    # ------------------------------------------------------------ what the session says

    def _show_error(self, tab: str, failure: Failure) -> None:
        self.page(tab).error_bar.show_failure(failure)

    def _show_notice(self, text: str) -> None:
        _log.info("%s", text)
        self.notice_bar.show_notice(text)

    def _title(self, image: object) -> None:
        opened = self.session.image
        self.setWindowTitle(f"{opened.name} - samhq" if opened is not None else "samhq")

    def _show_model(self) -> None:
        facts = self.session.model
        name = Path(self.session.settings.segmentation.model).name
        if facts is None:
            self.model_chip.set_model(name, "", "", "", "unknown")
        else:
            self.model_chip.set_model(name, facts.info.architecture, facts.device, facts.precision, "ready")

    # ------------------------------------------------------------ beginning

    def begin(self, paths: list[Path]) -> None:
        """Open what the command named; without anything, offer what was worked on last."""
        if self._may_close:  # closed before the first turn of the event loop
            return
        if paths:
            self.session.open_paths(paths)
        else:
            self._offer_last_session()
        self.session.look_at_model()
        QTimer.singleShot(_TAB_PAUSE_MS, self._make_next_tab)
        QTimer.singleShot(1500, self._load_libraries)

    def _make_next_tab(self) -> None:
        # One after the other while the user still looks around, so that none holds him up when he goes there.
        waiting = [page for page in self.pages.values() if page.view is None]
        if waiting and not self._may_close:
            waiting[0].open()
            QTimer.singleShot(_TAB_PAUSE_MS, self._make_next_tab)

    def _load_libraries(self) -> None:
        # Now, while the user still looks around: at their first use they would hold up the event loop.
        if not self._may_close:
            self.session.jobs.submit(tr("Loading"), Lane.LIGHT, _load_libraries)

    def _offer_last_session(self) -> None:
        last = self.session.memory.session()
        if last is None or not (last.get("image") or last.get("run")):
            return
        name = Path(last.get("run") or last["image"]).name
        self.notice_bar.show_notice(
            tr("Last time you worked on {name}.", name=name),
            action=tr("Go on with it"),
            callback=lambda: self.session.restore(last),
            lasting=True,
        )

    # ------------------------------------------------------------ language and theme

    def set_language(self, language: str) -> None:
        """Show the window in another language from now on."""
        install_language(language)
        self.session.memory.remember("language", language)
        self.rebuild()

    def set_theme(self, mode: str) -> None:
        """Use "light", "dark" or the "system" theme from now on."""
        from samhq.gui.app import make_application

        self.session.memory.remember("theme", mode)
        apply_theme(make_application(), mode)

    # ------------------------------------------------------------ drag and drop

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take files and folders from anywhere."""
        if event is not None and (data := event.mimeData()) is not None and data.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 - Qt's name
        """Open what was dropped."""
        if event is None or (data := event.mimeData()) is None:
            return
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        event.acceptProposedAction()
        # After the drop is over, or the program the files come from would wait.
        QTimer.singleShot(0, lambda: self.session.open_paths(paths))

    # ------------------------------------------------------------ closing

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Ask before work is stopped; then stop it cleanly and go."""
        if event is None:
            return
        if self._may_close or not (self.session.jobs.is_busy() or self.session.has_unsaved_edits):
            self._leave()
            event.accept()
            return
        event.ignore()
        if self.session.jobs.is_busy():
            self._ask(
                tr("Work is still going on. Stop it and close?"),
                tr("Everything finished so far is kept; the next start goes on from there."),
                yes=tr("Stop and close"),
                no=tr("Keep working"),
                action=self._stop_and_close,
            )
        else:
            self._ask_to_discard(self._stop_and_close)

    def _ask_to_discard(self, action: Callable[[], object]) -> None:
        self._ask(
            tr("Masks were corrected by hand and not exported yet. Discard the corrections?"),
            tr("Export writes them into files; Save Marked Image writes a picture."),
            yes=tr("Discard"),
            no=tr("Keep them"),
            action=action,
        )

    def _ask(self, text: str, more: str, *, yes: str, no: str, action: Callable[[], object]) -> None:
        """Ask something that cannot be taken back; the event loop goes on meanwhile."""
        if self._question is not None:
            return
        box = QMessageBox(self)
        box.setObjectName("question")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(text)
        box.setInformativeText(more)
        accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(no, QMessageBox.ButtonRole.RejectRole)
        box.finished.connect(lambda _: self._on_answer(action if box.clickedButton() is accept else None))
        self._question = box
        box.open()

    def _on_answer(self, action: Callable[[], object] | None) -> None:
        self._question = None
        if action is not None:
            action()

    def _stop_and_close(self) -> None:
        self._may_close = True
        self.session.jobs.stop_all()
        self._close_when_quiet(_CLOSE_WITHIN_MS)

    def _close_when_quiet(self, left_ms: int) -> None:
        if left_ms <= 0 or not self.session.jobs.is_busy():
            self.close()
            return
        QTimer.singleShot(50, lambda: self._close_when_quiet(left_ms - 50))

    def _leave(self) -> None:
        self._may_close = True
        self.session.memory.remember_bytes("window/geometry", self.saveGeometry())
        self.system_strip.stop()
        self.session.close()


def _load_libraries(*, monitor: Monitor, partial: object) -> None:
    """Import what analyses and charts need."""
    for name in ("scipy.ndimage", "scipy.signal", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        monitor.check()
        importlib.import_module(name)
