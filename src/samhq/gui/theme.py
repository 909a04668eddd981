"""Colours, icons and the look of the window, light and dark, following the system while it runs.

Views take colours from `colors()` and icons from `icon()`. Icons follow the scheme by themselves; what a
view paints or computes from colours it renews when `notifier.changed` is emitted. Widgets say what they
are with `set_role(widget, "primary")`; the stylesheet does the rest. Roles:
push buttons "primary", "danger", "quiet"; progress bars "thin" (without text);
labels "heading", "title", "muted", "error", "warning", "ok";
frames and widgets "card", "side", "strip", "error_bar", "warning_bar", "info_bar".
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from functools import cache

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PyQt6.QtWidgets import QApplication, QWidget

from samhq.gui.icons import ThemedIconEngine, app_icon

__all__ = [
    "MODES",
    "TEXT_PAIRS",
    "Colors",
    "app_icon",
    "apply_theme",
    "colors",
    "icon",
    "is_dark",
    "letter",
    "notifier",
    "set_role",
]

_log = logging.getLogger(__name__)
_LETTERS = "the quick brown fox jumps over the lazy dog"

MODES = ("system", "light", "dark")
"""What a user can choose: follow the system, always light, always dark."""


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours of one scheme.

    window: behind everything; base: behind text that is edited, tables and plots; alternate: every other
    row, headers; hover: a control under the pointer; text, muted: of normal and of secondary text;
    border: quiet lines; outline: edges of controls (3:1); accent, on_accent: what is active or primary, and
    text on it; selection, progress: rows that are selected, the done part of a bar, with `text` on them;
    error, warning, ok: text and symbols of that meaning, with their bars' backgrounds; info_bar: background
    of a notice; peak, trough: dots of the histogram; selected: outline of selected masks; palette: outlines
    of the other masks, seen over an image and told apart by colour-blind eyes (Okabe and Ito 2008).
    """

    window: QColor
    base: QColor
    alternate: QColor
    hover: QColor
    text: QColor
    muted: QColor
    border: QColor
    outline: QColor
    accent: QColor
    on_accent: QColor
    accent_hover: QColor
    selection: QColor
    progress: QColor
    error: QColor
    error_bar: QColor
    warning: QColor
    warning_bar: QColor
    ok: QColor
    info_bar: QColor
    disabled: QColor
    peak: QColor
    trough: QColor
    selected: QColor
    palette: tuple[QColor, ...]


TEXT_PAIRS: tuple[tuple[str, str], ...] = tuple(
    (front, back)
    for front, backs in {
        "text": "window base alternate hover selection progress error_bar warning_bar info_bar",
        "muted": "window base alternate hover selection",
        "accent": "window base alternate hover selection info_bar",
        "on_accent": "accent accent_hover error",
        "error": "window base alternate selection error_bar",
        "warning": "window base alternate selection warning_bar",
        "ok": "window base alternate selection",
    }.items()
    for back in backs.split()
)
"""(text, background) of every pair that the window may show: at least 4.5:1 in both schemes."""

_BACKGROUNDS = frozenset({"card", "side", "strip", "error_bar", "warning_bar", "info_bar"})
_MASKS = ("#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#0072B2")

_LIGHT = {
    "window": "#F4F5F7",
    "base": "#FFFFFF",
    "alternate": "#EDF0F3",
    "hover": "#E6EAEF",
    "text": "#1A1E24",
    "muted": "#535C68",
    "border": "#D3D8DF",
    "outline": "#838B96",
    "accent": "#0B5CAD",
    "on_accent": "#FFFFFF",
    "accent_hover": "#0A4C8F",
    "selection": "#D3E5F8",
    "progress": "#5A96D8",
    "error": "#AB1F18",
    "error_bar": "#FCE9E7",
    "warning": "#7A4A00",
    "warning_bar": "#FFF2DA",
    "ok": "#0A6240",
    "info_bar": "#E5F0FB",
    "disabled": "#959CA6",
    "peak": "#C8191F",
    "trough": "#C26A00",
    "selected": "#E8141C",
}
_DARK = {
    "window": "#1C1F24",
    "base": "#14171B",
    "alternate": "#22262C",
    "hover": "#2C3138",
    "text": "#E7EAED",
    "muted": "#A7AEB8",
    "border": "#383E47",
    "outline": "#78808C",
    "accent": "#74B5FA",
    "on_accent": "#07131F",
    "accent_hover": "#9CCBFC",
    "selection": "#24425F",
    "progress": "#2F6AA8",
    "error": "#FF9C93",
    "error_bar": "#3D1F1D",
    "warning": "#FFC061",
    "warning_bar": "#382B12",
    "ok": "#6AD6A6",
    "info_bar": "#1A2C3F",
    "disabled": "#666E79",
    "peak": "#FF6A60",
    "trough": "#FFB648",
    "selected": "#FF4A4A",
}


