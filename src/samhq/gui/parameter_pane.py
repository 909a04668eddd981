"""The explanation beside the parameters: help, pictures, effects and advice for the row in hand."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from samhq.gui import theme
from samhq.gui.forms import help_of, title_of
from samhq.gui.parameter_help import consequence_of, consequence_text, parameter_help
from samhq.gui.parameter_pictures import draw_scene
from samhq.gui.translate import tr

__all__ = ["ExplanationPane", "ScenePicture"]


class ScenePicture(QWidget):
    """A square schematic picture of a low or a high value of a setting."""

    def __init__(self, *, high: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._high = high
        self._name = ""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.notifier.changed.connect(self._on_theme)

    def show_scene(self, name: str, caption: str) -> None:
        """Show the picture of a setting. caption: read out instead of it."""
        self._name = name
        self.setAccessibleName(caption)
        self.update()

    def _on_theme(self, _: bool) -> None:
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """About nine lines of text high."""
        side = self.fontMetrics().height() * 8
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Half of the usual side."""
        return self.sizeHint() / 2

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """It is a square."""
        return True

    def heightForWidth(self, a0: int) -> int:  # noqa: N802 - Qt's name
        """As high as wide, up to a limit."""
        return min(a0, self.fontMetrics().height() * 12)

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw the scene into the largest square that fits."""
        if not self._name:
            return
        side = min(self.width(), self.height()) - 2
        area = QRectF((self.width() - side) / 2, 1, side, side)
        painter = QPainter(self)
        draw_scene(painter, area, self._name, high=self._high, colors=theme.colors())
        painter.end()


class ExplanationPane(QScrollArea):
    """Explains one setting at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("explanation")
        self.setAccessibleName(tr("Explanation"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.current: tuple[str, str] | None = None
        self._title = _label("explanation_title", "title")
        self._cost = _label("explanation_cost", "muted")
        self._text = _label("explanation_text")
        self._pictures = [ScenePicture(high=False), ScenePicture(high=True)]
        self._captions = [_label("picture_low", "muted"), _label("picture_high", "muted")]
        self._facts = {name: _label(f"explanation_{name}") for name in ("time", "memory", "more", "less")}
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(7)
        for label in (self._title, self._text, self._cost):
            column.addWidget(label)
        column.addLayout(self._picture_row())
        column.addLayout(self._fact_rows())
        column.addStretch(1)
        self.setWidget(body)

    def explain(self, group: str, name: str) -> None:
        """Explain a setting of this tab. Raises KeyError for one without explanation."""
        known = parameter_help(name)
        self.current = (group, name)
        self._title.setText(title_of(group, name))
        self._text.setText(help_of(group, name))
        self._cost.setText(consequence_text(consequence_of(group), long=True))
        for picture, caption, text in zip(
            self._pictures, self._captions, (known.low, known.high), strict=True
        ):
            picture.show_scene(name, text)
            caption.setText(text)
        for fact, label in self._facts.items():
            text = getattr(known, fact)
            label.setText(text)
            label.setVisible(bool(text))
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.setValue(0)

    def _picture_row(self) -> QHBoxLayout:
        pair = QWidget()
        # Side by side also where there is room for much more: they are there to be compared.
        pair.setMaximumWidth(28 * self.fontMetrics().height())
        grid = QGridLayout(pair)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        for column, (picture, caption) in enumerate(zip(self._pictures, self._captions, strict=True)):
            caption.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(picture, 0, column)
            grid.addWidget(caption, 1, column)
            grid.setColumnStretch(column, 1)
        row = QHBoxLayout()
        row.addWidget(pair, 1)
        row.addStretch(0)
        return row

    def _fact_rows(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 6, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        titles = {"time": tr("Time"), "memory": tr("Memory"), "more": tr("Advice")}
        for row, (fact, label) in enumerate(self._facts.items()):
            if fact in titles:
                heading = QLabel(titles[fact])
                theme.set_role(heading, "heading")
                grid.addWidget(heading, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, row, 1)
        return grid


def _label(object_name: str, role: str = "") -> QLabel:
    label = QLabel()
    label.setObjectName(object_name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    theme.set_role(label, role)
    return label
