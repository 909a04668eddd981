"""Writes docs/settings.md, the table of all settings, from the settings themselves.

python tools/settings_table.py            write the file
python tools/settings_table.py --check    only say whether it is up to date; exit code 1 if not
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo
from safetensors import safe_open

import samhq
from samhq.settings import GROUPS, iter_fields
from samhq.validation import allowed_values

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
STARTER = Path(samhq.__file__).parent / "models" / "starter.safetensors"

_TOP = """# All settings

<!-- Made by `python tools/settings_table.py`; change the settings in src/samhq/settings.py, not this page. -->

Every setting has the same name everywhere. `min_area` in a configuration file is `--min-area` on the command line and
`min_area=` in Python. The groups differ in **what a change costs**.

| group | a change costs |
|---|---|
{costs}

*off* or *null* means: not used. A setting that can be off has a second flag that switches it off, whatever the
configuration file says: `--no-min-area`. Yes-or-no settings have two flags: `--pictures` and `--no-pictures`.

A configuration file names the group first:

```json
{{
  "segmentation": {{"points_per_side": 16}},
  "filter": {{"min_area": 199, "min_ratio": 37.0, "min_aggregation": 35}}
}}
```

`samhq config show` prints a whole file to begin with; `samhq config check FILE` says what is wrong in one.
"""

_COSTS = {
    "image": "the network runs again on every image (another `page` or plane only on those that are new)",
    "segmentation": "the network runs again on every image",
    "filter": "seconds: only tables and pictures are written again",
    "analysis": "nothing is computed again but the histogram of one image",
    "output": "seconds: only tables and pictures are written again",
    "export": "seconds: only tables and exports are written again",
    "compute": "nothing: speed and memory change; results change by rounding only",
}
_TITLES = {
    "image": "Image: from file to gray levels",
    "segmentation": "Segmentation: finding the objects",
    "filter": "Filter: which objects and pixels count",
    "analysis": "Analysis: the histogram of one image",
    "output": "Output: what is written",
    "export": "Export: for other programs",
    "compute": "Compute: how the work is done",
}
_WORDS = """\
Words in this table. A *prompt point* is a place at which the model is asked "which object is here?". A *mask* is
its answer: the pixels of that object. *IoU* (intersection over union) says how well two shapes cover each other: 1 is
equal, 0 is apart. *Predicted IoU* is the model's own guess how good its mask is. *Logits* are the model's raw numbers
for each pixel before it is decided what belongs to the mask. *NMS* (non-maximum suppression) removes double masks of
one object. A *crop* is a part of the image that is looked at on its own, enlarged."""


def page() -> str:
    """The text of docs/settings.md."""
    costs = "\n".join(f"| {_link(group)} | {_COSTS[group]} |" for group in GROUPS)
    return "\n".join([_TOP.format(costs=costs), *(_section(group) for group in GROUPS)])


def recommended() -> dict[str, str]:
    """What the starter model recommends, by setting name, as text."""
    with safe_open(STARTER, framework="numpy") as stream:
        metadata = stream.metadata() or {}
    return {
        name: metadata[name]
        for group, name, _ in iter_fields()
        if group == "segmentation" and name in metadata
    }


def _link(group: str) -> str:
    anchor = "".join(c for c in _TITLES[group].lower() if c.isalnum() or c in " -").replace(" ", "-")
    return f"[{group}](#{anchor})"


def _section(group: str) -> str:
    lines = [
        f"## {_TITLES[group]}",
        "",
        f"Group `{group}` in a configuration file. A change costs: {_COSTS[group]}.",
        "",
    ]
    if group == "segmentation":
        lines += [_WORDS, ""]
        lines += [
            "Where nobody chose a value, the one that the model file recommends is used. The starter model recommends "
            + ", ".join(f"`{name}` {value}" for name, value in recommended().items())
            + ".",
            "",
        ]
    lines += ["| flag | key | default | allowed | meaning |", "|---|---|---|---|---|"]
    lines += [_row(name, field) for of, name, field in iter_fields() if of == group]
    return "\n".join([*lines, ""])


def _row(name: str, field: FieldInfo) -> str:
    flag = "--" + name.replace("_", "-")
    flags = f"`{flag}`"
    if field.annotation is bool or type(None) in get_args(field.annotation):
        flags += f" `--no-{flag[2:]}`"
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    unit = str(extra.get("unit") or "")
    default = "off" if field.default is None else json.dumps(field.default).strip('"')
    if isinstance(field.default, float):
        default = f"{field.default:.4g}"
    cells = [
        flags,
        f"`{name}`",
        default,
        _allowed(name, field) + (f" ({unit})" if unit else ""),
        f"**{field.title}.** {field.description}",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _allowed(name: str, field: FieldInfo) -> str:
    if name == "point_grids":
        return "in a configuration file lists of points or null; on the command line a JSON file that holds the lists"
    if name == "device":
        return "auto, cpu, mps, cuda, cuda:0, cuda:1, ..."
    return allowed_values(field)


def main(arguments: list[str]) -> int:
    """Write the page, or with --check compare it. Returns the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python tools/settings_table.py [--check]")
        return 2
    text = page()
    if arguments:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("up to date" if current else f"{PAGE.name}: is stale; run python tools/settings_table.py")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
