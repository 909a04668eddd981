"""The translations of the window: gathers its texts into the .ts files and compiles those to .qm.

    python tools/translations.py             gather: add new texts to src/samhq/gui/i18n/*.ts, drop those that are gone
    python tools/translations.py --compile   make the .qm files (the build does this as well)
    python tools/translations.py --check     say which texts have no translation, or are gone; exit 1 if any do

Texts are the first arguments of tr() in the window, the titles, helps and units of the settings, and the
reasons of the engine that the window knows. The compiled form is Qt's own: https://doc.qt.io/qt-6/qtranslator.html
reads it; its layout is that of Qt's message files (hash table of the ELF hash of the source text, then the
messages).
"""

from __future__ import annotations

import ast
import struct
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUI = ROOT / "src" / "samhq" / "gui"
FOLDER = GUI / "i18n"
CONTEXT = "samhq"

_MAGIC = bytes.fromhex("3cb86418caef9c95cd211cbf60a1bddd")
_LANGUAGE, _HASHES, _MESSAGES = 0xA7, 0x42, 0x69
_END, _TRANSLATION, _SOURCE, _CONTEXT, _COMMENT = 1, 3, 6, 7, 8


def texts() -> list[str]:
    """Every text of the window, in the order of files and lines, each once."""
    found: dict[str, None] = {}
    for path in sorted(GUI.rglob("*.py")):
        found.update(dict.fromkeys(_texts_in(path)))
    found.update(dict.fromkeys(_settings_texts()))
    found.update(dict.fromkeys(_reasons()))
    return list(found)


def _texts_in(path: Path) -> Iterator[str]:
    for call in calls_of_tr(path):
        first = call.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def calls_of_tr(path: Path) -> list[ast.Call]:
    """Every tr(...) of a file with an argument, in the order of lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "tr"
        and node.args
    ]
    return sorted(calls, key=lambda call: (call.lineno, call.col_offset))


def _settings_texts() -> Iterator[str]:
    sys.path.insert(0, str(ROOT / "src"))
    from samhq.settings import iter_fields

    for _, _, field in iter_fields():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        unit = extra.get("unit")
        # "%" and the like are no words.
        worded = unit if isinstance(unit, str) and unit.isalpha() else None
        yield from filter(None, (field.title, field.description, worded))


def _reasons() -> tuple[str, ...]:
    # Read, not imported: that would need Qt.
    tree = ast.parse((GUI / "reasons.py").read_text(encoding="utf-8"))
    return next(
        tuple(ast.literal_eval(node.value))
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REASONS"
    )


def gather(path: Path) -> tuple[int, int]:
    """Bring a .ts file up to date. Returns how many texts it has and how many lack a translation."""
    known = read(path, drafts=True) if path.exists() else {}
    finished = read(path) if path.exists() else {}
    root = ET.Element("TS", version="2.1", language=path.stem, sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = CONTEXT
    missing = 0
    for text in texts():
        message = ET.SubElement(context, "message")
        ET.SubElement(message, "source").text = text
        translation = ET.SubElement(message, "translation")
        translation.text = known.get(text, "")
        if text not in finished:
            translation.set("type", "unfinished")
            missing += 1
    ET.indent(root, "  ")
    body = ET.tostring(root, encoding="unicode")
    path.write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n', encoding="utf-8", newline="\n"
    )
    return len(context) - 1, missing


def check(path: Path) -> list[str]:
    """What a .ts file lacks, or has too much, a line for each text."""
    known, wanted = read(path), texts()
    gone = known.keys() - set(wanted)
    return [
        *(f"{path.name}: {text!r} has no translation" for text in wanted if text not in known),
        *(f"{path.name}: {text!r} is no text of the window any more" for text in sorted(gone)),
    ]


def read(path: Path, *, drafts: bool = False) -> dict[str, str]:
    """Source text to translation, those without one left out. drafts: also those marked as unfinished."""
    found = {}
    for message in ET.parse(path).getroot().iter("message"):  # noqa: S314 - a file of this project
        source, translation = message.findtext("source"), message.find("translation")
        if not source or translation is None or not translation.text:
            continue
        if drafts or translation.get("type") != "unfinished":
            found[source] = translation.text
    return found


def compiled(messages: dict[str, str], language: str) -> bytes:
    """The bytes of a .qm file."""
    hashes, body = [], b""
    for source, translation in sorted(messages.items(), key=lambda item: _elf_hash(item[0])):
        hashes.append((_elf_hash(source), len(body)))
        body += _field(_TRANSLATION, translation.encode("utf-16-be"))
        body += _field(_COMMENT, b"") + _field(_SOURCE, source.encode()) + _field(_CONTEXT, CONTEXT.encode())
        body += bytes([_END])
    table = b"".join(struct.pack(">II", *row) for row in sorted(hashes))
    return (
        _MAGIC
        + _field(_LANGUAGE, language.encode("ascii"))
        + _field(_HASHES, table)
        + _field(_MESSAGES, body)
    )


def _field(tag: int, data: bytes) -> bytes:
    return struct.pack(">BI", tag, len(data)) + data


def _elf_hash(text: str) -> int:
    value = 0
    for byte in text.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        if high:
            value ^= high >> 24
        value &= ~high
    return value or 1


def compile_all() -> list[Path]:
    """Write a .qm beside every .ts. Returns the files."""
    written = []
    for path in sorted(FOLDER.glob("*.ts")):
        target = path.with_suffix(".qm")
        data = compiled(read(path), path.stem)
        if not target.exists() or target.read_bytes() != data:
            target.write_bytes(data)
        written.append(target)
    return written


def main(arguments: list[str]) -> int:
    """Do what the arguments say. Returns the exit code."""
    if "--compile" in arguments:
        for target in compile_all():
            print(target)
        return 0
    paths = sorted(FOLDER.glob("*.ts"))
    if "--check" in arguments:
        problems = [problem for path in paths for problem in check(path)]
        print("\n".join(problems) or f"{len(texts())} texts, all translated")
        return 1 if problems else 0
    for path in paths:
        count, missing = gather(path)
        print(f"{path}: {count} texts, {missing} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
