"""Reasons of the engine in the language of the window."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import samhq
from samhq import api
from samhq.errors import ImageReadError
from samhq.gui.bars import ErrorBar, Failure
from samhq.gui.reasons import REASONS, in_words
from samhq.gui.translate import install_language


@pytest.fixture
def chinese(qapp):
    install_language("zh_CN")
    yield
    install_language("en")


def test_in_english_every_reason_stays_as_it_is(qapp):
    for reason in REASONS:
        message = "C:\\slides\\a: b.png: " + re.sub(r"\{\w+\}", "12,345", reason)
        assert in_words(message) == message
        assert in_words(message.removeprefix("C:\\slides\\a: b.png: ")) in message


def test_a_real_damaged_image_is_explained_in_chinese(qtbot, chinese, tmp_path):
    path = tmp_path / "cell 7.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    with pytest.raises(ImageReadError) as caught:
        api.read_image(path)
    said = in_words(str(caught.value))
    assert said.endswith("请重新复制")
    assert path.name in said
    assert not re.search("[a-z]{4}", said.split(path.name)[1])
    bar = ErrorBar()
    qtbot.addWidget(bar)
    bar.show_failure(Failure(what="?", why=str(caught.value)))
    assert said in [label.text() for label in bar.findChildren(type(bar._why))]


def test_what_stands_in_the_fields_is_kept_and_the_unknown_is_left_alone(chinese):
    assert "1,024" in in_words("x.png: is damaged: wrong checksum at byte 1,024; copy it again")
    for message in ("", "x.png: something new; do this", "no colon", "a: b: c"):
        assert in_words(message) == message


def test_every_reason_is_one_that_the_engine_gives():
    """A reason that the engine words anew must be worded anew here as well."""
    root = Path(samhq.__file__).parent
    given = []
    for path in root.rglob("*.py"):
        if "gui" not in path.relative_to(root).parts:
            given += [_text(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    for reason in REASONS:
        assert any(re.sub(r"\{\w+\}", "{}", reason) in text for text in given), reason


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "{}" for part in node.values)
    return ""
