"""Where log lines go: into the model of the window, and into a file for each time it is open."""

from __future__ import annotations

import contextlib
import logging
import os
from datetime import datetime
from pathlib import Path

from PyQt6.QtCore import QStandardPaths

from samhq.files import long_path
from samhq.gui.log_model import LogModel

__all__ = ["KEPT", "LogFile", "install_log", "log_folder", "log_model", "open_log_file", "uninstall_log"]

KEPT = 10
"""Files that are kept from earlier times."""

_MOST_BYTES = 20 * 1024**2
_log = logging.getLogger(__name__)


class LogFile(logging.FileHandler):
    """Appends what is said to a file; gives up silently when that fails or it has become too long."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        if self.stream is None:
            return
        super().emit(record)
        if self.stream is not None and self.stream.tell() > _MOST_BYTES:
            self._give_up()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Stop writing: a full disk would fail again with each line, and the work matters more."""
        self._give_up()

    def _give_up(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def open_log_file(folder: Path) -> LogFile | None:
    """Begin a log file and remove those of long ago. Returns None where nothing can be written."""
    name = f"samhq-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    path = long_path(folder / name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = LogFile(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        _log.warning("%s: no log file is written: %s", folder, error)
        return None
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    _tidy(path.parent)
    return file


def _tidy(folder: Path) -> None:
    earlier = sorted(folder.glob("samhq-*.log"), key=lambda path: path.name)
    for path in earlier[: -KEPT - 1]:
        # Another window may hold it open.
        with contextlib.suppress(OSError):
            path.unlink()


class _Installed:
    model: LogModel | None = None
    file: LogFile | None = None


def log_model() -> LogModel:
    """The one model of the process; it is fed once install_log was called."""
    if _Installed.model is None:
        _Installed.model = LogModel()
    return _Installed.model


def log_folder() -> Path:
    """Where the window keeps its log files."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation)
    return Path(place) / "logs"


def install_log(folder: Path | None = None) -> LogModel:
    """Collect what samhq says, and warnings of libraries, in the model and in a file of its own.

    folder: of the file, None for log_folder(). May be called more than once. Returns the model.
    """
    model = log_model()
    root = logging.getLogger()
    if model.handler not in root.handlers:
        root.addHandler(model.handler)
        # Details of failures are kept too; the panel shows them when asked to.
        logging.getLogger("samhq").setLevel(logging.DEBUG)
    if _Installed.file is None:
        _Installed.file = open_log_file(folder if folder is not None else log_folder())
        if _Installed.file is not None:
            root.addHandler(_Installed.file)
    return model


def uninstall_log() -> None:
    """Undo install_log, for programs that go on without the window, such as tests."""
    root = logging.getLogger()
    root.removeHandler(log_model().handler)
    logging.getLogger("samhq").setLevel(logging.NOTSET)
    file, _Installed.file = _Installed.file, None
    if file is not None:
        root.removeHandler(file)
        file.close()
