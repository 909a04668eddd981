"""What the start script tells the user."""

from __future__ import annotations

import sys


class Failure(Exception):  # noqa: N818 - not every one is an error: see code
    """Ends the start with one line for the user. code: the exit code, 2 for a wrong call."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def say(text: str) -> None:
    """Tell the user something, on stderr: stdout belongs to the program that is started."""
    if sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)
