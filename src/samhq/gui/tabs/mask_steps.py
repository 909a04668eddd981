"""Steps 3 and 4 of the mask tab: selecting and filtering masks, and what comes out of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QPushButton, QWidget

from samhq.gui import theme
from samhq.gui.commands import run_command
from samhq.gui.export_menu import ExportMenu
from samhq.gui.export_words import MASK_FORMATS
from samhq.gui.forms import GroupForm
from samhq.gui.mask_document import MaskDocument
from samhq.gui.mask_words import overlap_text, selection_text, table_text
from samhq.gui.mask_writing import export_objects, save_marked
from samhq.gui.tabs.mask_panels import Step, push_button, say
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.api import OutputSummary

__all__ = ["ResultsPanel", "SelectPanel"]

_FILTERS = (
    "min_area",
    "min_intensity",
    "min_ratio",
    "min_aggregation",
    "max_aggregation",
    "polarity",
    "overlaps",
)


class SelectPanel(Step):
    """Selecting by command, the filter, thresholds from examples, and calculating."""

    def __init__(self, document: MaskDocument) -> None:
        super().__init__(3, tr("Select & filter"))
        self._document = document
        session = document.session
        self._count = say("selection_text", role="")
        self.form = GroupForm([("filter", name) for name in _FILTERS], stacked=True)
        self.form.setObjectName("filter_form")
        self.form.set_settings(session.settings)
        self.calculate_button = push_button(
            "calculate_button",
            tr("&Calculate Selected Masks"),
            "table",
            document.calculate,
            hint=tr(
                "Show A, I and R of the selected masks in the table; with none selected, of all that pass (F6)"
            ),
            role="primary",
        )
        self.body.addWidget(self._count)
        self.body.addLayout(self._selection_row())
        self.body.addWidget(self.form)
        self.suggest = SuggestPanel(document)
        self.body.addWidget(self.suggest)
        self.body.addWidget(self.calculate_button)
        self.form.values_changed.connect(self._on_values)
        session.filter_changed.connect(self._show_filter)
        for signal in (document.masks_changed, document.selection_changed, document.filter_changed):
            signal.connect(self._show)
        document.state_changed.connect(self._show)
        self._show()

    def _selection_row(self) -> QHBoxLayout:
        document = self._document
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (
            push_button(
                "select_all_button",
                tr("Select All"),
                "",
                document.select_all,
                hint=tr("Select every mask that passes the filter (Ctrl+A)"),
            ),
            push_button(
                "deselect_all_button",
                tr("Deselect All"),
                "",
                document.select_none,
                hint=tr("Select no mask (Ctrl+D)"),
            ),
            push_button(
                "invert_button",
                tr("Invert"),
                "",
                document.invert,
                hint=tr("Select the other masks that pass the filter instead (Ctrl+I)"),
            ),
        ):
            row.addWidget(button)
        return row

    def _on_values(self, values: Mapping[tuple[str, str], Any]) -> None:
        self._document.session.set_filter(**{name: value for (_, name), value in values.items()})

    def _show_filter(self, _filter: object = None) -> None:
        settings = self._document.session.settings
        if self.form.model.settings.filter != settings.filter:
            self.form.set_settings(settings)

    def _show(self) -> None:
        document = self._document
        self._count.setText(selection_text(document))
        ready = document.objects is not None and not document.is_preliminary
        for name in ("select_all_button", "deselect_all_button", "invert_button"):
            button = self.findChild(QPushButton, name)
            if button is not None:
                button.setEnabled(ready)
        self.calculate_button.setEnabled(ready)


class SuggestPanel(QWidget):
    """Find more like these: thresholds from masks that are wanted and masks that are not."""

    def __init__(self, document: MaskDocument) -> None:
        super().__init__()
        self._document = document
        suggestion = document.suggestion
        self.reject_button = push_button(
            "reject_button",
            tr("Not wanted"),
            "none",
            document.reject_selected,
            hint=tr(
                "Mark the selected masks as examples of what is not wanted (R: the mask under the pointer)"
            ),
        )
        self.find_button = push_button(
            "suggest_button",
            tr("&Find more like these"),
            "search",
            suggestion.ask,
            hint=tr(
                "Propose a filter that keeps the selected masks and drops those that are not wanted (F7)"
            ),
        )
        self.apply_button = push_button(
            "apply_suggestion_button",
            tr("Apply"),
            "check",
            suggestion.apply,
            hint=tr("Use this filter"),
            role="primary",
        )
        self.cancel_button = push_button(
            "cancel_suggestion_button",
            tr("Cancel"),
            "close",
            suggestion.drop,
            hint=tr("Keep the filter as it is (Esc)"),
        )
        self._text = say("suggestion_text", role="")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.reject_button, 0, 0)
        layout.addWidget(self.find_button, 0, 1)
        layout.addWidget(self._text, 1, 0, 1, 2)
        layout.addWidget(self.cancel_button, 2, 0)
        layout.addWidget(self.apply_button, 2, 1)
        suggestion.changed.connect(self._show)
        document.selection_changed.connect(self._show)
        document.masks_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        document, suggestion = self._document, self._document.suggestion
        selected = bool(document.selected.any()) and not document.is_preliminary
        self.reject_button.setEnabled(selected)
        self.find_button.setEnabled(selected)
        text = suggestion.text()
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self.apply_button.setVisible(suggestion.is_open)
        self.cancel_button.setVisible(suggestion.is_open)


class ResultsPanel(Step):
    """What the table holds, and how to take it along."""

    def __init__(self, document: MaskDocument) -> None:
        super().__init__(4, tr("Results"))
        self._document = document
        self._text = say("results_text", role="")
        self.all_button = push_button(
            "show_all_button",
            tr("All that pass"),
            "table",
            lambda: document.set_results(None),
            hint=tr("Put every mask that passes the filter into the table again"),
        )
        self.export_button = QPushButton(" " + tr("&Export"))
        self.export_button.setObjectName("export_button")
        self.export_button.setAccessibleName(tr("Export"))
        self.export_button.setIcon(theme.icon("export"))
        self.export_button.setToolTip(tr("Write the objects of the table into a folder"))
        self.export_button.setMenu(
            ExportMenu(document.session, MASK_FORMATS, self.choose_folder, parent=self)
        )
        self.save_button = push_button(
            "save_marked_button",
            tr("Save Marked Image…"),
            "image",
            self.choose_picture,
            hint=tr("Save the image with the objects of the table outlined"),
        )
        self.command_button = push_button(
            "copy_command_button",
            tr("Copy as Command"),
            "command",
            self.copy_command,
            hint=tr("Copy the command line that does the same (Ctrl+Shift+C)"),
        )
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.addWidget(self.export_button, 0, 0)
        grid.addWidget(self.all_button, 0, 1)
        grid.addWidget(self.save_button, 1, 0, 1, 2)
        grid.addWidget(self.command_button, 2, 0, 1, 2)
        self.body.addWidget(self._text)
        self.body.addLayout(grid)
        for signal in (document.results_changed, document.masks_changed, document.state_changed):
            signal.connect(self._show)
        self._show()

    def choose_folder(self, format_name: str) -> None:
        """Ask for a folder and export into it."""
        memory = self._document.session.memory
        folder = QFileDialog.getExistingDirectory(self, tr("Export into"), memory.folder("export"))
        if folder:
            memory.remember_file("export", Path(folder) / "export")
            self.export(format_name, Path(folder))

    def export(self, format_name: str, folder: Path) -> None:
        """Write the objects of the table in a format into a folder."""
        export_objects(self._document, format_name, folder, on_done=self._on_exported)

    def choose_picture(self) -> None:
        """Ask for a file and save the marked image as it."""
        session = self._document.session
        if session.image is None:
            return
        name = str(Path(session.memory.folder("picture")) / f"{session.image.path.stem}_sam_hq.png")
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save Marked Image"), name, tr("Pictures (*.png)"))
        if chosen:
            path = Path(chosen)
            self.save_picture(path if path.suffix else path.with_suffix(".png"))

    def save_picture(self, target: Path) -> None:
        """Save the image with the objects of the table outlined."""
        self._document.session.memory.remember_file("picture", target)
        save_marked(self._document, target, on_done=self._on_saved)

    def copy_command(self) -> None:
        """Put the command line that does the same on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        text = self.command()
        if clipboard is None or not text:
            return
        clipboard.setText(text)
        document = self._document
        if document.state.edited or document.results is not None:
            note = tr(
                "Copied: {command} (corrections and selections by hand are not part of it)", command=text
            )
        else:
            note = tr("Copied: {command}", command=text)
        document.session.notice.emit(note)

    def command(self) -> str:
        """The command line that finds, measures and filters the same; empty without an image."""
        session = self._document.session
        return (
            run_command(session.image.path, session.settings_for_command())
            if session.image is not None
            else ""
        )

    def _on_exported(self, summary: OutputSummary) -> None:
        notice = tr("{n} objects exported into {folder}", n=summary.objects_kept, folder=summary.folder)
        self._document.session.notice.emit("\n".join([notice, *summary.warnings]))

    def _on_saved(self, path: Path) -> None:
        self._document.session.notice.emit(tr("Saved as {path}", path=path))

    def _show(self) -> None:
        document = self._document
        ready = document.objects is not None and not document.is_preliminary
        lines = [table_text(document), overlap_text(document)] if ready else [tr("Nothing to show yet.")]
        self._text.setText("\n".join(line for line in lines if line))
        self.export_button.setEnabled(ready)
        self.save_button.setEnabled(ready)
        self.all_button.setEnabled(ready and document.results is not None)
        self.command_button.setEnabled(document.session.image is not None)
