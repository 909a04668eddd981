"""Steps that can be undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from PyQt6.QtGui import QUndoCommand

from samhq.gui.translate import tr
from samhq.settings import FilterSettings

__all__ = ["Change", "ChangeFilter"]

T = TypeVar("T")
_DRAG_PAUSE_S = 1.0


class Change(QUndoCommand, Generic[T]):
    """Puts one value in the place of another; undo puts the old one back.

    put: called with the value to be in force, also at once when the command is pushed.
    """

    def __init__(self, put: Callable[[T], None], *, before: T, after: T, text: str) -> None:
        super().__init__(text)
        self._put = put
        self.before = before
        self.after = after

    def redo(self) -> None:
        """Put the new value in force."""
        self._put(self.after)

    def undo(self) -> None:
        """Put the old value in force."""
        self._put(self.before)


class ChangeFilter(Change[FilterSettings]):
    """One change of the filter; a drag of the same thresholds is one step, however many moves it had."""

    def __init__(
        self,
        put: Callable[[FilterSettings], None],
        *,
        before: FilterSettings,
        after: FilterSettings,
        names: Iterable[str],
    ) -> None:
        super().__init__(put, before=before, after=after, text=tr("Filter"))
        self._names = frozenset(names)
        self._time = time.monotonic()

    def id(self) -> int:
        """Commands with the same number may be merged."""
        return 1

    def mergeWith(self, other: QUndoCommand | None) -> bool:  # noqa: N802 - Qt's name
        """Take a following change of the same thresholds into this one."""
        if not isinstance(other, ChangeFilter) or other._names != self._names:
            return False
        if other._time - self._time > _DRAG_PAUSE_S:
            return False
        self.after = other.after
        self._time = other._time
        return True
