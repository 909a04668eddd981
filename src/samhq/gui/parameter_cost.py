"""What the draft costs on this machine, and the buttons that find it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from samhq.gui import theme
from samhq.gui.parameter_words import duration_text
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.gui.parameter_model import Estimate, ParametersModel

__all__ = ["CostPanel"]

_MANY = 100


class CostPanel(QFrame):
    """Encodings, prompts and seconds for one image under the draft; follows every slider."""

    def __init__(self, model: ParametersModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cost")
        theme.set_role(self, "strip")
        self._model = model
        self._work = _label("cost_work", "muted")
        self._time = _label("cost_time", "heading")
        self._change = _label("cost_change", "muted")
        self._measure = QPushButton(theme.icon("clock-outline"), tr("Measure This Computer"))
        self._measure.setObjectName("measure_button")
        self._measure.setAccessibleName(tr("Measure how fast this computer is"))
        self._measure.clicked.connect(model.measure_speed)
        self.try_button = QPushButton(theme.icon("generate"), tr("&Try on Current Image"))
        self.try_button.setObjectName("try_button")
        self.try_button.setAccessibleName(tr("Try the changes on the current image"))
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(3)
        for label in (self._time, self._change, self._work):
            column.addWidget(label)
        column.addWidget(self._measure)
        column.addWidget(self.try_button)
        model.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the estimate for the draft of this moment."""
        estimate = self._model.estimate()
        self._work.setText(self._work_text(estimate))
        self._time.setText(self._time_text(estimate))
        self._change.setText(self._change_text(estimate))
        self._change.setVisible(bool(self._change.text()))
        has_image = bool(estimate.name)
        self.try_button.setText(tr("&Try on Current Image") if has_image else tr("&Try on a Sample"))
        measuring = self._model.measuring is not None
        self._measure.setVisible(estimate.draft_s is None or measuring)
        self._measure.setEnabled(not measuring)
        self._measure.setText(tr("Measuring…") if measuring else tr("Measure This Computer"))

    def _work_text(self, estimate: Estimate) -> str:
        numbers = {
            "encodings": f"{estimate.encodings:,}",
            "prompts": f"{estimate.prompts:,}",
            "width": estimate.width,
            "height": estimate.height,
        }
        if estimate.name:
            return tr("Encodings: {encodings} · prompts: {prompts} · image: {width} × {height} px", **numbers)
        return tr(
            "Encodings: {encodings} · prompts: {prompts} · no image open, {width} × {height} px assumed",
            **numbers,
        )

    def _time_text(self, estimate: Estimate) -> str:
        if estimate.draft_s is None:
            return tr("How long an image takes here is not known yet.")
        one, many = duration_text(estimate.draft_s), duration_text(estimate.draft_s * _MANY)
        return tr("About {one} an image, {many} for {count} images", one=one, many=many, count=_MANY)

    def _change_text(self, estimate: Estimate) -> str:
        if estimate.draft_s is None or estimate.in_force_s is None:
            return ""
        if abs(estimate.draft_s - estimate.in_force_s) < 0.02 * estimate.in_force_s:
            return ""
        return tr("In force: about {time} an image", time=duration_text(estimate.in_force_s))


def _label(name: str, role: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    theme.set_role(label, role)
    return label
