"""What a user, or whoever helps them, needs to know about this installation."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["Finding", "examine"]

# Less than this and a run of a few thousand images may not fit.
_LITTLE_DISK_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact of the installation. ok is False where something needs attention; remedy says what to do."""

    name: str
    value: str
    ok: bool = True
    remedy: str = ""


def examine(folder: Path) -> list[Finding]:
    """Look at Python, libraries, devices, models and disks. folder: where results would go."""
    findings = [
        Finding("samhq", metadata.version("samhq")),
        Finding("Python", f"{platform.python_version()} ({sys.executable})"),
        Finding("system", platform.platform()),
        _memory(),
    ]
    findings += [
        _library(name) for name in ("torch", "numpy", "opencv-python-headless", "tifffile", "imagecodecs")
    ]
    findings.append(_readers())
    findings += _devices()
    findings += _models()
    findings += [_disk("results folder", folder), _disk("temporary folder", Path(tempfile.gettempdir()))]
    return findings


def _library(name: str) -> Finding:
    try:
        return Finding(name, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, "not installed", ok=False, remedy="install samhq again")


def _readers() -> Finding:
    """Which formats of microscopes can be read; none of them has to."""
    from samhq.images.readers import FORMATS

    found = []
    for kind, chosen in FORMATS.items():
        try:
            version = metadata.version(chosen.package)
        except metadata.PackageNotFoundError:
            version = "not installed"
        if kind != "tiff":
            found.append(f"{kind.upper()}: {chosen.package} {version}")
    return Finding("microscopy files", ", ".join(found))


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory()
    free = memory.available / 1024**3
    value = f"{free:.1f} of {memory.total / 1024**3:.1f} GB free, {psutil.cpu_count(logical=True)} processors"
    return Finding("memory", value, ok=free >= 2, remedy="" if free >= 2 else "close other programs")


def _devices() -> list[Finding]:
    try:
        from samhq.network.devices import describe_devices

        return [Finding(f"device {d['device']}", _device_facts(d)) for d in describe_devices()]
    except Exception as error:  # noqa: BLE001 - a broken driver is what this report is for
        return [
            Finding("devices", f"{type(error).__name__}: {error}", ok=False, remedy="install PyTorch again")
        ]


def _device_facts(device: dict[str, Any]) -> str:
    memory = f", {device['memory_bytes'] / 1024**3:.1f} GB" if device["memory_bytes"] else ""
    return f"{device['name']}{memory}, precision {', '.join(device['precisions'])} ({device['note']})"


def _models() -> list[Finding]:
    from samhq.network.registry import list_models, models_folder

    findings = [_disk("models folder", models_folder())]
    installed = [entry.name for entry in list_models() if entry.installed]
    findings.append(
        Finding(
            "models",
            ", ".join(installed) or "none",
            ok=bool(installed),
            remedy="" if installed else "install samhq again; the starter model is missing",
        )
    )
    return findings


def _disk(name: str, folder: Path) -> Finding:
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding(
            name, f"{folder}: {error.strerror}", ok=False, remedy="choose a folder you may write to"
        )
    enough = free >= _LITTLE_DISK_BYTES
    return Finding(
        name, f"{folder}, {free / 1024**3:.1f} GB free", ok=enough, remedy="" if enough else "free some space"
    )
