"""Installs samhq beside this file on the first start, and starts it.

    python sam_hq_process.py                    the program without arguments
    python sam_hq_process.py demo               the command line: everything after the name goes to samhq
    python sam_hq_process.py run FOLDER
    python sam_hq_process.py test [ARGUMENTS]   install what the tests need and run pytest

Options of this script itself stand before all others:

    --torch cpu|cuda    which PyTorch build to install; remembered. Without it: CUDA where an NVIDIA GPU is found
    --reinstall         throw the environment away and make it anew

Needs Python 3.11 to 3.14 and nothing else. It must load on older ones to be able to say so; hence neither syntax nor
library calls at import that Python 3.7 lacks, here and in tools/start.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(os.path.abspath(__file__)).parent  # noqa: PTH100 - resolve() would turn mapped drives into UNC paths
if str(ROOT) not in sys.path:  # python -P leaves it out
    sys.path.insert(0, str(ROOT))

from tools.start.environment import AUTHORS_LIBRARY, Environment, is_current, wanted_state  # noqa: E402
from tools.start.locking import InstallLock  # noqa: E402
from tools.start.machine import (  # noqa: E402
    TORCH_INDEX,
    Torch,
    check_can_make_environments,
    check_machine,
    choose_torch,
    find_gpu,
)
from tools.start.messages import Failure, say  # noqa: E402
from tools.start.pip import (  # noqa: E402
    Outcome,
    explain,
    failure,
    install_command,
    run_logged,
    touched_environment,
)

SIZES = {"cpu": "about 400 MB to download, 1.7 GB on disk", "cuda": "about 2.5 GB to download, 7 GB on disk"}
DISK_NEEDED = {"cpu": 2 * 10**9, "cuda": 8 * 10**9}


class Options(NamedTuple):
    """The call taken apart. torch: "cpu", "cuda" or "" for unsaid; command: what goes to samhq."""

    torch: str
    reinstall: bool
    command: list[str]


def parse_options(arguments: list[str]) -> Options:
    """Take this script's own options off the front. Raises Failure for a wrong --torch."""
    rest, torch, reinstall = list(arguments), "", False
    while rest:
        name, _, value = rest[0].partition("=")
        if rest[0] == "--reinstall":
            reinstall = True
        elif name == "--torch":
            if "=" not in rest[0]:
                rest.pop(0)
                value = rest[0] if rest else ""
            if value not in ("cpu", "cuda"):
                raise Failure("--torch: must be cpu or cuda, for example: --torch cpu", code=2)
            torch = value
        else:
            break
        rest.pop(0)
    return Options(torch, reinstall, rest)


def torch_attempts(torch: Torch, *, version: str) -> list[list[str]]:
    """Arguments for pip to get a PyTorch build, the best first. Its dependencies come with requirements.lock."""
    usual = ["--no-deps", "--only-binary=:all:", "--force-reinstall", f"torch=={version}"]
    if not torch.variant:
        return [usual]
    special = ["--index-url", TORCH_INDEX + torch.variant, "--retries", "1", "--timeout", "15", *usual]
    # What the usual index has is CUDA on Linux, which also computes without a GPU, and CPU elsewhere.
    return [special, usual]


