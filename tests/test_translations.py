"""The translations of the window: complete, with the fields and mnemonics of their texts, and as Qt reads them."""

from __future__ import annotations

import ast
import os
import re
import string
import sys
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

pytest.importorskip("PyQt6", reason="the window is not installed")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import translations  # noqa: E402 - found through the root

LANGUAGES = sorted(translations.FOLDER.glob("*.ts"))
by_language = pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)

SAME_EVERYWHERE = {
    # names
    "CPU", "GPU", "SAM-HQ", "samhq", "PDF (*.pdf)",
    # quantities and coordinates
    "A (px)", "I", "R", "x", "y", "x {x}   y {y}", "Σ {count}",
}  # fmt: skip
"""Texts with letters that a language may leave as they are."""

UNITS = re.compile(r"\b(px|nm|µm|mm|MB|GB)\b")

SHOWS_TEXT = {
    "setAccessibleDescription", "setAccessibleName", "setInformativeText", "setPlaceholderText", "setPrefix",
    "setSpecialValueText", "setStatusTip", "setSuffix", "setText", "setTitle", "setToolTip", "setWhatsThis",
    "setWindowTitle", "addAction", "addButton", "addItem", "addItems", "addMenu", "addRow", "addSection", "addTab",
    "insertItem", "setHeaderLabels", "setItemText", "setLabelText", "setTabText", "setTabToolTip", "showMessage",
    "QAction", "QCheckBox", "QDockWidget", "QGroupBox", "QLabel", "QMenu", "QMessageBox", "QPushButton",
    "QRadioButton", "EmptyState", "Failure",
}  # fmt: skip
"""Calls whose arguments the user reads."""

NOT_READ = {
    "EmptyState": "its first argument is the name of an icon",
}

UNTRANSLATED = {
    "samhq": "the name of the program",
    "</p>": "markup",
    "<p>": "markup",
}
"""Literals in such calls that are no text of a language, and why."""


# ---------------------------------------------------------------------- texts


def test_there_is_a_translation_for_each_language_of_the_window():
    from samhq.gui.translate import LANGUAGES as OFFERED

    assert {path.stem for path in LANGUAGES} == set(OFFERED) - {"en"}


@by_language
def test_every_text_is_translated_and_no_other(path):
    assert translations.check(path) == []


@by_language
def test_no_text_is_left_in_english(path):
    for source, translation in translations.read(path).items():
        if source == translation and source not in SAME_EVERYWHERE:
            words = UNITS.sub("", "".join(literal for literal, *_ in string.Formatter().parse(source)))
            assert not any(letter.isalpha() for letter in words), source


@by_language
def test_a_translation_has_the_fields_of_its_text(path):
    for source, translation in translations.read(path).items():
        assert fields(translation) == fields(source), source


def fields(text):
    """Names, conversions and formats of the fields, in the order of their names; their places may differ."""
    parsed = string.Formatter().parse(text)
    return sorted((name, conversion or "", spec) for _, name, spec, conversion in parsed if name is not None)


@by_language
def test_a_translation_keeps_mnemonics_breaks_markup_and_keys(path):
    for source, translation in translations.read(path).items():
        mnemonic = re.findall(r"&(\w)", source)
        assert [key.upper() for key in mnemonic] == [
            key.upper() for key in re.findall(r"&(\w)", translation)
        ], source
        assert translation.count("\n") == source.count("\n"), source
        assert re.findall(r"<[^>]+>", translation) == re.findall(r"<[^>]+>", source), source
        assert sorted(re.findall(KEYS, translation)) == sorted(re.findall(KEYS, source)), source
        if source.endswith("…"):
            assert translation.endswith("…"), source
        for pattern in re.findall(r"\*\.\w+|;;", source):
            assert pattern in translation, source


KEYS = r"(?:Ctrl|Shift|Alt)\+[A-Z][\w+]*|\bF\d+\b|\bEsc\b|\bEnter\b"


@by_language
def test_a_text_has_no_two_translations_by_case_or_ellipsis_alone(path):
    groups: dict[str, set[str]] = {}
    for source, translation in translations.read(path).items():
        plain = source.replace("&", "").rstrip("…. ").lower()
        if plain not in ("dark", "bins"):  # a theme and a polarity; a setting and a unit
            bare = re.sub(r"\(&\w\)|[….。\s]+$", "", re.sub(r"\(&\w\)", "", translation))
            groups.setdefault(plain, set()).add(bare)
    assert {plain: said for plain, said in groups.items() if len(said) > 1} == {}


# ------------------------------------------------------------------- compiled


@by_language
def test_qt_gives_every_translation_of_the_compiled_file(path, tmp_path, english):
    from PyQt6.QtCore import QCoreApplication, QTranslator

    messages = translations.read(path)
    target = tmp_path / "window.qm"
    target.write_bytes(translations.compiled(messages, path.stem))
    translator = QTranslator()
    assert translator.load(str(target))
    assert translator.language() == path.stem
    # Not by the translator itself: PyQt hands its texts over in ASCII.
    assert QCoreApplication.installTranslator(translator)
    try:
        given = {source: QCoreApplication.translate(translations.CONTEXT, source) for source in messages}
        strange = QCoreApplication.translate(translations.CONTEXT, "a text that the window does not have")
    finally:
        QCoreApplication.removeTranslator(translator)
    assert given == messages
    assert strange == "a text that the window does not have"


@by_language
def test_the_compiled_file_belongs_to_its_translation(path):
    compiled = path.with_suffix(".qm")
    if not compiled.exists():
        pytest.skip("no .qm file is built here (python tools/translations.py --compile)")
    assert compiled.read_bytes() == translations.compiled(translations.read(path), path.stem)


