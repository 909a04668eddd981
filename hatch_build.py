"""Build step: the window's .qm files out of the .ts files that translators edit, and the manual into the wheel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WindowHook(BuildHookInterface):
    """Compiles every translation before the files of a wheel or an editable install are gathered."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the .qm files and add them to the wheel, although git does not keep them."""
        root = Path(self.root)
        sys.path.insert(0, str(root))
        try:
            from tools.translations import compile_all
        finally:
            sys.path.remove(str(root))
        for path in compile_all():
            build_data["artifacts"].append(path.relative_to(root).as_posix())
        if version != "editable":  # there the manual is read where it lies
            build_data["force_include"][str(root / "docs")] = "samhq/manual"