class Installer:
    """Brings the environment to the wanted state, step by step; each step that is done is noted at once."""

    def __init__(self, environment: Environment, lock: InstallLock, *, options: Options) -> None:
        self.environment = environment
        self.lock = lock
        self.options = options

    def bring_to(self, wanted: dict[str, Any]) -> None:
        """Do what is missing. Raises Failure with the fault, the remedy and the log file."""
        stamp = {} if self.options.reinstall else self.environment.stamp()
        asked = self.options.torch or stamp.get("torch", "")
        torch = choose_torch(asked, system=platform.system(), gpu=None if asked == "cpu" else find_gpu())
        if stamp.get("python") != wanted["python"] or not self.environment.pip_version():
            stamp = {}
            self._announce(torch)
            self._make(torch)
        stamp["python"] = wanted["python"]
        if stamp.get("torch") != torch.kind or stamp.get("torch_version") != wanted["torch_version"]:
            stamp["requirements"] = ""  # the builds differ in what else they need
            stamp["torch"] = self._install_torch(torch, version=wanted["torch_version"])
            stamp["torch_version"] = wanted["torch_version"]
            self.environment.write_stamp(stamp)
        steps = {"requirements": self._requirements, "project": self._project, "tests": self._tests}
        for name, step in steps.items():
            if name in wanted and stamp.get(name) != wanted[name]:
                step()
                stamp[name] = wanted[name]
                self.environment.write_stamp(stamp)

    def _announce(self, torch: Torch) -> None:
        say(f"Installing samhq into {self.environment.folder}, with PyTorch for {torch.kind.upper()}.")
        say(
            f"This is {SIZES[torch.kind]}, takes some minutes and happens once. If it breaks off, start again."
        )
        free = shutil.disk_usage(str(self.environment.root)).free
        if free < DISK_NEEDED[torch.kind]:
            raise Failure(
                f"{self.environment.root}: only {free / 1e9:.1f} GB of disk are free, "
                f"{DISK_NEEDED[torch.kind] / 1e9:.0f} GB are needed; free some space or move the samhq folder"
            )

    def _make(self, torch: Torch) -> None:
        environment = self.environment
        if not environment.is_ours() and not self.options.reinstall and not environment.pip_version():
            raise Failure(
                f"{environment.folder}: was made by another program and has no working pip for this Python; rename "
                "it, or start with --reinstall to replace it"
            )
        if self._keep(environment):
            return
        check_can_make_environments()
        say("Making the environment.")
        environment.remove()
        try:
            environment.folder.mkdir()
            # A Python that lives in an environment itself (even this one) hands on to the one it came from.
            python = getattr(sys, "_base_executable", None) or sys.executable
            made = self._run([python, "-I", "-m", "venv", str(environment.folder)])
        except OSError as error:
            raise Failure(
                f"{environment.folder}: cannot be made ({error.strerror}); {explain(str(error))}"
            ) from error
        if made.code or not environment.pip_version():
            environment.unfinished.touch()
            raise failure("Making the environment", made, environment.log)

    def _keep(self, environment: Environment) -> bool:
        """Whether an environment without a stamp can be finished instead of made anew."""
        return (
            not self.options.reinstall
            and not environment.unfinished.exists()
            and bool(environment.pip_version())
        )

    def _install_torch(self, torch: Torch, *, version: str) -> str:
        attempts = torch_attempts(torch, version=version)
        say(f"Installing PyTorch {version} for {torch.kind.upper()}.")
        outcome = Outcome(1, "")
        for number, arguments in enumerate(attempts):
            # Asked for by name, nothing else will do; and what failed while unpacking, fails with any build.
            if number and (self.options.torch == "cuda" or touched_environment(outcome.output)):
                break
            if number:
                say(f"  {TORCH_INDEX}{torch.variant} did not serve it ({explain(outcome.output)});")
                say("  taking the build of the usual package index instead. On Linux that can be 2.5 GB.")
            outcome = self._pip(*arguments)
            if outcome.code == 0:
                return "cpu" if number else torch.kind
        raise failure("Installing PyTorch", outcome, self.environment.log)

    def _requirements(self) -> None:
        say("Installing the libraries.")
        outcome = self._pip("--only-binary=:all:", "-r", "requirements.lock")
        if outcome.code:
            raise failure("Installing the libraries", outcome, self.environment.log)

    def _project(self) -> None:
        # Editable: the code of this folder runs, so a change or a pull needs no new installation.
        outcome = self._pip("--no-deps", "--no-build-isolation", "-e", ".")
        if outcome.code:
            raise failure("Installing samhq itself", outcome, self.environment.log)

    def _tests(self) -> None:
        say("Installing what the tests need (about 60 MB).")
        outcome = self._pip("--only-binary=:all:", "-r", "requirements-test.lock")
        if outcome.code:
            raise failure("Installing what the tests need", outcome, self.environment.log)
        outcome = self._pip("--no-deps", "--retries", "1", AUTHORS_LIBRARY)
        if outcome.code:
            self.environment.unfinished.unlink(missing_ok=True)  # nothing else depends on it
            say(f"  {AUTHORS_LIBRARY} could not be had; the tests that compare with it will skip themselves.")

    def _pip(self, *arguments: str) -> Outcome:
        return self._run(install_command(self.environment, *arguments))

    def _run(self, command: list[str]) -> Outcome:
        return run_logged(command, environment=self.environment, lock=self.lock)


