"""Makes requirements.lock and requirements-test.lock anew from pyproject.toml.

    python tools/lock.py            write both files
    python tools/lock.py --check    only check that every pinned version has a wheel where samhq runs

Needs `uv` (pip install uv) and the package index. One resolution serves Linux, Windows and macOS and Python
3.11 to 3.14. The rows that torch adds for its CUDA build on Linux are left out: pip takes them from torch's own
metadata where that build is chosen, and the CPU build needs none of them. hatchling and editables are in the
file because the start script installs the clone itself without a build environment of its own.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TORCH = "torch==2.13.0"
BUILD_TOOLS = ("hatchling>=1.27", "editables>=0.5")
OLDEST_PYTHON = "3.11"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# PyQt6 wheels for Linux need glibc 2.34 (2021).
PLATFORMS = ("x86_64-manylinux_2_34", "x86_64-pc-windows-msvc", "aarch64-apple-darwin")
CUDA_ROW = re.compile(r"(nvidia-(?!ml-py)|cuda-|triton\b)")
# Without this, tools and settings of one machine (indexes, folders) could reach the files.
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("UV_", "PIP_"))}
# torch's macOS wheels are built for macOS 14.
CLEAN["MACOSX_DEPLOYMENT_TARGET"] = "14.0"

HEADER = """\
# Exact versions for {what}, the same on Linux, Windows and macOS.
# Made by `python tools/lock.py` from pyproject.toml; change that file and run it again, not this one.
"""


def uv(arguments: list[str]) -> str:
    """Run uv and return what it prints; end with its message where it fails."""
    program = shutil.which("uv")
    if program is None:
        sys.exit("tools/lock.py: uv is not installed; pip install uv")
    command = [program, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=CLEAN, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def resolve(*, extra: str | None, constraints: str) -> list[str]:
    """The rows of one lock file: requirement lines, sorted, without those of torch's CUDA build."""
    with tempfile.TemporaryDirectory() as folder:
        build, limits = Path(folder, "build.in"), Path(folder, "constraints.txt")
        build.write_text("\n".join(BUILD_TOOLS), encoding="utf-8")
        limits.write_text(constraints, encoding="utf-8")
        text = uv(
            ["pip", "compile", "--universal", "--python-version", OLDEST_PYTHON, "--fork-strategy", "fewest"]
            + ["--no-config", "--no-annotate", "--no-header", "--quiet", "--constraint", str(limits)]
            + (["--extra", extra] if extra else [])
            + ["pyproject.toml", str(build)]
        )
    return [row for row in text.splitlines() if row and not CUDA_ROW.match(row)]


def write(name: str, *, what: str, rows: list[str]) -> None:
    """Write one lock file."""
    text = HEADER.format(what=what) + "\n".join(rows) + "\n"
    (ROOT / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{name}: {len(rows)} rows")


def check_wheels(names: list[str]) -> None:
    """End with a message if a pinned version has no wheel for a platform and Python that samhq runs on."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "all.in")
        rows.write_text(
            "".join((ROOT / name).read_text(encoding="utf-8") for name in names), encoding="utf-8"
        )
        options = ["pip", "compile", "--no-config", "--quiet", "--no-deps", "--only-binary", ":all:"]
        for platform in PLATFORMS:
            for python in PYTHONS:
                uv([*options, "--python-platform", platform, "--python-version", python, str(rows)])
                print(f"{platform}, Python {python}: every version has a wheel")


def main() -> None:
    """Make both files, or check them."""
    parser = argparse.ArgumentParser(description="Make requirements.lock and requirements-test.lock anew.")
    parser.add_argument("--check", action="store_true", help="only check that the wheels exist")
    if not parser.parse_args().check:
        run_rows = resolve(extra=None, constraints=TORCH)
        # The test file only adds to the first, so that both can be installed into one environment.
        all_rows = resolve(extra="test", constraints="\n".join(run_rows))
        write("requirements.lock", what="running samhq", rows=run_rows)
        write("requirements-test.lock", what="its tests", rows=[r for r in all_rows if r not in run_rows])
    check_wheels(["requirements.lock", "requirements-test.lock"])


if __name__ == "__main__":
    main()
