"""The look of the window: readable in both schemes, and following the system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import qtawesome
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QColor, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from qtawesome.iconic_font import FontError

from samhq.gui import icons, theme
from samhq.gui.stylesheet import stylesheet

SCHEMES = [pytest.param(False, id="light"), pytest.param(True, id="dark")]


@pytest.fixture(autouse=True)
def _light_afterwards(qapp: QApplication) -> Iterator[None]:
    theme.apply_theme(qapp, "light")
    yield
    theme.apply_theme(qapp, "light")


def luminance(color: QColor) -> float:
    """Relative luminance of WCAG 2.1."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast(QColor("#000000"), QColor("#FFFFFF")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("#FFFFFF")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("dark", SCHEMES)
@pytest.mark.parametrize(("front", "back"), theme.TEXT_PAIRS)
def test_text_is_readable_on_its_background(front: str, back: str, dark: bool) -> None:
    chosen = theme.colors(dark)
    assert contrast(getattr(chosen, front), getattr(chosen, back)) >= 4.5


@pytest.mark.parametrize("dark", SCHEMES)
@pytest.mark.parametrize(
    "front", ["outline", "accent", "peak", "trough", "error", "warning", "ok", "progress"]
)
def test_controls_and_symbols_stand_out(front: str, dark: bool) -> None:
    chosen = theme.colors(dark)
    assert contrast(getattr(chosen, front), chosen.base) >= 3


@pytest.mark.parametrize("dark", SCHEMES)
def test_every_rule_with_text_and_background_is_a_tested_pair(dark: bool) -> None:
    chosen = theme.colors(dark)
    names: dict[str, set[str]] = {}
    for front, back in theme.TEXT_PAIRS:
        names.setdefault(getattr(chosen, back).name(), set()).add(getattr(chosen, front).name())
    disabled = chosen.disabled.name()
    checked = 0
    for selector, body in re.findall(r"([^{}]+)\{([^}]*)\}", stylesheet(chosen, dark=dark)):
        color = re.search(r"(?<![-\w])color:\s*(#\w+)", body)
        back = re.search(r"(?<![-\w])background:\s*(#\w+)", body)
        if color and back and color[1] != disabled:
            assert color[1] in names.get(back[1], set()), selector.strip()
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_stylesheet_is_understood(qapp: QApplication, qtlog, mode: str) -> None:  # type: ignore[no-untyped-def]
    theme.apply_theme(qapp, mode)
    widget = QWidget()
    widget.ensurePolished()
    complaints = [record.message for record in qtlog.records if "propagateSizeHints" not in record.message]
    assert complaints == []
    qapp.setStyleSheet("QWidget { color: ")
    widget = QWidget()
    widget.ensurePolished()
    assert any("parse" in record.message for record in qtlog.records), "a broken one would be noticed"


@pytest.mark.parametrize("dark", SCHEMES)
def test_pictures_of_the_stylesheet_exist(dark: bool) -> None:
    paths = set(re.findall(r'url\("([^"]+)"\)', stylesheet(theme.colors(dark), dark=dark)))
    assert len(paths) >= 7
    assert all(Path(path).is_file() for path in paths)


def test_masks_and_selection_differ() -> None:
    chosen = theme.colors(False)
    names = [color.name() for color in (*chosen.palette, chosen.selected)]
    assert len(set(names)) == len(names) >= 7


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_theme_is_put_on_the_application(qapp: QApplication, mode: str) -> None:
    theme.apply_theme(qapp, mode)
    assert theme.is_dark() == (mode == "dark")
    chosen = theme.colors(mode == "dark")
    assert theme.colors() is chosen
    assert qapp.palette().color(QPalette.ColorRole.Window) == chosen.window
    assert chosen.accent.name() in qapp.styleSheet()


def test_an_unknown_theme_follows_the_system(qapp: QApplication, caplog: pytest.LogCaptureFixture) -> None:
    theme.apply_theme(qapp, "pink")
    assert theme.notifier.mode == "system"
    assert "pink" in caplog.text


def test_the_program_has_an_icon_in_every_size(qapp: QApplication) -> None:
    sizes = {size.width() for size in theme.app_icon().availableSizes()}
    assert {16, 32, 256} <= sizes


