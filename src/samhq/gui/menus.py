"""The menus, and the keyboard shortcuts that belong to the whole window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtGui import QAction, QActionGroup, QGuiApplication, QKeySequence
from PyQt6.QtWidgets import QFileDialog, QMenu

from samhq import api
from samhq.gui.session import TABS
from samhq.gui.translate import LANGUAGES, current_language, tr

if TYPE_CHECKING:
    from samhq.gui.window import MainWindow

__all__ = ["Menus"]

IMAGE_FILTER = " ".join(f"*{suffix}" for suffix in api.IMAGE_SUFFIXES)


class Menus:
    """Builds the menu bar of a window and does what its entries say by asking the session."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._stack_actions: list[QAction] = []  # PyQt deletes them with their last reference

    def build(self) -> None:
        """Fill the menu bar anew."""
        bar = self._window.menuBar()
        if bar is None:
            return
        for action in bar.actions():  # clear() would leave the menus themselves behind
            if (menu := action.menu()) is not None:
                menu.deleteLater()
        bar.clear()
        self._file(_menu(bar.addMenu(tr("&File"))))
        self._edit(_menu(bar.addMenu(tr("&Edit"))))
        self._view(_menu(bar.addMenu(tr("&View"))))
        self._help(_menu(bar.addMenu(tr("&Help"))))

    # ------------------------------------------------------------ file

    def _file(self, menu: QMenu) -> None:
        self._add(menu, tr("&Open Image…"), self.choose_image, QKeySequence.StandardKey.Open)
        self._add(menu, tr("Open &Folder…"), self.choose_folder, "Ctrl+Shift+O")
        self._add(menu, tr("Open &Run…"), self.choose_run)
        self._add(menu, tr("Open &Model…"), self.choose_model)
        recent = _menu(menu.addMenu(tr("Open Re&cent")))
        recent.aboutToShow.connect(lambda: self._fill_recent(recent))
        self._add(menu, tr("Open a &Sample"), self._session.open_sample)
        menu.addSeparator()
        self._add(menu, tr("&Load Configuration…"), self.load_configuration, "Ctrl+L")
        self._add(menu, tr("&Save Configuration…"), self.save_configuration, QKeySequence.StandardKey.Save)
        menu.addSeparator()
        self._add(menu, tr("&Quit"), self._window.close, QKeySequence.StandardKey.Quit)

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for kind in ("image", "folder", "run", "configuration"):
            for path in self._session.memory.recent(kind)[:5]:
                self._add(menu, str(path), partial(self._session.open_paths, [path]))
            menu.addSeparator()
        if menu.isEmpty() or not any(not action.isSeparator() for action in menu.actions()):
            self._add(menu, tr("Nothing was opened yet"), lambda: None).setEnabled(False)

    def choose_image(self) -> None:
        """Ask for an image and open it."""
        path = self._choose(tr("Open Image"), "image", tr("Images ({patterns})", patterns=IMAGE_FILTER))
        if path is not None:
            self._session.open_paths([path])

    def choose_folder(self) -> None:
        """Ask for a folder of images and open it in the batch tab."""
        folder = QFileDialog.getExistingDirectory(
            self._window, tr("Open Folder"), self._session.memory.folder("folder")
        )
        if folder:
            self._session.open_paths([Path(folder)])

    def choose_run(self) -> None:
        """Ask for the run file of a stored run and open it."""
        path = self._choose(tr("Open Run"), "run", tr("Runs ({patterns})", patterns="run.sqlite"))
        if path is not None:
            self._session.open_paths([path])

    def choose_model(self) -> None:
        """Ask for a model file and use it."""
        patterns = "*.pth *.safetensors"
        path = self._choose(tr("Open Model"), "model", tr("Models ({patterns})", patterns=patterns))
        if path is not None:
            self._session.memory.remember_file("model", path)
            self._session.set_model(str(path))

    def load_configuration(self) -> None:
        """Ask for a configuration file and put it in force."""
        path = self._choose(
            tr("Load Configuration"), "configuration", tr("Configurations ({patterns})", patterns="*.json")
        )
        if path is not None:
            self._session.load_configuration(path)

    def save_configuration(self) -> None:
        """Ask where to, and save the settings in force."""
        folder = self._session.memory.folder("configuration")
        name, _ = QFileDialog.getSaveFileName(
            self._window,
            tr("Save Configuration"),
            str(Path(folder) / "samhq.json"),
            tr("Configurations ({patterns})", patterns="*.json"),
        )
        if name:
            path = Path(name)
            self._session.save_configuration(path if path.suffix else path.with_suffix(".json"))

    def _choose(self, title: str, kind: str, filters: str) -> Path | None:
        name, _ = QFileDialog.getOpenFileName(
            self._window, title, self._session.memory.folder(kind), f"{filters};;{tr('All files')} (*)"
        )
        return Path(name) if name else None

    # ------------------------------------------------------------ edit and view

    def _edit(self, menu: QMenu) -> None:
        undo = self._session.undo.createUndoAction(menu, tr("&Undo"))
        redo = self._session.undo.createRedoAction(menu, tr("&Redo"))
        self._stack_actions = [action for action in (undo, redo) if action is not None]
        for action, keys in zip(self._stack_actions, (["Ctrl+Z"], ["Ctrl+Y", "Ctrl+Shift+Z"]), strict=True):
            action.setShortcuts([QKeySequence(key) for key in keys])
            menu.addAction(action)
        menu.addSeparator()
        self._add(menu, tr("Copy as &Command"), self.copy_command, "Ctrl+Shift+C")

    def copy_command(self) -> None:
        """Put the command line that does what the shown tab does on the clipboard."""
        view = self._window.page(self._session.current_tab).open()
        command = getattr(view, "command", None)
        text = command() if command is not None else ""
        clipboard = QGuiApplication.clipboard()
        if not text or clipboard is None:
            self._session.fail(
                tr("There is no command yet"),
                tr("Open an image or a folder first; then there is something to do."),
            )
            return
        clipboard.setText(text)
        self._session.notice.emit(tr("Copied: {command}", command=text))

    def _view(self, menu: QMenu) -> None:
        for number, tab in enumerate(TABS, start=1):
            title = self._window.tabs.tabText(number - 1)
            self._add(menu, title, partial(self._window.show_tab, tab), f"Ctrl+{number}")
        menu.addSeparator()
        self._add(menu, tr("&Log"), self._window.log_panel.toggle, "F12")
        menu.addSeparator()
        themes = _menu(menu.addMenu(tr("&Theme")))
        names = {"system": tr("As the system"), "light": tr("Light"), "dark": tr("Dark")}
        current = self._session.memory.recall("theme", "system")
        self._choices(themes, names, current, self._window.set_theme)
        languages = _menu(menu.addMenu(tr("L&anguage")))
        self._choices(languages, LANGUAGES, current_language(), self._window.set_language)

    def _choices(
        self, menu: QMenu, names: dict[str, str], current: str, choose: Callable[[str], None]
    ) -> None:
        group = QActionGroup(menu)
        for key, name in names.items():
            action = self._add(menu, name, partial(choose, key))
            action.setCheckable(True)
            action.setChecked(key == current)
            group.addAction(action)

    # ------------------------------------------------------------ help

    def _help(self, menu: QMenu) -> None:
        from samhq.gui import help as pages

        self._add(
            menu,
            tr("&Manual"),
            lambda: pages.show_manual(self._window, self._session.current_tab),
            QKeySequence.StandardKey.HelpContents,
        )
        self._add(menu, tr("&Keyboard and Mouse"), lambda: pages.show_keys(self._window))
        self._add(menu, tr("&About samhq"), lambda: pages.show_about(self._window))

    def _add(
        self,
        menu: QMenu,
        text: str,
        slot: Callable[[], object],
        keys: str | QKeySequence.StandardKey | None = None,
    ) -> QAction:
        action = QAction(text, menu)
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _checked=False: slot())
        menu.addAction(action)
        return action


def _menu(menu: QMenu | None) -> QMenu:
    if menu is None:
        raise RuntimeError("the menu was not made")
    return menu
