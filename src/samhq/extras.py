"""What a user types to install an optional part of samhq."""

from __future__ import annotations

import os
import sys

__all__ = ["install_command"]


def install_command(extra: str) -> str:
    """The command that installs an extra, in the Python that runs now."""
    # Who starts samhq by the start script has its Python in a folder that no shell knows.
    pip = f'"{sys.executable}" -m pip' if "SAMHQ_COMMAND" in os.environ else "pip"
    return f'{pip} install "samhq[{extra}]"'
