"""What the window remembers from one start to the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QByteArray, QSettings

from samhq.settings import Settings

__all__ = ["Memory"]

_RECENT = 10


class Memory:
    """Values by name in the settings of the system (registry, plist or ini file).

    settings: where to keep them; None keeps them for this start only.
    """

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = settings
        self._values: dict[str, str] = {}

    def remember(self, name: str, value: Any) -> None:
        """Keep a plain value (whatever JSON can hold)."""
        text = json.dumps(value)
        if self._settings is None:
            self._values[name] = text
        else:
            self._settings.setValue(name, text)

    def recall(self, name: str, default: Any) -> Any:
        """The value kept under a name, or the default."""
        text = self._values.get(name) if self._settings is None else self._settings.value(name)
        if not isinstance(text, str):
            return default
        try:
            return json.loads(text)
        except ValueError:
            return default

    def remember_bytes(self, name: str, value: QByteArray) -> None:
        """Keep the geometry of a window or a splitter."""
        self.remember(name, bytes(value.toBase64().data()).decode("ascii"))

    def recall_bytes(self, name: str) -> QByteArray:
        """Bytes kept under a name; empty if there are none."""
        text = self.recall(name, "")
        return (
            QByteArray.fromBase64(text.encode("ascii", "ignore")) if isinstance(text, str) else QByteArray()
        )

    # ------------------------------------------------------------ files

    def remember_file(self, kind: str, path: Path) -> None:
        """Put a file or folder in front of the recent ones of its kind."""
        paths = [str(path), *(p for p in self._texts(f"recent/{kind}") if p != str(path))]
        self.remember(f"recent/{kind}", paths[:_RECENT])
        self.remember(f"folder/{kind}", str(path.parent))

    def recent(self, kind: str) -> list[Path]:
        """Recent files or folders of a kind, the last one first."""
        return [Path(p) for p in self._texts(f"recent/{kind}")]

    def folder(self, kind: str) -> str:
        """The folder where a file chooser for a kind should begin, "" for the system's choice."""
        folder = self.recall(f"folder/{kind}", "")
        return folder if isinstance(folder, str) and folder and Path(folder).is_dir() else ""

    def _texts(self, name: str) -> list[str]:
        value = self.recall(name, [])
        return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []

    # ------------------------------------------------------------ the session

    def remember_session(self, settings: Settings, *, image: Path | None, run: Path | None, tab: str) -> None:
        """Keep what was worked on, to offer it at the next start."""
        # Only what somebody chose: another version of samhq may have other defaults.
        chosen = settings.model_dump(mode="json", exclude_unset=True)
        self.remember(
            "session", {"settings": chosen, "image": str(image or ""), "run": str(run or ""), "tab": tab}
        )

    def session(self) -> dict[str, Any] | None:
        """What was worked on at the last start, or None."""
        value = self.recall("session", None)
        return value if isinstance(value, dict) else None
