"""Starting the window."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QSettings, Qt, QTimer
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from samhq import __version__
from samhq.gui.bars import Failure
from samhq.gui.icons import app_icon
from samhq.gui.jobs import Lane
from samhq.gui.log import install_log
from samhq.gui.session import Session
from samhq.gui.theme import apply_theme
from samhq.gui.translate import LANGUAGES, install_language, system_language, tr
from samhq.gui.window import MainWindow

__all__ = ["main", "make_application", "make_window", "start"]

_log = logging.getLogger(__name__)


class _Kept:
    """PyQt deletes the application, and every widget, with the last reference to it."""

    application: QApplication | None = None


def main() -> int:
    """Entry point of the desktop entry: every argument is something to open."""
    return start([Path(a) for a in sys.argv[1:] if not a.startswith("-")])


def start(paths: Sequence[Path] = ()) -> int:
    """Open the window on some paths and stay until it is closed. Returns the exit code."""
    # Threads that compute hand the interpreter over more often, or the event loop would wait for it.
    sys.setswitchinterval(0.001)
    application = make_application()
    memory = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "samhq", "samhq")
    window = make_window(memory)
    window.show()
    if os.environ.get("SAMHQ_TIME_START"):
        QTimer.singleShot(0, lambda: print_start_time(window))
    QTimer.singleShot(0, lambda: window.begin([p.absolute() for p in paths]))
    QTimer.singleShot(300, lambda: window.session.jobs.warm_up(Lane.ENGINE))
    return application.exec()


def make_application() -> QApplication:
    """The one QApplication of the process, made at the first call."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("samhq")
    application.setApplicationVersion(__version__)
    application.setOrganizationName("samhq")
    application.setDesktopFileName("samhq")
    application.setWindowIcon(app_icon())
    _Kept.application = application
    return application


def make_window(memory: QSettings | None = None) -> MainWindow:
    """A window with a session of its own, in the remembered language and theme; not yet shown."""
    application = make_application()
    session = Session(memory)
    language = session.memory.recall("language", system_language())
    install_language(language if language in LANGUAGES else "en")
    apply_theme(application, session.memory.recall("theme", "system"))
    install_log()
    window = MainWindow(session)
    sys.excepthook = _Hook(window)
    return window


class _Hook:
    """Shows what nobody caught over the tab instead of ending the program."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        _log.error("unexpected %s: %s\n%s", kind.__name__, error, details)
        session = self._window.session
        session.report_error(
            session.current_tab,
            Failure(
                what=tr("samhq itself failed"),
                why=tr(
                    "{kind}: {error}. Nothing stored is lost; please report it with the details.",
                    kind=kind.__name__,
                    error=error,
                ),
                details=details,
            ),
        )


def print_start_time(window: MainWindow) -> None:
    """Say how long the start took, for the benchmark that asks for it; then close."""
    import time

    import psutil

    born = psutil.Process().create_time()
    sys.stdout.write(f"{time.time() - born:.3f}\n")
    sys.stdout.flush()
    window.close()
