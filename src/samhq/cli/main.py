"""The group of commands, loaded one at a time, and the border at which errors become messages."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from samhq import __version__
from samhq.errors import SamhqError, SettingsError
from samhq.files import explain_os_error
from samhq.monitor import Cancelled

__all__ = [
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_SOME_FAILED",
    "EXIT_USAGE",
    "as_typed",
    "cli",
    "echo_json",
    "main",
    "visible",
]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_SOME_FAILED = 3
EXIT_INTERRUPTED = 130

_COMMANDS = {
    "run": ("samhq.cli.batch:run", "Find and measure the objects of a folder or an image."),
    "filter": ("samhq.cli.batch:filter_", "Apply other filters to a finished run; takes no network."),
    "export": ("samhq.cli.batch:export", "Write a run for QuPath, ImageJ, YOLO, COCO, Excel and others."),
    "aggregate": ("samhq.cli.aggregate:aggregate", "Histogram, peaks and statistics of one image."),
    "models": ("samhq.cli.models:models", "List, download, describe and verify models."),
    "config": ("samhq.cli.config:config", "Show or check a configuration file."),
    "train": ("samhq.cli.train:train", "Teach a model the objects of labelled pictures."),
    "evaluate": ("samhq.cli.evaluate:evaluate", "Judge a model on labelled pictures: AP, F1, counts, A/I/R."),
    "demo": ("samhq.cli.demo:demo", "Try everything on the micrographs that come with samhq."),
    "gui": ("samhq.cli.gui:gui", "Open the window, on an image, a folder, a run or a configuration."),
    "doctor": ("samhq.cli.doctor:doctor", "Report Python, PyTorch, devices, folders, models, disk."),
}


def as_typed(text: str) -> str:
    """A text with the commands in it written as this user types them.

    Who starts samhq by the start script has no command `samhq`; the script says what stands for it.
    """
    program = os.environ.get("SAMHQ_COMMAND", "samhq")
    return re.sub(rf"\bsamhq (?=(?:{'|'.join(_COMMANDS)})\b)", lambda _: f"{program} ", text)


def visible(text: str) -> str:
    """A text without the control characters that a file name may hold to deceive a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


class _LazyGroup(click.Group):
    """Knows its commands by name and line of help; imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="samhq")
@click.option("--debug", is_flag=True, help="Show the technical side of errors and log everything.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Find, measure and compare every dark object in micrographs with SAM-HQ.

    Segment once, measure and filter as often as you like:

    \b
      samhq                             open the window
      samhq demo                        try it on the micrographs that come with it
      samhq run slides                  segment and measure a folder
      samhq filter slides --min-area 50 other numbers in seconds
    """
    level = logging.DEBUG if debug else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.setLevel(level)  # the window logs more than a console is to show
    if ctx.invoked_subcommand is None:
        from samhq.cli.gui import open_window

        ctx.exit(open_window(()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0, 1, 2, 3 or 130 (see the manual)."""
    _make_console_forgiving()
    args = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in args
    try:
        result = cli.main(
            args=args, prog_name=os.environ.get("SAMHQ_COMMAND", "samhq"), standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except (Cancelled, KeyboardInterrupt, click.Abort):
        if arguments is None:
            _ignore_signals()
        _say("Stopped. Everything done so far is kept; start the same command again to go on.")
        return EXIT_INTERRUPTED
    except SamhqError as error:
        if debug:
            logging.getLogger(__name__).debug("details", exc_info=error)
        _say(f"Error: {error}")
        return EXIT_USAGE if isinstance(error, SettingsError) else EXIT_FAILED
    except BrokenPipeError:
        # The reader of our output has gone (samhq ... | head): nothing left to say to anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - the process border
        return _unexpected(error, debug=debug)
    return result if isinstance(result, int) else 0


def _unexpected(error: Exception, *, debug: bool) -> int:
    import traceback

    if isinstance(error, OSError) and error.errno and not debug:
        # What the system refuses is the user's business, whatever we were about to do: a full disk or
        # a name that is too long, met where nobody expected it.
        _say(f"Error: {explain_os_error(error, Path(error.filename or 'the output of this command'))}")
        return EXIT_FAILED
    text = "".join(traceback.format_exception(error))
    if debug:
        _say(text)
    try:
        from platformdirs import user_log_path

        folder = user_log_path("samhq", appauthor=False, ensure_exists=True)
        report = folder / "error.txt"
        report.write_text(f"samhq {__version__}\nPython {sys.version}\n{text}", encoding="utf-8")
        place = f"The details are in {report}"
    except OSError:
        place = "Start again with --debug to see the details"
    _say(f"Error: samhq itself failed ({type(error).__name__}: {error}). {place}; please report it.")
    return EXIT_FAILED


def _ignore_signals() -> None:
    # The process is on its way out: one more Ctrl-C must not disturb that.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)


def echo_json(value: object, *, indent: int | None = None) -> None:
    """Print a value as JSON that arrives whole through a pipe of any encoding."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(value, ensure_ascii=not unicode, indent=indent))


def _say(text: str) -> None:
    # The console itself may be what fails.
    with contextlib.suppress(OSError):
        click.echo(visible(as_typed(text)), err=True)


def _make_console_forgiving() -> None:
    """A console that cannot show a character shows a substitute instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def exit_with(code: int) -> NoReturn:
    """Leave a command with an exit code."""
    raise click.exceptions.Exit(code)
