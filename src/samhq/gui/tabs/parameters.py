"""The tab of the mask generator's parameters: a draft, what it means, what it costs, and trying it out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PyQt6.QtWidgets import (
    QFrame,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from samhq.gui import theme
from samhq.gui.forms import GroupForm, help_of, title_of
from samhq.gui.parameter_cost import CostPanel
from samhq.gui.parameter_editors import TextEditor
from samhq.gui.parameter_help import Consequence, consequence_of, consequence_text
from samhq.gui.parameter_model import SECTIONS, ParametersModel, section_title
from samhq.gui.parameter_pane import ExplanationPane
from samhq.gui.parameter_trial import TrialPane
from samhq.gui.presets import Preset, matching_preset, presets
from samhq.gui.translate import joined, plain, tr

if TYPE_CHECKING:
    from samhq.gui.session import Session

__all__ = ["ParametersTab"]


class ParametersTab(QWidget):
    """Shows the draft of a session section by section; nothing is in force before Apply Changes."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ParametersModel(session, self)
        self._forms: dict[str, GroupForm] = {}
        self._boxes: dict[str, QGroupBox] = {}
        self._presets: dict[str, QPushButton] = {}
        self._suggested = False
        self.explanation = ExplanationPane()
        self.trial = TrialPane(self.model)
        self.cost = CostPanel(self.model)
        self.cost.try_button.clicked.connect(self._try_out)
        self._sides = self._make_sides()
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setObjectName("parameters_splitter")
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._make_left())
        splitter.addWidget(self._sides)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([self._scroll.full_width, theme.letter(self) * 56])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(splitter, 1)
        column.addWidget(self._make_bottom())
        self.model.changed.connect(self._refresh)
        self.explanation.explain(*SECTIONS["detection"][0])
        self._refresh()

    def command(self) -> str:
        """The command line that does what the draft says."""
        return self.model.command()

    def showEvent(self, a0: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Offer the models that are there, looked for when the tab is first seen."""
        super().showEvent(a0)
        if not self._suggested:
            self._suggested = True
            from samhq import api

            editor = self._forms["detection"].editor("model").editor
            if isinstance(editor, TextEditor):
                editor.set_suggestions(tuple(entry.name for entry in api.list_models() if entry.installed))

    # ------------------------------------------------------------ building

    def _make_left(self) -> QWidget:
        self._find = QLineEdit()
        self._find.setObjectName("find_setting")
        self._find.setPlaceholderText(tr("Find a setting"))
        self._find.setAccessibleName(tr("Find a setting"))
        self._find.setClearButtonEnabled(True)
        self._find.addAction(theme.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self._find.textChanged.connect(self._show_found)
        QShortcut(QKeySequence.StandardKey.Find, self, self._find.setFocus)
        self._nothing = QLabel(tr("No setting has this word."))
        theme.set_role(self._nothing, "muted")
        self._nothing.hide()
        page = QWidget()
        sections = QVBoxLayout(page)
        sections.setContentsMargins(12, 8, 12, 12)
        sections.setSpacing(8)
        self._preset_box = self._make_presets()
        sections.addWidget(self._preset_box)
        sections.addWidget(self._nothing)
        for section in SECTIONS:
            sections.addWidget(self._make_section(section))
        sections.addStretch(1)
        self._align()
        self._scroll = _ScrollPage(page, self._set_compact)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 0)
        row.addWidget(self._find, 1)
        row.addWidget(_button("copy_command_button", tr("Copy as Command"), "copy", self._copy))
        column.addLayout(row)
        column.addWidget(self._scroll, 1)
        return left

    def _make_presets(self) -> QGroupBox:
        box = QGroupBox(tr("Presets"))
        box.setObjectName("presets")
        column = QVBoxLayout(box)
        self._preset_grid = QGridLayout()
        self._preset_grid.setSpacing(6)
        for preset in presets():
            button = QPushButton(preset.title)
            button.setObjectName(f"preset_{preset.key}")
            button.setCheckable(True)
            button.setToolTip(f"<p>{preset.text}</p>")
            button.setAccessibleName(preset.title)
            button.setAccessibleDescription(preset.text)
            button.clicked.connect(partial(self._use, preset))
            self._presets[preset.key] = button
        self._place_presets(len(self._presets))
        self._preset_text = QLabel()
        self._preset_text.setObjectName("preset_text")
        self._preset_text.setWordWrap(True)
        theme.set_role(self._preset_text, "muted")
        column.addLayout(self._preset_grid)
        column.addWidget(self._preset_text)
        return box

    def _place_presets(self, columns: int) -> None:
        for index, button in enumerate(self._presets.values()):
            self._preset_grid.addWidget(button, index // columns, index % columns)

    def _set_compact(self, compact: bool) -> None:
        """Make do with less width: no sliders and tags, presets in two rows."""
        for form in self._forms.values():
            form.set_compact(compact)
        self._place_presets(3 if compact else len(self._presets))

    def _make_section(self, section: str) -> QGroupBox:
        box = QGroupBox(section_title(section))
        box.setObjectName(f"section_{section}")
        keys = SECTIONS[section]
        tags = {key: consequence_text(consequence_of(key[0])) for key in keys}
        form = GroupForm(keys, model=self.model.form, sliders=True, tags=tags)
        form.focused.connect(self._explain)
        self._forms[section] = form
        self._boxes[section] = box
        column = QVBoxLayout(box)
        column.addWidget(form)
        return box

    def _align(self) -> None:
        widths = [form.column_widths() for form in self._forms.values()]
        for form in self._forms.values():
            form.set_column_widths(max(w[0] for w in widths), max(w[2] for w in widths))

    def _make_sides(self) -> QWidget:
        self._tabs = QTabWidget()
        self._tabs.setObjectName("parameters_side")
        self._tabs.setDocumentMode(True)
        self._tabs.setAccessibleName(tr("Explanation and trial"))
        self._tabs.addTab(self.explanation, tr("Explanation"))
        self._tabs.addTab(self.trial, tr("Before and After"))
        side = QWidget()
        side.setMinimumWidth(theme.letter(self) * 36)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._tabs, 1)
        column.addWidget(self.cost)
        return side

    def _make_bottom(self) -> QWidget:
        strip = QFrame()
        theme.set_role(strip, "strip")
        self._badge = QLabel()
        self._badge.setObjectName("unapplied_badge")
        self._badge.setWordWrap(True)
        self._revert = _button("revert_button", tr("Re&vert"), "undo", self.model.revert)
        self._revert.setToolTip(tr("Go back to what is in force"))
        self._reset = _button("reset_button", tr("Reset to &Defaults"), "reset", self.model.reset)
        self._reset.setToolTip(tr("Choose nothing; the model and the filter stay"))
        self._apply = _button("apply_button", tr("Apply &Changes"), "check", self.model.apply, role="primary")
        self._apply.setShortcut(QKeySequence("Ctrl+Return"))
        row = QHBoxLayout(strip)
        row.setContentsMargins(12, 6, 12, 6)
        self._show = _button("show_problem_button", tr("Show"), "search", self._show_problem, role="quiet")
        row.addWidget(self._badge, 1)
        row.addWidget(self._show)
        for button in (self._revert, self._reset, self._apply):
            row.addWidget(button)
        return strip

    # ------------------------------------------------------------ showing the model

    def _refresh(self) -> None:
        unapplied = self.model.unapplied()
        waiting = self.model.form.pending
        for form in self._forms.values():
            form.mark(unapplied)
        self._show_badge(unapplied)
        self._apply.setEnabled(self.model.can_apply())
        self._apply.setText(
            tr("Apply &Changes ({count})", count=len(unapplied)) if unapplied else tr("Apply &Changes")
        )
        self._revert.setEnabled(bool(unapplied or waiting))
        current = matching_preset(self.model.session.draft)
        for key, button in self._presets.items():
            button.setChecked(current is not None and key == current.key)
        self._preset_text.setText(
            current.text if current is not None else tr("Your own values; a preset replaces some of them.")
        )

    def _show_badge(self, unapplied: list[tuple[str, str]]) -> None:
        names = joined(title_of(*key) for key in unapplied)
        theme.set_role(self._badge, "warning" if unapplied else "muted")
        self._badge.setToolTip(names)
        if self.model.form.pending:
            text = tr("Some values do not fit together; see the red lines.")
            theme.set_role(self._badge, "error")
        elif not unapplied:
            text = tr("Everything shown is in force.")
        elif any(consequence_of(group) is Consequence.SEGMENT for group, _ in unapplied):
            text = tr("Changes not applied: {count}. Masks will be found again.", count=len(unapplied))
        else:
            text = tr("Changes not applied: {count}", count=len(unapplied))
        self._badge.setText(text)
        self._show.setVisible(bool(self.model.form.pending))

    def _show_problem(self) -> None:
        """Go to the first row whose value does not fit."""
        self._find.clear()
        for form in self._forms.values():
            for editor in form.editors():
                if editor.problem:
                    editor.main_control().setFocus(Qt.FocusReason.OtherFocusReason)
                    self._scroll.ensureWidgetVisible(editor)
                    return

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.command())
            self.model.session.notice.emit(tr("Copied: {command}", command=self.command()))

    def _explain(self, group: str, name: str) -> None:
        self.explanation.explain(group, name)

    def _use(self, preset: Preset) -> None:
        self.model.use(preset)
        self._refresh()

    def _try_out(self) -> None:
        self._tabs.setCurrentWidget(self.trial)
        self.model.try_out()

    def _show_found(self, text: str) -> None:
        words = text.casefold().split()
        keys = [
            key
            for section in SECTIONS.values()
            for key in section
            if all(word in f"{title_of(*key)} {key[1]} {help_of(*key)}".casefold() for word in words)
        ]
        self._preset_box.setVisible(not words)
        for section, form in self._forms.items():
            self._boxes[section].setVisible(form.show_only(keys))
        self._nothing.setVisible(not keys)


class _ScrollPage(QScrollArea):
    """A page that scrolls up and down only, in a compact form where there is too little width.

    set_compact(compact): makes the page need less width, or as much as it likes. full_width: from which on it
    need not be compact.
    """

    def __init__(self, page: QWidget, set_compact: Callable[[bool], None]) -> None:
        super().__init__()
        self._set_compact = set_compact
        self._compact = False
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(page)
        # The rows in it take the keyboard, and it scrolls to where they are.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        bar = self.verticalScrollBar()
        margin = bar.sizeHint().width() if bar is not None else 0
        self.full_width = _needed_width(page) + margin
        set_compact(True)
        self.setMinimumWidth(_needed_width(page) + margin)
        set_compact(False)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Choose the form that fits."""
        super().resizeEvent(a0)
        compact = self.width() < self.full_width
        if compact != self._compact:
            self._compact = compact
            self._set_compact(compact)


def _needed_width(page: QWidget) -> int:
    """Least width of a page, also before Qt got round to laying out what was hidden in it."""
    for widget in [*reversed(page.findChildren(QWidget)), page]:
        layout = widget.layout()
        if layout is not None:
            layout.invalidate()
        widget.updateGeometry()
    return page.minimumSizeHint().width()


def _button(name: str, text: str, icon: str, action: Callable[[], None], *, role: str = "") -> QPushButton:
    button = QPushButton(theme.icon(icon, "on_accent" if role == "primary" else "text"), text)
    button.setObjectName(name)
    button.setAccessibleName(plain(text))
    theme.set_role(button, role)
    button.clicked.connect(lambda: action())
    return button
