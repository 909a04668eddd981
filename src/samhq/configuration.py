"""Configuration files: all settings as one JSON object."""

from __future__ import annotations

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samhq.errors import SettingsError
from samhq.files import write_text
from samhq.settings import GROUPS, Settings, settings_from_dict
from samhq.validation import fitting_values

__all__ = [
    "Loaded",
    "load_leniently",
    "load_settings",
    "read_json",
    "save_settings",
    "settings_json",
    "settings_with",
]


def settings_with(settings: Settings | None = None, /, **values: Any) -> Settings:
    """Settings with some values replaced, given under their flat names.

    Example: settings_with(points_per_side=16, min_area=50, device="cpu").
    Raises SettingsError naming an unknown or bad setting.
    """
    groups: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        owners = [group for group, cls in GROUPS.items() if name in cls.model_fields]
        if not owners:
            raise SettingsError(f"{name}: there is no such setting; see `samhq config show` for all of them")
        groups.setdefault(owners[0], {})[name] = value
    return (settings or Settings()).updated(groups)


def settings_json(settings: Settings) -> str:
    """The text of a configuration file."""
    return json.dumps(settings.to_dict(), indent=2, ensure_ascii=False) + "\n"


def load_settings(path: Path) -> Settings:
    """Read a configuration file. Raises SettingsError naming the file, the place and the remedy."""
    data = read_json(path)
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: must hold one JSON object with the groups {', '.join(GROUPS)}")
    return settings_from_dict(data, source=str(path))


def read_json(path: Path) -> Any:
    """The content of a JSON file in UTF-8, or in UTF-16 with its mark as PowerShell redirects it.

    Raises SettingsError naming the file, the place and the remedy; also where a key stands twice.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: there is no such configuration file; check the spelling") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not a text in UTF-8; save it again in this encoding") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not text.strip("\0 \t\r\n"):
        raise SettingsError(f"{path}: is empty; `samhq config show` prints a configuration to begin with")
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise SettingsError(
            f"{path}: is not valid JSON: {error}. JSON has no comments, no comma before a closing bracket, and double "
            "quotes around names"
        ) from error


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings out of a file that may hold more or other things than this samhq knows.

    problems: what was left out, each in a sentence with its place.
    """

    settings: Settings
    problems: tuple[str, ...]


def load_leniently(path: Path) -> Loaded:
    """Read a configuration file and leave out what is unknown or out of its range, naming it.

    Raises SettingsError, as load_settings does, for a file that is no configuration at all.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: must hold one JSON object with the groups {', '.join(GROUPS)}")
    settings = settings_from_dict({k: v for k, v in data.items() if k == "schema_version"}, source=str(path))
    problems = []
    for group, values in data.items():
        if group == "schema_version":
            continue
        if group not in GROUPS:
            problems.append(f"{group}: there is no such group; known are {', '.join(GROUPS)}")
            continue
        fitting, left_out = fitting_values(GROUPS[group], values)
        settings = settings.updated({group: fitting})
        problems += [f"{group}: {problem}" for problem in left_out]
    return Loaded(settings, tuple(problems))


def save_settings(settings: Settings, path: Path) -> None:
    """Write a configuration file, whole or not at all."""
    write_text(path, settings_json(settings))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} stands twice in one object; keep one of them")
        found[key] = value
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number a setting can have")
