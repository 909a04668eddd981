"""Libraries that only some exports need: loaded when they are needed, with a clear word where one is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from samhq.errors import ExportError
from samhq.extras import install_command

__all__ = ["optional_library"]


def optional_library(module: str, *, package: str, purpose: str) -> ModuleType:
    """A library of the extra "exports". purpose: what needs it, for the message.

    Raises ExportError that names the command which installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ExportError(
            f"{purpose}: need the package {package}, which is not installed or broken ({error}); install it with: "
            f"{install_command('exports')}"
        ) from error
