"""The floors of the house: imports point down, and the cheap commands stay cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import samhq

PACKAGE = Path(samhq.__file__).parent

# From the top down; a room may import rooms that stand below it.
FLOORS = (
    "cli",
    "gui",
    "api",
    "training",
    "evaluation",
    "runs",
    "distribution",
    "engine",
    "single",
    "doctor",
    "export",
    "overview",
    "batch",
    "planning",
    "results",
    "places",
    "inputs",
    "store",
    "packing",
    "runlog",
    "segmentation",
    "network",
    "measure",
    "suggest",
    "shape",
    "filters",
    "editing",
    "outlines",
    "regions",
    "labels",
    "masks",
    "images",
    "locks",
    "awake",
    "pipeline",
    "configuration",
    "settings",
    "training_settings",
    "segmentation_settings",
    "export_settings",
    "fields",
    "validation",
    "files",
    "monitor",
    "extras",
    "errors",
)
GROUND = {
    "settings",
    "segmentation_settings",
    "export_settings",
    "training_settings",
    "configuration",
    "validation",
    "filters",
    "masks",
    "editing",
    "outlines",
    "regions",
    "monitor",
    "errors",
    "files",
}


def rooms() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.setdefault(parts[0], []).append(path)
    return found


def imports_of(tree: ast.AST) -> set[str]:
    """Rooms of samhq that a piece of code imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("samhq.")}
        elif isinstance(node, ast.ImportFrom) and node.module == "samhq":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("samhq."):
            names.add(node.module.split(".")[1])
    return names & set(FLOORS)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_every_room_has_a_floor():
    known = set(FLOORS) | {"__init__", "__main__", "models"}
    assert set(rooms()) <= known


@pytest.mark.parametrize("room", FLOORS)
def test_imports_point_down(room):
    below = set(FLOORS[FLOORS.index(room) + 1 :])
    for path in rooms()[room]:
        assert imports_of(parsed(path)) - {room} <= below, path


@pytest.mark.parametrize("room", ["cli", "gui"])
def test_command_line_and_window_enter_the_engine_by_one_door(room):
    for path in rooms()[room]:
        tree = parsed(path)
        for node in ast.walk(tree):
            # Names for annotations do not make the command line depend on a room.
            if (
                isinstance(node, ast.If)
                and isinstance(node.test, ast.Name)
                and node.test.id == "TYPE_CHECKING"
            ):
                node.body = [ast.Pass()]
        assert imports_of(tree) <= GROUND | {"api", "cli", "gui"}, path


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys; print('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in result.stdout.splitlines()}


HEAVY = {"torch", "PyQt6", "matplotlib", "pandas", "scipy", "cv2", "tifffile", "huggingface_hub"}
HEAVY |= {"openpyxl", "pyarrow", "roifile"}  # of the extra "exports"


def test_help_imports_nothing_heavy():
    code = "from samhq.cli import main; main(['--help'])"
    assert not loaded_by(code) & (HEAVY | {"numpy", "pydantic"})


def test_importing_the_library_imports_nothing_heavy():
    assert not loaded_by("import samhq") & (HEAVY | {"numpy", "pydantic"})


@pytest.mark.parametrize(
    "arguments", ["['run', '--help']", "['config', 'check', 'x.json']", "['export', '--help']"]
)
def test_commands_without_work_import_no_torch(arguments):
    assert not loaded_by(f"from samhq.cli import main; main({arguments})") & {"torch", "PyQt6", "matplotlib"}
