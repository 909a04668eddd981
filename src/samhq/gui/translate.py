"""Text of the window in the user's language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from PyQt6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator
from PyQt6.QtGui import QGuiApplication

__all__ = ["LANGUAGES", "current_language", "install_language", "joined", "plain", "system_language", "tr"]

CONTEXT = "samhq"
"""The one context of all texts: a word means the same wherever it stands."""

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""Languages of the window by code, each under its own name."""

_FONTS = {"zh_CN": ("Microsoft YaHei UI", "PingFang SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei")}


class _Installed:
    translators: list[QTranslator] = []  # noqa: RUF012 - the state of the process
    families: list[str] | None = None
    language = "en"


def tr(text: str, /, **values: object) -> str:
    """A text in the language of the window.

    text: English, a literal, with {named} fields for values. Formatting follows str.format.
    """
    translated = QCoreApplication.translate(CONTEXT, text)
    return translated.format(**values) if values else translated


def joined(parts: Iterable[str]) -> str:
    """Several translated texts in one line, with the comma of the language between them; "" for none."""
    line = ""
    for part in parts:
        line = tr("{first}, {second}", first=line, second=part) if line else part
    return line


def plain(text: str) -> str:
    """A text of a button without its mnemonic and dots, to be read out: "Open" for "&Open…" and "打开(&O)…"."""
    return re.sub(r"\s*\(&\w\)|&(?=\w)", "", text).strip().rstrip("…")


def system_language() -> str:
    """The language of the system if the window speaks it, else "en"."""
    return "zh_CN" if QLocale.system().language() == QLocale.Language.Chinese else "en"


def current_language() -> str:
    """The language that is installed now."""
    return _Installed.language


def install_language(language: str) -> None:
    """Use a language of LANGUAGES from now on; texts made earlier stay as they are. Raises ValueError."""
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r}: choose one of {', '.join(LANGUAGES)}")
    application = QCoreApplication.instance()
    if application is None:
        raise RuntimeError("a language needs the application; make it first")
    while _Installed.translators:
        old = _Installed.translators.pop()
        application.removeTranslator(old)
        old.deleteLater()
    _Installed.language = language
    _choose_fonts(language)
    if language == "en":
        return
    own = str(Path(str(files("samhq.gui") / "i18n" / f"{language}.qm")))
    theirs = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    # Qt's own words (context menus, standard buttons) first: what is installed last is asked first.
    for name, folder in ((f"qtbase_{language}", theirs), (own, "")):
        translator = QTranslator(application)
        if translator.load(name, folder):
            application.installTranslator(translator)
            _Installed.translators.append(translator)
        elif name == own:
            raise ValueError(f"{own}: the translation is missing; install samhq again")


def _choose_fonts(language: str) -> None:
    """Fonts that draw the characters of a language as its readers write them.

    Chinese and Japanese share code points; a system in another language would draw the Japanese forms.
    """
    if not isinstance(QGuiApplication.instance(), QGuiApplication):
        return
    font = QGuiApplication.font()
    if _Installed.families is None:
        _Installed.families = font.families()
    font.setFamilies([*_Installed.families, *_FONTS.get(language, ())])
    QGuiApplication.setFont(font)