def ensure_installed(root: Path, options: Options) -> Environment:
    """Install what is missing, if anything is. Raises Failure."""
    environment = Environment(root)
    wanted = wanted_state(root, tests=options.command[:1] == ["test"])
    if not options.reinstall and is_current(environment.stamp(), wanted, torch=options.torch):
        return environment
    lock = InstallLock(root / ".venv.lock")
    with lock.held():
        # Another start may have done it while this one waited.
        if options.reinstall or not is_current(environment.stamp(), wanted, torch=options.torch):
            Installer(environment, lock, options=options).bring_to(wanted)
            say("Installed.")
    return environment


def program_call(environment: Environment, command: list[str]) -> list[str]:
    """The command line that the start hands over to."""
    python = str(environment.python)
    if command[:1] == ["test"]:
        return [python, "-m", "pytest", *command[1:]]
    # -P: a file of the current folder called numpy.py must not be taken for the library.
    return [python, "-P", "-m", "samhq", *command]


def hand_over(call: list[str], *, folder: Path | None) -> int:
    """Become the program; on Windows, which cannot, run it and return its exit code. folder: where to run it."""
    if os.name != "nt":
        if folder:
            os.chdir(str(folder))
        os.execv(call[0], call)
    child = subprocess.Popen(call, cwd=str(folder) if folder else None)
    while True:
        try:
            return exit_code(child.wait())
        except KeyboardInterrupt:
            continue  # the child got it as well and decides


def exit_code(status: int) -> int:
    """The exit code to pass on for a child's: 130 for Ctrl-C, 128 + n for a death by signal n."""
    if status in (0xC000013A, 0xC000013A - 2**32):  # STATUS_CONTROL_C_EXIT
        return 130
    return 128 - status if -128 < status < 0 else status


def hold_window(arguments: list[str]) -> None:
    """Keep a console open that Windows made for a double-click and would close with the last line unread."""
    if sys.platform == "win32" and not arguments and sys.stdin is not None and sys.stdin.isatty():
        import ctypes

        if ctypes.windll.kernel32.GetConsoleProcessList((ctypes.c_uint * 4)(), 4) <= 2:
            input("Press Enter to close this window.")


def how_it_is_called() -> str:
    """What to type for this script in the folder where it was started."""
    here = Path.cwd() == ROOT
    return "python " + (Path(__file__).name if here else f'"{ROOT / Path(__file__).name}"')


def main(arguments: list[str]) -> int:
    """Install what is missing, run the program, return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console may lack letters of a folder's name
    try:
        options = parse_options(arguments)
        check_machine()
        environment = ensure_installed(ROOT, options)
        tests = options.command[:1] == ["test"]
        if not tests:  # so that the hints of the program can be typed as they stand
            os.environ["SAMHQ_COMMAND"] = how_it_is_called()
        return hand_over(program_call(environment, options.command), folder=ROOT if tests else None)
    except Failure as problem:
        say(f"sam_hq_process: {problem}")
        return problem.code
    except KeyboardInterrupt:
        say("Stopped. Start again to go on.")
        return 130
    except OSError as error:
        say(f"sam_hq_process: {error.filename or ROOT}: {error.strerror or error}; {explain(str(error))}")
        return 1
    finally:
        hold_window(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
