"""Can samhq run here, and which PyTorch build fits the machine?"""

from __future__ import annotations

import platform
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
from typing import NamedTuple

from tools.start.messages import Failure

OLDEST, NEWEST = (3, 11), (3, 14)  # what requirements.lock was made for

# The CPU build of PyTorch for Linux, and the CUDA builds; PyPI has CUDA for Linux and CPU for Windows and macOS.
# Which cuNNN exist for a PyTorch version: https://pytorch.org/get-started/previous-versions/
TORCH_INDEX = "https://download.pytorch.org/whl/"
CUDA_NEW, CUDA_OLD = "cu130", "cu126"
CUDA_NEW_NEEDS = (7.5, 580)  # compute capability and driver; CUDA 13 dropped the GPUs before Turing


class Torch(NamedTuple):
    """A PyTorch build. kind: "cpu" or "cuda"; variant: a folder of TORCH_INDEX, "" for the usual package index."""

    kind: str
    variant: str


def python_problem(version: tuple[int, ...], *, bits: int, implementation: str, tag: str) -> str:
    """Why this Python cannot run samhq and what to do, or "". tag: sysconfig.get_platform()."""
    here = "Python {}.{}".format(*version[:2])
    remedy = "install Python 3.13 (64-bit) from https://www.python.org/downloads/ and start again with it"
    if tuple(version[:2]) < OLDEST:
        return f"{here}: too old, samhq needs Python 3.11 or newer; {remedy}"
    if tuple(version[:2]) > NEWEST:
        return f"{here}: too new, the libraries exist for Python 3.11 to 3.14; {remedy}"
    if bits < 64:
        return f"{here}: is the 32-bit one, PyTorch needs 64 bits; {remedy}"
    if implementation != "cpython":
        return f"{here}: is {implementation}, samhq needs the usual CPython; {remedy}"
    if tag == "win-arm64":
        return f"{here}: is the ARM64 one, the libraries exist for x86-64, which runs here too; {remedy}"
    if tag.startswith("macosx") and tag.endswith("x86_64"):
        return (
            f"{here}: is made for Intel Macs, for which PyTorch has ended; on an Apple silicon Mac {remedy}"
        )
    return ""


def system_problem(*, system: str, macos: str, libc: tuple[str, str]) -> str:
    """Why PyTorch has no build for this operating system, or ""."""
    # Pythons built long ago call every macOS 10.16.
    if system == "Darwin" and macos and not macos.startswith("10.16") and int(macos.split(".")[0]) < 14:
        return f"macOS {macos}: too old, PyTorch needs macOS 14 or newer; update macOS"
    if system == "Linux" and libc[0] == "glibc" and tuple(map(int, libc[1].split(".")[:2])) < (2, 28):
        return f"glibc {libc[1]}: too old, PyTorch needs 2.28 or newer; use a newer Linux"
    return ""


def check_machine() -> None:
    """Raise Failure if samhq cannot be installed with this Python on this machine."""
    problem = python_problem(
        tuple(sys.version_info[:2]),
        bits=struct.calcsize("P") * 8,
        implementation=sys.implementation.name,
        tag=sysconfig.get_platform(),
    ) or system_problem(system=platform.system(), macos=platform.mac_ver()[0], libc=platform.libc_ver())
    if problem:
        raise Failure(problem)


def check_can_make_environments() -> None:
    """Raise Failure if this Python lacks the modules venv or ensurepip (Debian, embeddable Windows Python)."""
    from importlib.util import find_spec

    missing = [name for name in ("venv", "ensurepip") if find_spec(name) is None]
    if missing:
        raise Failure(
            f"this Python has no {missing[0]} module; on Debian or Ubuntu: sudo apt install python3-venv; "
            "elsewhere: install Python from https://www.python.org/downloads/"
        )


def read_gpu(listing: str) -> tuple[float, int] | None:
    """Compute capability and driver of the weakest GPU in `nvidia-smi` CSV lines "8.6, 581.15"; None without one."""
    found = re.findall(r"^\s*(\d+\.\d+),\s*(\d+)", listing, re.MULTILINE)
    return min((float(capability), int(driver)) for capability, driver in found) if found else None


def find_gpu() -> tuple[float, int] | None:
    """Ask nvidia-smi for compute capability and driver; None if there is no usable NVIDIA GPU."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = [program, "--query-gpu=compute_cap,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_gpu(answer.stdout.decode("ascii", "replace")) if answer.returncode == 0 else None


def choose_torch(asked: str, *, system: str, gpu: tuple[float, int] | None) -> Torch:
    """The PyTorch build for this machine. Raises Failure where CUDA is asked of a Mac."""
    if asked == "cuda" and system == "Darwin":
        raise Failure(
            "--torch cuda: Macs have no CUDA, the usual build uses their GPU; leave --torch away", code=2
        )
    if asked == "cpu" or (not asked and (gpu is None or system == "Darwin")):
        return Torch("cpu", "cpu" if system == "Linux" else "")
    new = gpu is None or (gpu[0] >= CUDA_NEW_NEEDS[0] and gpu[1] >= CUDA_NEW_NEEDS[1])
    if new:
        return Torch("cuda", "" if system == "Linux" else CUDA_NEW)
    return Torch("cuda", CUDA_OLD)
