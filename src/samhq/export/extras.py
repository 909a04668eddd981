"""Libraries that only some exports need: loaded when they are needed, with a clear word where one is missing."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

from samhq.errors import ExportError

__all__ = ["optional_library"]


def optional_library(module: str, *, package: str, purpose: str) -> ModuleType:
    """A library of the extra "exports". purpose: what needs it, for the message.

    Raises ExportError that names the command which installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        # Who starts samhq by the start script has its Python in a folder that no shell knows.
        pip = f'"{sys.executable}" -m pip' if "SAMHQ_COMMAND" in os.environ else "pip"
        raise ExportError(
            f"{purpose}: need the package {package}, which is not installed or broken ({error}); install it with: "
            f'{pip} install "samhq[exports]"'
        ) from error
