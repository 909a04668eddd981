"""The start script's decisions; the installation itself is tried by .ci/run and by every user."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "sam_hq_process.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sam_hq_process", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # typing.NamedTuple looks its module up while the class is made.
    sys.modules["sam_hq_process"] = module
    spec.loader.exec_module(module)
    return module


start = _load()

from tools.start import environment, locking, machine, messages, pip  # noqa: E402 - found through the script


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that the stamp depends on, in a folder with spaces and umlauts."""
    folder = tmp_path / "Größe 1"
    folder.mkdir()
    for name in ("pyproject.toml", "requirements.lock", "requirements-test.lock"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


# ------------------------------------------------------------------------------------ call


@pytest.mark.parametrize(
    ("arguments", "torch", "reinstall", "command"),
    [
        ([], "", False, []),
        (["demo"], "", False, ["demo"]),
        (["--torch", "cpu", "run", "x"], "cpu", False, ["run", "x"]),
        (["--torch=cuda", "--reinstall"], "cuda", True, []),
        (["run", "x", "--torch", "cpu"], "", False, ["run", "x", "--torch", "cpu"]),
        (["--version", "--reinstall"], "", False, ["--version", "--reinstall"]),
        (["test", "-k", "--reinstall"], "", False, ["test", "-k", "--reinstall"]),
    ],
)
def test_own_options_count_only_before_all_others(
    arguments: list[str], torch: str, reinstall: bool, command: list[str]
) -> None:
    assert start.parse_options(arguments) == start.Options(torch, reinstall, command)


@pytest.mark.parametrize("arguments", [["--torch"], ["--torch", "gpu"], ["--torch=", "demo"]])
def test_wrong_torch_is_a_usage_error(arguments: list[str]) -> None:
    with pytest.raises(messages.Failure, match="cpu or cuda") as caught:
        start.parse_options(arguments)
    assert caught.value.code == 2


def test_usage_error_is_one_line_and_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--torch", "gpu"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.isascii()


def test_program_and_tests_are_called_in_the_environment(clone: Path) -> None:
    place = environment.Environment(clone)
    python = str(place.python)
    assert start.program_call(place, ["run", "my folder"]) == [
        python,
        "-P",
        "-m",
        "samhq",
        "run",
        "my folder",
    ]
    assert start.program_call(place, []) == [python, "-P", "-m", "samhq"]
    assert start.program_call(place, ["test", "-x"]) == [python, "-m", "pytest", "-x"]


@pytest.mark.parametrize(
    ("status", "code"), [(0, 0), (3, 3), (-2, 130), (-9, 137), (0xC000013A, 130), (0xC000013A - 2**32, 130)]
)
def test_exit_code_is_passed_on(status: int, code: int) -> None:
    assert start.exit_code(status) == code


# ------------------------------------------------------------------------------------ machine


@pytest.mark.parametrize(
    ("version", "bits", "implementation", "tag", "told"),
    [
        ((3, 11), 64, "cpython", "win-amd64", ""),
        ((3, 14), 64, "cpython", "macosx-11.0-arm64", ""),
        ((3, 9), 64, "cpython", "linux-x86_64", "too old"),
        ((2, 7), 64, "cpython", "linux-x86_64", "too old"),
        ((3, 15), 64, "cpython", "linux-x86_64", "too new"),
        ((3, 12), 32, "cpython", "win32", "32-bit"),
        ((3, 11), 64, "pypy", "linux-x86_64", "CPython"),
        ((3, 12), 64, "cpython", "win-arm64", "x86-64"),
        ((3, 12), 64, "cpython", "macosx-10.9-x86_64", "Intel"),
        ((3, 12), 64, "cpython", "macosx-10.13-universal2", ""),
    ],
)
def test_unfit_python_is_named(
    version: tuple[int, int], bits: int, implementation: str, tag: str, told: str
) -> None:
    problem = machine.python_problem(version, bits=bits, implementation=implementation, tag=tag)
    assert told in problem
    assert bool(problem) == bool(told)


@pytest.mark.parametrize(
    ("system", "macos", "libc", "fit"),
    [
        ("Linux", "", ("glibc", "2.36"), True),
        ("Linux", "", ("glibc", "2.27"), False),
        ("Linux", "", ("", ""), True),
        ("Darwin", "14.1", ("", ""), True),
        ("Darwin", "13.6.1", ("", ""), False),
        ("Darwin", "10.16", ("", ""), True),
        ("Windows", "", ("", ""), True),
    ],
)
def test_unfit_system_is_named(system: str, macos: str, libc: tuple[str, str], fit: bool) -> None:
    assert (machine.system_problem(system=system, macos=macos, libc=libc) == "") is fit


def test_start_can_be_read_by_python_3_7() -> None:
    for path in (SCRIPT, *(ROOT / "tools" / "start").glob("*.py")):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_start_needs_the_standard_library_only() -> None:
    code = "import sys, runpy; runpy.run_path(sys.argv[1], run_name='x'); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(SCRIPT)], capture_output=True, encoding="utf-8", check=True
    )
    roots = {name.partition(".")[0] for name in done.stdout.split()}
    assert roots - set(sys.stdlib_module_names) <= {"__main__", "tools"}


