"""What decides a training: the model to begin with, the time, and the file to be written."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
)

from samhq.gui.strip import ElidedLabel
from samhq.gui.tabs.mask_panels import Step, push_button
from samhq.gui.training_model import MINUTES, TrainingModel
from samhq.gui.translate import plain, tr

__all__ = ["ChoicesPanel"]

_IN_USE, _CHOOSE_FILE = "", "\0file"


class ChoicesPanel(Step):
    """Start, minutes, file."""

    def __init__(self, model: TrainingModel) -> None:
        super().__init__(2, tr("Model and time"))
        self._model = model
        self.start = QComboBox()
        self.start.setObjectName("training_start")
        self.start.setToolTip(tr("The model that is taught; its own file stays as it is"))
        self.start.setMinimumContentsLength(16)
        self.start.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.start.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.minutes = QDoubleSpinBox()
        self.minutes.setObjectName("training_minutes")
        self.minutes.setRange(*MINUTES)
        self.minutes.setDecimals(0)
        self.minutes.setSuffix(tr(" min"))
        self.minutes.setToolTip(tr("Ten minutes are enough for a first result on a laptop"))
        self.minutes.setValue(model.minutes)
        self.file = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self.file.setObjectName("training_file")
        self.choose_button = push_button(
            "training_file_button",
            tr("Choose…"),
            "",
            self.choose_file,
            hint=tr("Where the trained model is written"),
        )
        self._lay_out()
        self.start.activated.connect(self._on_start)
        self.minutes.valueChanged.connect(model.set_minutes)
        model.changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for text, field in ((tr("&Begin with"), self.start), (tr("T&ime"), self.minutes)):
            label = QLabel(text)
            label.setBuddy(field)
            field.setAccessibleName(plain(text))
            form.addRow(label, field)
        row = QHBoxLayout()
        row.addWidget(self.file, 1)
        row.addWidget(self.choose_button)
        form.addRow(QLabel(tr("New model")), row)
        self.body.addLayout(form)

    def _show(self) -> None:
        model = self._model
        in_use = Path(model.session.settings.segmentation.model).name
        entries = [(tr("The model in use ({name})", name=in_use), _IN_USE)]
        if in_use != "starter":
            entries.append(("starter", "starter"))
        if model.start and model.start != "starter":
            entries.append((Path(model.start).name, model.start))
        entries.append((tr("A file…"), _CHOOSE_FILE))
        if [self.start.itemText(i) for i in range(self.start.count())] != [text for text, _ in entries]:
            with QSignalBlocker(self.start):
                self.start.clear()
                for text, value in entries:
                    self.start.addItem(text, value)
        with QSignalBlocker(self.start):
            self.start.setCurrentIndex(max(0, self.start.findData(model.start or _IN_USE)))
        self.file.setText(str(model.out))
        for control in (self.start, self.minutes, self.choose_button):
            control.setEnabled(not model.is_training)

    def _on_start(self, place: int) -> None:
        value = str(self.start.itemData(place))
        if value != _CHOOSE_FILE:
            self._model.set_start(value or None)
            return
        pattern = tr("Models ({patterns})", patterns="*.pth *.safetensors")
        folder = self._model.session.memory.folder("model")
        name, _ = QFileDialog.getOpenFileName(self, tr("Open Model"), folder, pattern)
        self._model.set_start(name or self._model.start)

    def choose_file(self) -> None:
        """Ask where the trained model shall be written."""
        pattern = tr("Models ({patterns})", patterns="*.safetensors")
        name, _ = QFileDialog.getSaveFileName(self, tr("New model"), str(self._model.out), pattern)
        if name:
            self._model.set_out(Path(name))
