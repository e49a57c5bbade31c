"""The `gaplisten` command: finds the sub-command and leaves the rest to its module.

Each sub-command is one module of `gaplisten.commands` with a Typer application named ``app``; its docstring
begins with "`gaplisten NAME`:" and what it does. It is imported only when called, so that
`gaplisten --version` and the window start fast and nothing needs Qt or PortAudio that does not use them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from gaplisten import __version__, commands
from gaplisten.errors import GaplistenError, in_line

# In the order of work. Modules that are not named here follow, with the words of their docstring.
_IN_ORDER = {
    "open": "the workbench, on a folder or files (also: gaplisten PATH ...)",
    "demo": "the workbench on the bundled demo; with no display: pictures, sounds and scores in a folder",
    "check": "what the files of a folder are taken as, and whether they belong together",
    "conceal": "fill the gaps of a file or a whole folder",
    "concealers": "list concealers; describe, audit or start one",
    "lose": "make lossy files and traces from clean speech",
    "trace": "what a trace file is and says; convert it",
    "gaps": "per-gap measures",
    "score": "objective scores",
    "compare": "builds against each other, gap by gap; fails where a limit is broken",
    "play": "play a clip; switch between its versions, sample-synchronously",
    "panel": "make, take, watch and evaluate a listening test",
    "doctor": "what this machine has: sound devices, libraries, plugins, folders",
}

DONE, SOME_FAILED, UNUSABLE = 0, 1, 2


def every_command() -> dict[str, str]:
    """Return what each command does, by name; no command's module is imported."""
    return _IN_ORDER | _others()


def _others() -> dict[str, str]:
    # With the os module only: importing more would take longer than all else that the overview needs.
    found = {}
    for folder in commands.__path__:
        for name in sorted(file[:-3] for file in os.listdir(folder) if file.endswith(".py")):
            start = f'"""`gaplisten {name}`: '
            if name in _IN_ORDER:
                continue
            with open(os.path.join(folder, f"{name}.py"), encoding="utf-8") as source:
                line = source.readline().strip()
            if line.startswith(start):
                found[name] = line.removeprefix(start).removesuffix('"""').removesuffix(".")
    return found


def _overview() -> str:
    known = every_command()
    width = max(map(len, known))
    rows = "\n".join(f"  {name:{width}}  {about}" for name, about in known.items())
    return (
        f"Gaplisten {__version__}: the listening-test bench for packet loss concealment\n\n"
        "usage: gaplisten [PATH ...]\n       gaplisten COMMAND [ARGUMENTS ...]\n\n"
        f"commands:\n{rows}\n\n"
        "'gaplisten COMMAND --help' tells more.\n"
        "Exit status: 0 done, 1 some items failed, 2 wrong usage or unreadable input."
    )


def _run(name: str, arguments: Sequence[str]) -> int:
    module = _imported(name)
    try:
        outcome = module.app(args=list(arguments), prog_name=f"gaplisten {name}", standalone_mode=True)
    except SystemExit as end:
        # Typer and rich end with 1 when nobody reads on (`| head -1`); that would mean that items failed.
        if isinstance(end.__context__, BrokenPipeError):
            raise BrokenPipeError from None
        raise
    return int(outcome or DONE)


def _imported(name: str) -> ModuleType:
    # Modules that are imported leave no garbage, and looking for it, now or later, takes a tenth of the time.
    module = f"gaplisten.commands.{name}"
    if module in sys.modules:
        return sys.modules[module]
    looked = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.freeze()
        if looked:
            gc.enable()


def _say(error: BaseException | str) -> None:
    print(f"gaplisten: {error}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return (or exit with) the status.

    Parameters
    ----------
    arguments
        The words after the program's name; those of the process when not given.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Matrices are small here. More threads wait for each other in a loop: three times the work, no less time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _open_what_is_closed()
    _allow_any_name()
    try:
        try:
            return _told(words)
        finally:
            sys.stdout.flush()  # here, and not when Python ends, it can still be said that it failed
    except GaplistenError as error:
        _say(error)
        return UNUSABLE
    except BrokenPipeError:
        _let_go_of_stdout()
        return 128 + getattr(signal, "SIGPIPE", 13)
    except OSError as error:
        _let_go_of_stdout()
        _say(in_line(f"{_name_of(error)}: {error.strerror or error}"))
        return UNUSABLE
    except KeyboardInterrupt:
        _say("stopped")
        return 130


def _name_of(error: OSError) -> str:
    return os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "output"


def _open_what_is_closed() -> None:
    """Give a program that was started without output (`>&-`, pythonw) one that goes nowhere."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open as long as the program
            if nowhere.fileno() > number:
                os.dup2(nowhere.fileno(), number)  # else the next file that is opened would be our output
            setattr(sys, name, nowhere)


def _allow_any_name() -> None:
    """File names may hold bytes that are no text: they are shown with escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _let_go_of_stdout() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(words: list[str]) -> int:
    if words[:1] in (["--version"], ["-V"]):
        print(f"gaplisten {__version__}")
        return DONE
    if words[:1] in (["--help"], ["-h"]):
        print(_overview())
        return DONE
    name = words.pop(0) if words and (words[0] in _IN_ORDER or words[0] in _others()) else "open"
    return _run(name, words)


if __name__ == "__main__":
    sys.exit(main())