class ThemeNotifier(QObject):
    """Tells of a change of the scheme. changed(dark): after palette and stylesheet are in place."""

    changed = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.mode = "system"
        self.dark = False


notifier = ThemeNotifier()
"""The one notifier of the process."""


@cache
def _scheme(dark: bool) -> Colors:
    values = _DARK if dark else _LIGHT
    masks = tuple(QColor(name) for name in _MASKS)
    return Colors(**{name: QColor(value) for name, value in values.items()}, palette=masks)


def colors(dark: bool | None = None) -> Colors:
    """The colours of a scheme. dark: None for the one in force."""
    return _scheme(notifier.dark if dark is None else dark)


def is_dark() -> bool:
    """Whether the dark scheme is in force."""
    return notifier.dark


def icon(name: str, role: str = "text") -> QIcon:
    """An icon in the colour of the scheme in force, also after the scheme changes.

    name: a name of samhq.gui.icons.ICONS such as "open", else of the Material Design Icons such as
    "content-copy". role: a name of a colour of Colors, e.g. "on_accent" on a primary button.
    Raises ValueError for a name or a role that does not exist.
    """
    if role not in {field.name for field in fields(Colors)}:
        raise ValueError(f"colour {role!r}: is none of Colors")
    return QIcon(ThemedIconEngine(name, lambda enabled: getattr(colors(), role if enabled else "disabled")))


def letter(widget: QWidget) -> int:
    """Mean width of a letter in the font of a widget, in pixels; the measure of widths in letters.

    Not averageCharWidth(): fonts with Chinese characters give the width of those, twice as much.
    """
    return round(widget.fontMetrics().horizontalAdvance(_LETTERS) / len(_LETTERS))


def set_role(widget: QWidget, role: str) -> None:
    """Say what a widget is, for the stylesheet; see the head of this module. "" takes a role away."""
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    # A plain widget paints no background of a stylesheet unless told so.
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, role in _BACKGROUNDS)
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)


def apply_theme(app: QApplication, mode: str) -> None:
    """Give the application its look.

    mode: one of MODES; "system" follows the system from now on, and so does anything else, since the mode
    may come from a file of remembered things that somebody edited.
    """
    if mode not in MODES:
        _log.warning("theme %r: is none of %s; following the system", mode, ", ".join(MODES))
        mode = "system"
    notifier.mode = mode
    hints = QGuiApplication.styleHints()
    if hints is not None:
        _ask_system(mode)
        # Connected once: connecting the same method again would be a second call.
        if not app.property("samhq_follows"):
            app.setProperty("samhq_follows", True)
            hints.colorSchemeChanged.connect(_on_system_changed)
    _put(app, _wanted(mode))


def _ask_system(mode: str) -> None:
    # Title bars and native dialogs follow too where Qt (6.8) can ask for that.
    hints = QGuiApplication.styleHints()
    if hints is None or not hasattr(hints, "setColorScheme"):
        return
    schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, "system": Qt.ColorScheme.Unknown}
    hints.setColorScheme(schemes[mode])


def _wanted(mode: str) -> bool:
    if mode != "system":
        return mode == "dark"
    hints = QGuiApplication.styleHints()
    return hints is not None and hints.colorScheme() == Qt.ColorScheme.Dark


def _on_system_changed(_: object = None) -> None:
    app = QApplication.instance()
    if isinstance(app, QApplication) and notifier.mode == "system" and _wanted("system") != notifier.dark:
        _put(app, _wanted("system"))


def _put(app: QApplication, dark: bool) -> None:
    from samhq.gui.stylesheet import stylesheet

    notifier.dark = dark
    chosen = colors(dark)
    app.setStyle("Fusion")
    app.setPalette(_palette(chosen))
    app.setStyleSheet(stylesheet(chosen, dark=dark))
    _log.debug("%s scheme", "dark" if dark else "light")
    notifier.changed.emit(dark)


def _palette(chosen: Colors) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette(chosen.alternate, chosen.window)
    for name, color in {
        role.Window: chosen.window,
        role.WindowText: chosen.text,
        role.Base: chosen.base,
        role.AlternateBase: chosen.alternate,
        role.Text: chosen.text,
        role.Button: chosen.alternate,
        role.ButtonText: chosen.text,
        role.BrightText: chosen.error,
        role.ToolTipBase: chosen.base,
        role.ToolTipText: chosen.text,
        role.PlaceholderText: chosen.muted,
        role.Highlight: chosen.accent,
        role.HighlightedText: chosen.on_accent,
        role.Accent: chosen.accent,
        role.Link: chosen.accent,
        role.LinkVisited: chosen.accent,
        role.Light: chosen.base,
        role.Midlight: chosen.hover,
        role.Mid: chosen.border,
        role.Dark: chosen.outline,
        role.Shadow: chosen.outline,
    }.items():
        palette.setColor(name, color)
    for name in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, chosen.disabled)
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, chosen.border)
    palette.setColor(QPalette.ColorGroup.Disabled, role.HighlightedText, chosen.muted)
    return palette