def test_a_change_is_told_once(qapp: QApplication) -> None:
    told: list[bool] = []
    theme.notifier.changed.connect(told.append)
    try:
        theme.apply_theme(qapp, "dark")
    finally:
        theme.notifier.changed.disconnect(told.append)
    assert told == [True]


def test_system_mode_follows_a_change_of_the_system_and_the_others_do_not(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = QGuiApplication.styleHints()
    assert hints is not None
    system = {"scheme": Qt.ColorScheme.Light}

    class Hints:
        """The system, whose scheme a test can change; offscreen there is none to change."""

        colorSchemeChanged = hints.colorSchemeChanged  # noqa: N815

        def colorScheme(self) -> Qt.ColorScheme:  # noqa: N802
            return system["scheme"]

    monkeypatch.setattr(QGuiApplication, "styleHints", lambda: Hints())
    theme.apply_theme(qapp, "system")
    assert not theme.is_dark()
    system["scheme"] = Qt.ColorScheme.Dark
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.is_dark()
    theme.apply_theme(qapp, "light")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert not theme.is_dark()


@pytest.mark.parametrize("name", sorted(icons.ICONS))
def test_every_icon_draws_something(qapp: QApplication, name: str) -> None:
    picture = theme.icon(name).pixmap(QSize(24, 24)).toImage()
    drawn = sum(picture.pixelColor(x, y).alpha() > 60 for x in range(24) for y in range(24))
    assert drawn > 15


def test_an_icon_follows_the_scheme(qapp: QApplication) -> None:
    icon = theme.icon("open")

    def brightness() -> int:
        picture = icon.pixmap(QSize(32, 32)).toImage()
        pixels = [picture.pixelColor(x, y) for x in range(32) for y in range(32)]
        return max(pixels, key=lambda pixel: pixel.alpha()).lightness()

    theme.apply_theme(qapp, "light")
    in_light = brightness()
    theme.apply_theme(qapp, "dark")
    assert in_light < 80 < 180 < brightness()


def test_a_system_that_refuses_the_font_has_no_icons(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: str) -> str:
        raise FontError("Font appears to be empty")

    monkeypatch.setattr(qtawesome, "charmap", refuse)
    picture = theme.icon("open").pixmap(QSize(24, 24)).toImage()
    assert all(picture.pixelColor(x, y).alpha() == 0 for x in range(24) for y in range(24))
    assert "no icons" in caplog.text


def test_an_unknown_icon_is_refused(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="no-such"):
        theme.icon("no-such-icon")
    with pytest.raises(ValueError, match="no_such"):
        theme.icon("open", "no_such")


def test_every_icon_that_the_window_asks_for_exists(qapp: QApplication) -> None:
    folder = Path(theme.__file__).parent
    found = 0
    for path in folder.rglob("*.py"):
        for name in re.findall(r"theme\.icon\(\s*\"([^\"]+)\"", path.read_text(encoding="utf-8")):
            theme.icon(name)
            found += 1
    assert found > 0


def test_a_role_changes_the_look(qapp: QApplication, qtbot) -> None:  # type: ignore[no-untyped-def]
    button, label, card = QPushButton("x"), QLabel("x"), QWidget()
    for widget in (button, label, card):
        qtbot.addWidget(widget)
    theme.set_role(button, "primary")
    theme.set_role(label, "error")
    theme.set_role(card, "card")
    card.resize(40, 40)
    button.resize(80, 30)
    assert button.grab().toImage().pixelColor(10, 6) == theme.colors().accent
    assert card.grab().toImage().pixelColor(20, 20) == theme.colors().base
    label.ensurePolished()
    assert label.palette().color(QPalette.ColorRole.WindowText) == theme.colors().error


def test_a_letter_is_half_as_wide_as_a_line_is_high_whatever_the_script(qapp):
    label = QLabel()
    for families in ([], ["Noto Sans CJK SC", "Microsoft YaHei UI", "PingFang SC"]):
        font = label.font()
        if families:
            font.setFamilies(families)
        label.setFont(font)
        assert 0.25 < theme.letter(label) / label.fontMetrics().height() < 0.6
