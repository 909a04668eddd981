"""The pictures a model is taught: the open one, a folder of one's own, and folders with label files."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
)

from samhq.gui import theme
from samhq.gui.strip import ElidedLabel
from samhq.gui.tabs.mask_panels import Step, push_button, say
from samhq.gui.training_model import TrainingModel
from samhq.gui.training_words import pictures_text, present_text, problems_text
from samhq.gui.translate import tr

__all__ = ["PicturesPanel"]

_PICTURE = Qt.ItemDataRole.UserRole


class PicturesPanel(Step):
    """Adds, lists and removes labelled pictures."""

    def __init__(self, model: TrainingModel) -> None:
        super().__init__(1, tr("Labelled pictures"))
        self._model = model
        self._present = say("present_text")
        self._folder = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self._folder.setObjectName("own_folder")
        self._count = say("pictures_text", role="")
        self._problems = say("pictures_problems", role="warning")
        self.add_button = push_button(
            "add_present_button",
            tr("&Add the Open Picture"),
            "add",
            model.add_present,
            hint=tr("Write the open picture and its masks into the folder below"),
            role="primary",
        )
        self.list = QTreeWidget()
        self.list.setObjectName("training_list")
        self.list.setAccessibleName(tr("Labelled pictures"))
        self.list.setHeaderLabels([tr("Picture"), tr("Objects"), tr("Folder")])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.list.header()
        if header is not None:
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            header.setStretchLastSection(False)
        self.incomplete = QCheckBox(tr("Some &objects have no mask"))
        self.incomplete.setObjectName("training_incomplete")
        self.incomplete.setAccessibleName(tr("Some objects have no mask"))
        self.incomplete.setToolTip(
            tr(
                "Then what is not labelled is not taught to be empty. Better results if every object has its mask."
            )
        )
        self._lay_out()
        self.incomplete.toggled.connect(model.set_incomplete)
        self.list.itemSelectionChanged.connect(self._show_remove)
        model.changed.connect(self._show)
        self._shown: object = None
        self._show()

    def _lay_out(self) -> None:
        folder = QHBoxLayout()
        folder.addWidget(self._folder, 1)
        self.own_button = push_button(
            "own_folder_button",
            tr("Choose…"),
            "",
            self.choose_own,
            hint=tr("Choose the folder to which pictures are added"),
        )
        folder.addWidget(self.own_button)
        self.folder_button = push_button(
            "add_folder_button",
            tr("Add &Folder…"),
            "folder",
            self.choose_folder,
            hint=tr("Learn from a folder with pictures and label files (PNG, TIFF, COCO) as well"),
        )
        self.remove_button = push_button(
            "remove_pictures_button",
            tr("&Remove"),
            "delete",
            self.remove_selected,
            hint=tr("Remove the selected pictures; of an added folder, the folder from this list"),
        )
        row = QHBoxLayout()
        row.addWidget(self.folder_button)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        for part in (self.add_button, self._present):
            self.body.addWidget(part)
        self.body.addLayout(folder)
        self.body.addWidget(self.list, 1)
        self.body.addLayout(row)
        for label in (self._count, self._problems):
            self.body.addWidget(label)
        self.body.addWidget(self.incomplete)

    def choose_own(self) -> None:
        """Ask for the folder to which pictures are added."""
        folder = QFileDialog.getExistingDirectory(self, tr("Folder of my pictures"), str(self._model.own))
        if folder:
            self._model.set_own(Path(folder))

    def choose_folder(self) -> None:
        """Ask for a folder with label files."""
        memory = self._model.session.memory
        folder = QFileDialog.getExistingDirectory(self, tr("Folder with labels"), memory.folder("labels"))
        if folder:
            memory.remember_file("labels", Path(folder) / "labels")
            self._model.add_folder(Path(folder))

    def remove_selected(self) -> None:
        """Remove what is selected in the list."""
        chosen = [item.data(0, _PICTURE) for item in self.list.selectedItems()]
        for folder in {p.folder for p in chosen if p.folder in self._model.further}:
            self._model.remove_folder(folder)
        own = [p for p in chosen if p.own and p.folder == self._model.own]
        if own:
            self._model.remove(own)

    def _show(self) -> None:
        model = self._model
        self._present.setText(present_text(model))
        self._folder.setText(str(model.own))
        self._count.setText(pictures_text(model))
        problems = problems_text(model)
        self._problems.setText(problems)
        self._problems.setVisible(bool(problems))
        self.add_button.setEnabled(model.present() > 0 and not model.is_training)
        for button in (self.own_button, self.folder_button, self.incomplete):
            button.setEnabled(not model.is_training)
        if self._shown is not model.pictures:
            self._shown = model.pictures
            self._fill()
        self._show_remove()

    def _fill(self) -> None:
        self.list.clear()
        for picture in self._model.pictures:
            item = QTreeWidgetItem([picture.name, str(picture.objects), picture.folder.name])
            item.setData(0, _PICTURE, picture)
            item.setToolTip(0, str(picture.image))
            item.setToolTip(2, str(picture.folder))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if picture.folder != self._model.own:
                item.setForeground(2, theme.colors().muted)
            self.list.addTopLevelItem(item)

    def _show_remove(self) -> None:
        self.remove_button.setEnabled(bool(self.list.selectedItems()) and not self._model.is_training)
