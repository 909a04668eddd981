"""Windows that explain: the manual, the keys, where samhq comes from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QTextBrowser, QVBoxLayout, QWidget

from samhq import __version__
from samhq.gui.translate import tr

__all__ = ["manual_folder", "show_about", "show_keys", "show_manual"]

_CHAPTERS = {
    "aggregation": "window-aggregation.md",
    "masks": "window-masks.md",
    "batch": "window-batch.md",
    "parameters": "window-parameters.md",
}


def manual_folder() -> Path | None:
    """Where the manual lies: in the installed package, or beside the sources; None if it is nowhere."""
    package = Path(str(files("samhq")))
    for folder in (package / "manual", package.parents[1] / "docs"):
        if (folder / "index.md").is_file():
            return folder
    return None


class _Page(QWidget):
    """A page of text in a window of its own, which leaves the main window usable."""

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(820, 680)
        self.browser = QTextBrowser()
        self.browser.setOpenLinks(False)
        self.browser.setAccessibleName(title)
        self.browser.anchorClicked.connect(self._follow)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.browser)

    def show_file(self, path: Path) -> None:
        """Show a Markdown file with the pictures beside it."""
        self.browser.setSearchPaths([str(path.parent)])
        self._folder = path.parent
        self.browser.setMarkdown(path.read_text(encoding="utf-8"))

    def _follow(self, url: QUrl) -> None:
        if url.scheme() in ("http", "https", "mailto"):
            QDesktopServices.openUrl(url)
            return
        target = self._folder / url.path()
        if target.suffix == ".md" and target.is_file():
            self.show_file(target)


def show_manual(parent: QWidget, tab: str) -> None:
    """Open the manual at the chapter of a tab."""
    page = _Page(parent, tr("Manual"))
    folder = manual_folder()
    if folder is None:
        page.browser.setPlainText(tr("The manual was not installed with this copy of samhq."))
    else:
        chapter = folder / _CHAPTERS.get(tab, "index.md")
        page.show_file(chapter if chapter.is_file() else folder / "index.md")
    page.show()


def show_keys(parent: QWidget) -> None:
    """Open a list of keys and mouse actions."""
    rows = [
        ("Ctrl+1 … Ctrl+4", tr("Show a tab")),
        ("Ctrl+O, Ctrl+Shift+O", tr("Open an image, a folder")),
        ("Ctrl+S, Ctrl+L", tr("Save, load the configuration")),
        ("Ctrl+Z, Ctrl+Y", tr("Undo, redo")),
        ("Ctrl+Shift+C", tr("Copy as command")),
        ("F12", tr("Show or hide the log")),
        (tr("Wheel"), tr("Zoom at the pointer")),
        (tr("Space or middle button"), tr("Move the image")),
        (tr("Double click, 1"), tr("Fit the image, show it at 100 %")),
        (tr("Left click"), tr("Select or deselect a mask; again at the same place: the next one below")),
        (tr("Right click"), tr("Deselect a mask")),
        ("F5, F6, F7", tr("Generate masks, calculate, find more like these")),
        ("S, M, L", tr("Tools: select, rectangle, lasso")),
        ("P, O, U, E, K", tr("Tools: add by click, add by box, brush, eraser, split")),
        (tr("J, Delete, R"), tr("Merge, delete, mark as not wanted")),
        ("Ctrl+A, Ctrl+D, Ctrl+I", tr("Select all, none, invert")),
        (tr("Enter, Esc, Backspace"), tr("Take a new mask, drop it, take the last click back")),
        ("X, Z, B", tr("Show masks, show outlines, hold for the bare image")),
    ]
    cells = "".join(f"<tr><td><b>{keys}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for keys, what in rows)
    page = _Page(parent, tr("Keyboard and Mouse"))
    page.browser.setHtml(f"<table cellpadding='4'>{cells}</table>")
    page.resize(560, 480)
    page.show()


def show_about(parent: QWidget) -> None:
    """Say what this is, which version, and under which licences it comes."""
    page = _Page(parent, tr("About samhq"))
    page.browser.setMarkdown(
        "\n\n".join(
            (
                f"## samhq {__version__}",
                tr("Find, measure and compare every dark object in micrographs with SAM-HQ."),
                tr(
                    "Its own code is under the MIT licence. The window uses PyQt6, which is under the GPL v3."
                ),
                tr(
                    "SAM-HQ: Ke et al., Segment Anything in High Quality, NeurIPS 2023. Segment Anything: "
                    "Kirillov et al., ICCV 2023."
                ),
            )
        )
    )
    page.resize(520, 360)
    page.show()