def test_gathering_keeps_translations_and_drafts_and_drops_what_is_gone(tmp_path, monkeypatch):
    path = tmp_path / "xx.ts"
    monkeypatch.setattr(translations, "texts", lambda: ["one & two", "a draft"])
    assert translations.gather(path) == (2, 2)
    empty = '<translation type="unfinished" />'
    text = path.read_text(encoding="utf-8")
    text = text.replace(empty, "<translation>un</translation>", 1)
    text = text.replace(empty, '<translation type="unfinished">de</translation>', 1)
    path.write_text(text, encoding="utf-8")
    assert translations.gather(path) == (2, 1)
    assert translations.read(path) == {"one & two": "un"}
    assert translations.read(path, drafts=True) == {"one & two": "un", "a draft": "de"}
    assert translations.check(path) == ["xx.ts: 'a draft' has no translation"]
    before = path.read_bytes()
    translations.gather(path)
    assert path.read_bytes() == before
    monkeypatch.setattr(translations, "texts", lambda: ["a draft"])
    assert "xx.ts: 'one & two' is no text of the window any more" in translations.check(path)
    assert translations.gather(path) == (1, 1)


# --------------------------------------------------------------------- source


def test_tr_gets_a_literal_so_that_it_can_be_gathered():
    known = set(translations.texts())
    for path in translations.GUI.rglob("*.py"):
        for call in translations.calls_of_tr(path):
            first = call.args[0]
            where = f"{path.name}:{call.lineno}"
            if isinstance(first, ast.Constant):
                assert first.value in known, where
            else:  # words of the settings and reasons of the engine, which are gathered from there
                written = ast.unparse(first)
                assert "field_of(" in written or written in ("unit", "reason"), f"{where}: {written}"


FORMATTED_LATER = {
    "batch_histograms.py": "hands the texts of the read-out to the histogram",
    "histogram.py": "keeps the text of the read-out",
    "mask_suggestion.py": "chooses one of several texts, then gives it the value",
}


def test_tr_gets_a_value_for_each_field():
    for path in sorted(translations.GUI.rglob("*.py")):
        for call in translations.calls_of_tr(path):
            first, given = call.args[0], {keyword.arg for keyword in call.keywords}
            if not given and path.name in FORMATTED_LATER:
                continue
            if isinstance(first, ast.Constant) and None not in given:
                assert {name for name, *_ in fields(first.value)} == given, f"{path.name}:{call.lineno}"


@pytest.mark.parametrize(
    "path",
    sorted(translations.GUI.rglob("*.py")),
    ids=lambda path: path.relative_to(translations.GUI).as_posix(),
)
def test_no_text_that_the_user_reads_bypasses_tr(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert list(bypassing(tree)) == []


def bypassing(tree):
    """'line: literal' for every text in a call that shows it, but those in tr()."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if name not in SHOWS_TEXT:
            continue
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        for argument in arguments[1:] if name in NOT_READ else arguments:
            yield from (f"{call.lineno}: {text!r}" for text in literals(argument))


def literals(node):
    """Literals with letters in an expression that becomes a text."""
    if isinstance(node, ast.Constant):
        text = node.value
        if isinstance(text, str) and any(c.isalpha() for c in text) and text.strip(" -") not in UNTRANSLATED:
            yield text
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from literals(part)
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.BinOp):
        yield from literals(node.left)
        yield from literals(node.right)
    elif isinstance(node, (ast.List, ast.Tuple, ast.BoolOp)):
        for part in node.values if isinstance(node, ast.BoolOp) else node.elts:
            yield from literals(part)


def test_the_search_for_literals_finds_them():
    shown = 'a.setText("Run"); b.setToolTip(f"<p>{help}</p>"); QLabel("x" if y else tr("No")); c.setObjectName("n")'
    assert list(bypassing(ast.parse(shown))) == ["1: 'Run'", "1: 'x'"]


# ------------------------------------------------------------------ languages


@pytest.fixture
def english(qapp):
    """English before and after the test."""
    from samhq.gui.translate import install_language

    install_language("en")
    yield
    install_language("en")


@by_language
def test_the_language_changes_back_and_forth(path, english):
    from samhq.gui.translate import current_language, install_language, tr

    if not path.with_suffix(".qm").exists():
        pytest.skip("no .qm file is built here (python tools/translations.py --compile)")
    translated = translations.read(path)["Mask Analysis"]
    assert translated != "Mask Analysis"
    for _ in range(2):
        install_language(path.stem)
        assert (current_language(), tr("Mask Analysis")) == (path.stem, translated)
        assert tr("{n} objects: all that pass the filter", n=3) == translations.read(path)[
            "{n} objects: all that pass the filter"
        ].format(n=3)
        install_language("en")
        assert (current_language(), tr("Mask Analysis")) == ("en", "Mask Analysis")
    assert tr("{n} objects: all that pass the filter", n=3) == "3 objects: all that pass the filter"


def test_an_unknown_language_is_refused_and_the_old_one_stays(english):
    from samhq.gui.translate import current_language, install_language, tr

    with pytest.raises(ValueError, match="xx"):
        install_language("xx")
    assert current_language() == "en"
    assert tr("Mask Analysis") == "Mask Analysis"


def test_texts_in_one_line_and_texts_read_out():
    from samhq.gui.translate import joined, plain

    assert joined([]) == ""
    assert joined(["a"]) == "a"
    assert joined(iter(["a", "b", "c"])) == "a, b, c"
    assert plain("&Open Image…") == "Open Image"
    assert plain("打开(&O)…") == "打开"
    assert plain("Select & filter") == "Select & filter"
