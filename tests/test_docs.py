"""The manual says what the program does: commands, flags, links, numbers, examples, columns, messages."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

import samhq
from samhq.cli.main import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_SOME_FAILED, EXIT_USAGE, cli
from samhq.cli.options import chosen_settings
from samhq.filters import aggregation_of_levels, filter_objects
from samhq.masks import MaskTable, runs_from_crop
from samhq.measure import measure_objects
from samhq.results import rejection_counts
from samhq.settings import settings_from_dict

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
# Programs that the manual names beside samhq.
OTHER_PROGRAMS = ("pip ", "python -m venv ", "samhq-env\\", "set ", "ruff ", "mypy", "lint-imports", "pytest")
OTHER_FLAGS = {
    "--torch",
    "--reinstall",
    "--no-index",
    "--find-links",
    "--no-build-isolation",
    "--no-deps",
    "--all",
    "--check",
    "--compile",
}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, info: str) -> list[str]:
    """The fenced blocks of a page whose opening fence carries this text."""
    return re.findall(rf"^```{re.escape(info)}\n(.*?)^```$", text_of(path), re.MULTILINE | re.DOTALL)


def block(path: Path, info: str) -> str:
    (found,) = blocks(path, info)
    return found


def tables(text: str) -> list[list[list[str]]]:
    """All tables of a text as rows of cells; the first row is the head."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            if not all(set(cell) <= set("-: ") for cell in cells):
                found[-1].append(cells)
        elif found[-1]:
            found.append([])
    return [rows for rows in found if rows]


