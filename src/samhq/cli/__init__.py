"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys

from samhq.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