@pytest.mark.parametrize(
    ("listing", "gpu"),
    [
        ("8.6, 581.15\n", (8.6, 581)),
        ("9.0, 580.65.06\n6.1, 580.65.06\n", (6.1, 580)),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", None),
        ("[N/A], 400.1\n", None),
        ("", None),
    ],
)
def test_gpu_listing_is_read(listing: str, gpu: tuple[float, int] | None) -> None:
    assert machine.read_gpu(listing) == gpu


NEW, OLD, STALE_DRIVER = (8.6, 581), (6.1, 581), (8.6, 551)


@pytest.mark.parametrize(
    ("asked", "system", "gpu", "expected"),
    [
        ("", "Windows", NEW, ("cuda", "cu130")),
        ("", "Windows", OLD, ("cuda", "cu126")),
        ("", "Windows", STALE_DRIVER, ("cuda", "cu126")),
        ("", "Windows", None, ("cpu", "")),
        ("cuda", "Windows", None, ("cuda", "cu130")),
        ("cpu", "Windows", NEW, ("cpu", "")),
        ("", "Linux", None, ("cpu", "cpu")),
        ("", "Linux", NEW, ("cuda", "")),
        ("", "Linux", OLD, ("cuda", "cu126")),
        ("cpu", "Linux", NEW, ("cpu", "cpu")),
        ("", "Darwin", None, ("cpu", "")),
    ],
)
def test_torch_build_fits_machine_and_wish(
    asked: str, system: str, gpu: tuple[float, int] | None, expected: tuple[str, str]
) -> None:
    assert machine.choose_torch(asked, system=system, gpu=gpu) == expected


def test_cuda_on_a_mac_is_refused() -> None:
    with pytest.raises(messages.Failure, match="Macs"):
        machine.choose_torch("cuda", system="Darwin", gpu=None)


def test_special_torch_index_is_tried_shortly_and_then_the_usual_one() -> None:
    special, usual = start.torch_attempts(machine.Torch("cpu", "cpu"), version="2.13.0")
    assert "https://download.pytorch.org/whl/cpu" in special
    assert "--retries" in special
    assert not any("://" in word for word in usual)
    assert special[-1] == usual[-1] == "torch==2.13.0"
    assert start.torch_attempts(machine.Torch("cpu", ""), version="2.13.0") == [usual]


# ------------------------------------------------------------------------------------ stamp


def _installed(clone: Path, *, tests: bool) -> environment.Environment:
    """An environment whose stamp says that all is there."""
    place = environment.Environment(clone)
    place.python.parent.mkdir(parents=True)
    place.python.write_bytes(b"")
    (place.folder / "pyvenv.cfg").write_text(f"home = {clone}\nversion = 3.11\n", encoding="utf-8")
    place.write_stamp({**environment.wanted_state(clone, tests=tests), "torch": "cpu"})
    return place


def _current(clone: Path, *, torch: str = "", tests: bool = False) -> bool:
    place = environment.Environment(clone)
    return environment.is_current(place.stamp(), environment.wanted_state(clone, tests=tests), torch=torch)