def commands(group: click.Group, path: str = "samhq") -> dict[str, click.Command]:
    """Every command by its full name."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= commands(command, f"{path} {name}")
        else:
            found[f"{path} {name}"] = command
    return found


def flags(command: click.Command) -> set[str]:
    options = [p for p in command.get_params(click.Context(command)) if isinstance(p, click.Option)]
    return {flag for option in options for flag in (*option.opts, *option.secondary_opts)}


COMMANDS = commands(cli)
ALL_FLAGS = flags(cli).union(*(flags(c) for c in COMMANDS.values()))


# -------------------------------------------------------------------- commands and flags


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_list_of_commands(name):
    assert f"`{name}" in text_of(DOCS / "command-line.md")


def test_every_flag_is_explained():
    explained = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", text_of(DOCS / "command-line.md")))
    explained |= set(re.findall(r"(?<=`)--[\w-]+(?=`)", text_of(DOCS / "settings.md")))
    assert explained >= ALL_FLAGS


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_no_page_names_a_flag_that_does_not_exist(page):
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text_of(page)))
    assert named <= ALL_FLAGS | OTHER_FLAGS


def shown_commands() -> list[tuple[str, str]]:
    """Every command line of README and manual: (page, line)."""
    found = []
    for page in PAGES:
        lines = [line for shown in blocks(page, "console") for line in shown.splitlines()]
        inline = re.findall(r"(?<![`*])`((?:samhq|python sam_hq_process\.py) [^`\n]+)`(?!`)", text_of(page))
        found += [(page.name, line) for line in [*lines, *inline] if "…" not in line]
    return found


@pytest.mark.parametrize(("page", "line"), shown_commands(), ids=lambda value: value)
def test_every_shown_command_is_accepted(page, line):
    line = re.split(r" [>|] ", line)[0].replace("\\", "/")
    start = re.match(r"(samhq|python (?:C:/samhq/)?sam_hq_process\.py)(?: |$)", line)
    if not start:
        assert line.replace("/", "\\").startswith(tuple(p.replace("/", "\\") for p in OTHER_PROGRAMS)), line
        return
    arguments = shlex.split(line[start.end() :])
    if not arguments:
        return  # opens the window
    if start.group(1) != "samhq":
        import sam_hq_process

        arguments = sam_hq_process.parse_options(arguments).command
        if arguments[:1] == ["test"]:
            return
    try:
        accept(cli, arguments, line)
    except click.MissingParameter:
        assert line in COMMANDS  # a command named in a sentence
    except click.exceptions.NoArgsIsHelpError:
        assert any(name.startswith(f"{line} ") for name in COMMANDS)  # a group named in a sentence


def accept(group: click.Group, arguments: list[str], line: str) -> None:
    """Parse a command line as click would, and its settings as the command would, without doing anything."""
    if arguments in (["--version"], ["-V"]):
        return
    context = group.make_context("samhq", list(arguments), resilient_parsing=False)
    command: click.Command = group
    while isinstance(command, click.Group):
        name, following, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert following is not None, line
        command = following
        if rest in (["--help"], ["-h"]):
            return
        context = command.make_context(name, rest, parent=context)
    chosen_settings(context, None)


def test_the_readme_sets_up_with_exactly_one_command():
    part = text_of(ROOT / "README.md").split("## Set up")[1].split("\n## ")[0]
    shown = re.findall(r"^```console\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    assert shown == ["python sam_hq_process.py\n"]


def test_the_exit_codes_are_those_of_the_program():
    part = text_of(DOCS / "command-line.md").split("## Exit codes")[1]
    codes = {int(row[0]) for row in tables(part)[0][1:]}
    assert codes == {0, EXIT_FAILED, EXIT_USAGE, EXIT_SOME_FAILED, EXIT_INTERRUPTED}


def test_the_table_of_settings_is_current():
    script = ROOT / "tools" / "settings_table.py"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


# -------------------------------------------------------------------- links


def anchors(path: Path) -> set[str]:
    heads = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text_of(path), flags=re.M | re.S), re.MULTILINE
    )
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head).lower() for head in heads]
    return {re.sub(r"[^\w\- ]", "", head).replace(" ", "-") for head in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_local_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def test_every_page_of_the_manual_is_in_its_index():
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", text_of(DOCS / "index.md")))
    assert linked == {p.name for p in DOCS.glob("*.md")} - {"index.md"}
    records = set(re.findall(r"\]\((\d\d\d-[\w-]+\.md)\)", text_of(DOCS / "adr" / "README.md")))
    assert records == {p.name for p in (DOCS / "adr").glob("[0-9]*.md")}


def test_pictures_are_small():
    for path in (DOCS / "images").iterdir():
        assert path.stat().st_size < 400_000, path


# -------------------------------------------------------------------- the worked example


@pytest.fixture(scope="module")
def example():
    """Image and masks of the example, as the page prints them."""
    page = DOCS / "filters.md"
    gray = np.array([row.split() for row in block(page, "text example-image").splitlines()], dtype=np.int64)
    runs = []
    for name in ("p", "q"):
        rows = [row.split() for row in block(page, f"text example-{name}").splitlines()]
        mask = np.array(rows) == name.upper()
        runs.append(runs_from_crop(mask, x0=0, y0=0, height=mask.shape[0], width=mask.shape[1]))
    masks = MaskTable.from_runs(runs, height=4, width=4, predicted_iou=[0.9, 0.8])
    return gray, masks, measure_objects((257 * gray).astype(np.uint16), masks)


def test_the_example_prints_the_right_aggregation(example):
    gray, _, _ = example
    shown = [row.split() for row in block(DOCS / "filters.md", "text example-aggregation").splitlines()]
    assert np.array_equal(np.array(shown, dtype=float), aggregation_of_levels()[257 * gray])


def test_the_example_prints_the_right_overlap(example):
    (shown,) = re.findall(r"`overlap_fraction` = (\d) / (\d) = (\d\.\d+)", text_of(DOCS / "filters.md"))
    assert int(shown[0]) / int(shown[1]) == example[2].overlap_fraction
    assert float(shown[2]) == pytest.approx(example[2].overlap_fraction, abs=5e-5)


def example_rows() -> list[list[str]]:
    found = [t for t in tables(text_of(DOCS / "filters.md")) if t[0][:2] == ["filter", "object"]]
    return found[0][1:]


@pytest.mark.parametrize("row", example_rows(), ids=lambda row: f"{row[0]} {row[1]}")
def test_every_number_of_the_example_is_right(example, row):
    shown_filter, name, *shown, verdict = row
    _, _, measured = example
    command = COMMANDS["samhq filter"]
    arguments = [] if shown_filter == "none" else shlex.split(shown_filter.strip("`"))
    context = command.make_context("filter", ["run", *arguments])
    settings = chosen_settings(context, None).filter
    exclusive = settings.overlaps == "exclusive"
    found = filter_objects(measured.exclusive_histograms() if exclusive else measured.histograms, settings)
    i = "PQ".index(name)
    columns = ("initial_area", "initial_intensity", "initial_ratio", "area", "intensity", "ratio")
    values = [float(getattr(found, column)[i]) for column in columns]
    expected = [float("nan") if cell == "none" else float(cell) for cell in shown]
    assert values == pytest.approx(expected, abs=5e-3, nan_ok=True)
    assert verdict.startswith("kept") == bool(found.keep[i])
    if not found.keep[i]:
        assert any(verdict == f"dropped by {setting}" for setting in rejection_counts(found))


# -------------------------------------------------------------------- examples


def json_examples() -> list[tuple[str, str]]:
    return [(page.name, shown) for page in PAGES for shown in blocks(page, "json")]


@pytest.mark.parametrize(("page", "shown"), json_examples())
def test_every_json_example_is_a_valid_configuration(page, shown):
    settings_from_dict(json.loads(shown), source=page)


def test_the_python_examples_run(tmp_path, monkeypatch):
    (tmp_path / "slides").mkdir()
    source = Path(samhq.__file__).parent / "micrographs" / "histology" / "nuclei_1.png"
    shutil.copy(source, tmp_path / "slides" / "nuclei.png")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "example"}
    shown = blocks(DOCS / "python-api.md", "python")
    assert len(shown) > 5
    for number, example in enumerate(shown):
        exec(compile(example, f"python-api.md, example {number + 1}", "exec"), names)
    assert (tmp_path / "histogram.png").is_file()
    assert list(tmp_path.glob("slides_SAM_HQ_Output_*/objects.csv"))


def columns_in_manual(title: str) -> list[str]:
    part = text_of(DOCS / "files.md").split(f"\n## {title}\n")[1].split("\n## ")[0]
    (table,) = tables(part)
    return [row[0].strip("`") for row in table[1:]]


def test_the_columns_of_the_tables_are_explained_in_their_order():
    from samhq.export.tables import IMAGE_COLUMNS, OBJECT_COLUMNS

    assert columns_in_manual("objects.csv") == list(OBJECT_COLUMNS)
    assert columns_in_manual("images.csv") == list(IMAGE_COLUMNS)


# -------------------------------------------------------------------- messages


def messages() -> list[str]:
    return re.findall(r"\*\*`([^`]+)`\*\*", text_of(DOCS / "troubleshooting.md"))


@pytest.fixture(scope="module")
def texts() -> str:
    """All texts in the source, with what is filled in at run time cut out."""
    found = []
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "tools" / "start").glob("*.py")]:
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "\0" for p in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


@pytest.mark.parametrize("message", messages())
def test_every_explained_message_exists(message, texts):
    filled_in = (
        r"\b(?:FILE|FOLDER|COMPUTER|N|M|A|B|vit_b|float32|int16|\d[\w.]*)\b|…|'cuda'|run\.sqlite|[,;:()]"
    )
    pieces = [piece.strip(" :;,()") for piece in re.split(filled_in, message)]
    pieces = [piece for piece in pieces if len(piece) >= 8]
    assert pieces
    for piece in pieces:
        assert piece in texts, piece
