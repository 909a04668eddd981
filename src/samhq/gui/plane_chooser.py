"""Which plane of a microscopy file is open: scene, channels, slice and time, or the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import QComboBox, QGridLayout, QLabel, QSpinBox, QWidget

from samhq import api
from samhq.gui.parameter_controls import IntBox, WheelFreeComboBox
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.gui.session import OpenImage, Session

__all__ = ["PlaneChooser"]

_SAME = ""


class PlaneChooser(QWidget):
    """Controls for the planes of the open file; not there for a file of one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plane_chooser")
        self._session = session
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._scene = self._combo("plane_scene", tr("Scene"), 0)
        self._measured = self._combo("plane_measured", tr("Measured channel"), 1)
        self._shown = self._combo("plane_shown", tr("Shown to the network"), 2)
        self._z = self._spin("plane_z", tr("z slice"), 3)
        self._t = self._spin("plane_t", tr("Time point"), 4)
        self._page = self._spin("plane_page", tr("Page"), 5)
        session.image_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Show the plane that is open."""
        opened = self._session.image
        planes = opened.planes if opened is not None else None
        self.setVisible(planes is not None and planes.count > 1)
        if opened is None or planes is None or planes.count < 2:
            return
        page = opened.image.page
        self._fill_spin(self._page, 0 if planes.places else planes.count, page)
        if planes.places:
            self._show_place(opened, planes, planes.places[page - 1])
        else:
            for box in (self._scene, self._measured, self._shown, self._z, self._t):
                self._set_row_visible(box, False)

    def _show_place(self, opened: OpenImage, planes: api.FilePlanes, at: api.PlaneAt) -> None:
        within = [place for place in planes.places if place.scene == at.scene]
        scenes = [name or tr("Scene {n}", n=number) for number, name in enumerate(planes.scenes, start=1)]
        channels = [
            name or tr("Channel {n}", n=number)
            for number, name in enumerate(planes.channels[at.scene], start=1)
        ]
        shown = opened.settings.channel_shown
        number = None if shown is None else planes.channel_number(at.scene, shown)
        self._fill_combo(self._scene, scenes, at.scene)
        self._fill_combo(self._measured, channels, at.channel)
        others = [tr("the measured one"), *channels] if len(channels) > 1 else []
        self._fill_combo(self._shown, others, 0 if number is None else number + 1)
        self._fill_spin(self._z, 1 + max(place.z for place in within), at.z + 1)
        self._fill_spin(self._t, 1 + max(place.t for place in within), at.t + 1)

    def _choose(self) -> None:
        """Open the plane that the controls say."""
        opened = self._session.image
        if opened is None or opened.planes is None:
            return
        planes = opened.planes
        page: int | None = self._page.value()
        scene = 0
        if planes.places:
            scene = self._scene.currentIndex()
            # Another scene may have fewer channels, slices or times.
            page = self._nearest(planes, scene)
        channel = self._shown.currentIndex()
        shown = _SAME
        if channel > 0 and planes.places:
            # The controls still list the channels of the scene that is open.
            there = channel <= len(planes.channels[scene])
            shown = planes.channel_text(scene, channel - 1) if there else _SAME
        if page is not None:
            self._session.show_plane(page, shown)
        if self._session.has_unsaved_edits:
            self.refresh()  # until it is known whether they may be lost

    def _nearest(self, planes: api.FilePlanes, scene: int) -> int | None:
        wanted = api.PlaneAt(scene, self._measured.currentIndex(), self._z.value() - 1, self._t.value() - 1)
        exact = planes.page(wanted)
        if exact is not None:
            return exact
        return next((n for n, place in enumerate(planes.places, start=1) if place.scene == scene), None)

    # ------------------------------------------------------------ building

    def _combo(self, name: str, text: str, row: int) -> QComboBox:
        box = WheelFreeComboBox()
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        box.activated.connect(self._choose)
        self._add(box, name, text, row)
        return box

    def _spin(self, name: str, text: str, row: int) -> QSpinBox:
        box = IntBox()
        box.setKeyboardTracking(False)  # half a number is no plane
        box.valueChanged.connect(self._choose)
        self._add(box, name, text, row)
        return box

    def _add(self, box: QWidget, name: str, text: str, row: int) -> None:
        box.setObjectName(name)
        box.setAccessibleName(text)
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        label = QLabel(text)
        label.setBuddy(box)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(box, row, 1)

    def _fill_combo(self, box: QComboBox, texts: list[str], chosen: int) -> None:
        with QSignalBlocker(box):
            box.clear()
            box.addItems(texts)
            box.setCurrentIndex(chosen)
        self._set_row_visible(box, len(texts) > 1)

    def _fill_spin(self, box: QSpinBox, count: int, value: int) -> None:
        with QSignalBlocker(box):
            box.setRange(1, max(1, count))
            box.setSuffix(tr(" of {n}", n=count))
            box.setValue(value)
        self._set_row_visible(box, count > 1)

    def _set_row_visible(self, box: QWidget, visible: bool) -> None:
        box.setVisible(visible)
        row = self._grid.getItemPosition(self._grid.indexOf(box))[0]
        label = self._grid.itemAtPosition(row, 0)
        widget = label.widget() if label is not None else None
        if widget is not None:
            widget.setVisible(visible)