def test_nothing_is_installed_again_when_nothing_changed(clone: Path) -> None:
    _installed(clone, tests=False)
    (clone / "src").mkdir()
    (clone / "src" / "changed.py").write_text("x = 1\n", encoding="utf-8")
    assert _current(clone)
    assert _current(clone, torch="cpu")
    assert not _current(clone, torch="cuda")
    assert not _current(clone, tests=True)


def test_installing_the_tests_keeps_the_rest_current(clone: Path) -> None:
    _installed(clone, tests=True)
    assert _current(clone, tests=True)
    assert _current(clone)


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock"])
def test_changed_project_file_is_noticed(clone: Path, name: str) -> None:
    _installed(clone, tests=False)
    (clone / name).write_bytes((clone / name).read_bytes() + b"\n")
    assert not _current(clone)


def test_moved_clone_is_noticed(clone: Path) -> None:
    _installed(clone, tests=False)
    assert not _current(clone.rename(clone.with_name("moved")))


def test_other_python_version_is_noticed(clone: Path) -> None:
    place = _installed(clone, tests=False)
    place.write_stamp({**place.stamp(), "python": "3.99 linux-x86_64"})
    assert not _current(clone)


def test_environment_cut_off_in_the_middle_does_not_count(clone: Path) -> None:
    place = _installed(clone, tests=False)
    place.unfinished.touch()
    assert place.stamp() == {}


def test_environment_of_a_removed_python_does_not_count(clone: Path) -> None:
    place = _installed(clone, tests=False)
    (place.folder / "pyvenv.cfg").write_text("home = /no/such/python\n", encoding="utf-8")
    assert place.stamp() == {}


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_unreadable_stamp_means_nothing_installed(clone: Path, text: str) -> None:
    place = _installed(clone, tests=False)
    (place.folder / "samhq-installed.json").write_text(text, encoding="utf-8")
    assert not _current(clone)


def test_clone_without_its_lock_file_is_named(clone: Path) -> None:
    (clone / "requirements.lock").unlink()
    with pytest.raises(messages.Failure, match=r"requirements\.lock"):
        environment.wanted_state(clone, tests=False)


def test_environment_of_another_program_is_not_thrown_away(clone: Path) -> None:
    place = environment.Environment(clone)
    assert place.is_ours()
    place.folder.mkdir()
    assert place.is_ours()  # cut off right after making the folder
    (place.folder / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
    assert not place.is_ours()
    place.unfinished.touch()
    assert place.is_ours()


def test_removed_environment_leaves_nothing(clone: Path) -> None:
    place = _installed(clone, tests=False)
    (clone / ".venv-old-1").mkdir()
    place.remove()
    place.remove()
    assert [p.name for p in clone.iterdir() if p.name.startswith(".venv")] == []


def test_lock_files_pin_what_every_system_can_install() -> None:
    rows = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    rows += (ROOT / "requirements-test.lock").read_text(encoding="utf-8").splitlines()
    pins = [row for row in rows if not row.startswith("#")]
    assert "torch==2.13.0" in pins
    for pin in pins:
        name, _, rest = pin.partition("==")
        assert rest, f"{pin}: not pinned"
        assert name == "nvidia-ml-py" or not name.startswith(("nvidia-", "cuda-", "triton", "-", "/", ".")), (
            pin
        )
        assert "+" not in rest.partition(";")[0], f"{pin}: a local build"
        assert "://" not in pin


# ------------------------------------------------------------------------------------ lock


def _gone_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_lock_names_a_living_owner_and_goes_with_it(tmp_path: Path) -> None:
    lock = locking.InstallLock(tmp_path / "lock")
    with lock.held():
        assert lock.owner() == f"process {os.getpid()}"
    assert lock.owner() == ""
    assert not lock.path.exists()


def test_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    lock = locking.InstallLock(tmp_path / "lock")
    lock.path.write_text(json.dumps({"pids": [_gone_pid()], "host": socket.gethostname()}), encoding="utf-8")
    with lock.held():
        assert lock.owner() == f"process {os.getpid()}"


def test_lock_holds_while_the_pip_of_a_killed_start_still_works(tmp_path: Path) -> None:
    lock = locking.InstallLock(tmp_path / "lock")
    pids = [_gone_pid(), os.getpid()]
    lock.path.write_text(json.dumps({"pids": pids, "host": socket.gethostname()}), encoding="utf-8")
    assert lock.owner() == f"process {os.getpid()}"


def test_lock_of_another_computer_counts_until_it_falls_silent(tmp_path: Path) -> None:
    lock = locking.InstallLock(tmp_path / "lock")
    lock.path.write_text(json.dumps({"pids": [1], "host": "elsewhere"}), encoding="utf-8")
    assert "elsewhere" in lock.owner()
    long_ago = time.time() - locking.LOCK_SILENCE_S - 1
    os.utime(lock.path, (long_ago, long_ago))
    assert lock.owner() == ""


@pytest.mark.parametrize("text", ["", '{"pids": []}', "{"])
def test_lock_without_a_readable_owner_counts_only_while_fresh(tmp_path: Path, text: str) -> None:
    lock = locking.InstallLock(tmp_path / "lock")
    lock.path.write_text(text, encoding="utf-8")
    assert lock.owner()
    long_ago = time.time() - locking.LOCK_SILENCE_S - 1
    os.utime(lock.path, (long_ago, long_ago))
    assert lock.owner() == ""


def test_second_start_waits_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = locking.InstallLock(tmp_path / "lock")
    inside: list[str] = []

    def second() -> None:
        with locking.InstallLock(lock.path).held():
            inside.append("second")

    with lock.held():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        inside.append("first")
    thread.join(timeout=10)
    assert inside == ["first", "second"]
    assert "Another start (process" in capsys.readouterr().err


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(messages.Failure, match="cannot be written"),
        locking.InstallLock(tmp_path / "missing" / "lock").held(),
    ):
        pass


# ------------------------------------------------------------------------------------ pip


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/numpy/\n"
            "ERROR: No matching distribution found for numpy==2.4.6",
            "check the network",
        ),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407'))", "HTTPS_PROXY"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "PIP_CERT"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no fitting file"),
        ("[WinError 5] Access is denied: 'numpy.pyd'", "close samhq"),
        (
            "HINT: This error might have occurred since this system does not have Windows Long Path support",
            "C:\\samhq",
        ),
        ("PermissionError: [Errno 13] Permission denied: '/usr/x'", "cannot be written"),
        ("something else", "last lines"),
    ],
)
def test_pip_failure_is_explained(output: str, told: str) -> None:
    assert told in pip.explain(output)


def test_failure_names_step_log_and_last_lines(tmp_path: Path) -> None:
    output = "".join(f"line {i}\n" for i in range(50))
    text = str(pip.failure("Installing the libraries", pip.Outcome(1, output), tmp_path / "install.log"))
    assert text.startswith("Installing the libraries failed: ")
    assert str(tmp_path / "install.log") in text
    assert "line 49" in text
    assert "line 1\n" not in text


def _run(clone: Path, code: str) -> pip.Outcome:
    place = environment.Environment(clone)
    place.folder.mkdir(exist_ok=True)
    lock = locking.InstallLock(clone / "lock")
    return pip.run_logged([sys.executable, "-c", code], environment=place, lock=lock)


def test_output_of_pip_goes_to_the_log_and_its_gist_to_the_user(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        "Collecting numpy",
        "Downloading numpy-2.4.6-cp311-win_amd64.whl (12.4 MB)",
        "Progress 5000000 of 12400000",
        "Installing collected packages: a, b",
    ]
    outcome = _run(clone, f"for line in {lines}: print(line)")
    told = capsys.readouterr().err
    assert outcome.code == 0
    assert "downloading numpy, 12.4 MB" in told
    assert "unpacking 2 packages" in told
    log = environment.Environment(clone).log.read_text(encoding="utf-8")
    assert "\nCollecting numpy\n" in log
    assert "\nProgress" not in log
    assert not environment.Environment(clone).unfinished.exists()


@pytest.mark.parametrize(
    ("said", "broken"), [("Collecting numpy", False), ("Installing collected packages: a", True)]
)
def test_failure_leaves_the_environment_usable_unless_files_were_touched(
    clone: Path, said: str, broken: bool
) -> None:
    outcome = _run(clone, f"print({said!r}); raise SystemExit(1)")
    assert outcome.code == 1
    assert environment.Environment(clone).unfinished.exists() is broken
