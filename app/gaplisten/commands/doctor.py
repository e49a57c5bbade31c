"""`gaplisten doctor`: what this machine has: sound devices, libraries, plugins, folders."""

from __future__ import annotations

import getpass
import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaplisten import __version__, folders
from gaplisten.commands.output import show
from gaplisten.display import lacking
from gaplisten.processes import python
from gaplisten.tables import Cell, Table

if TYPE_CHECKING:
    from gaplisten.concealers.entries import Entry

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Row = tuple[str, str, str, str]
"""What kind of thing, its name, ``ok``, ``missing`` or ``note``, and what was found."""

LIBRARIES = (
    ("numpy", "arrays"), ("scipy", "filters"), ("soundfile", "sound files"), ("soxr", "resampling"),
    ("sounddevice", "sound"), ("PySide6_Essentials", "windows"), ("pyqtgraph", "waveforms"),
    ("pydantic", "parameters"), ("pebble", "processes"), ("pillow", "pictures"),
    ("reportlab", "figures as PDF"),
)  # fmt: skip
EXTRAS = (
    ("onnxruntime", "metrics"), ("speechmos", "metrics"), ("pesq", "metrics"), ("pystoi", "metrics"),
    ("pocketsphinx", "metrics"), ("starlette", "serve"), ("uvicorn", "serve"),
    ("av", "codecs"), ("lc3py", "codecs"), ("ai-edge-litert", "codecs"),
    ("miniaudio", "flac"), ("distributed", "cluster"),
)  # fmt: skip
# There is no built package of it: pip compiles it.
BUILT = {"pesq": ", with a C compiler at hand (Debian: apt install gcc libc6-dev python3-dev)"}


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep what C libraries print on stderr (ALSA: pages) away from the terminal."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _machine() -> list[Row]:
    cores = os.cpu_count() or 1
    return [
        ("program", "gaplisten", "ok", __version__),
        ("program", "Python", "ok", f"{platform.python_version()} ({sys.executable})"),
        ("machine", "system", "ok", f"{platform.platform()}, {cores} cores"),
    ]


def _libraries() -> list[Row]:
    rows: list[Row] = []
    for name, purpose in LIBRARIES:
        rows.append(_library(name, purpose, "pip install gaplisten"))
    for name, extra in EXTRAS:
        way = f"pip install 'gaplisten[{extra}]'"
        rows.append(_library(name, f"extra {extra}", way + BUILT.get(name, "")))
    return rows


def _library(name: str, purpose: str, way: str) -> Row:
    try:
        return ("library", name, "ok", f"{importlib.metadata.version(name)} ({purpose})")
    except importlib.metadata.PackageNotFoundError:
        return ("library", name, "missing", f"for {purpose}: {way}")


def _qt_libraries() -> Row:
    """Tell whether Qt can be loaded: it may be there while libraries of the system are not."""
    command = python("-c", "import PySide6.QtWidgets")
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode:
        reason = (ended.stderr.strip().splitlines() or ["no reason given"])[-1]
        return ("window", "Qt", "missing", f"{reason}: 'python3 run.py' installs what it needs")
    return ("window", "Qt", "ok", "can be loaded")


def _qt() -> list[Row]:
    wanted = os.environ.get("QT_QPA_PLATFORM", "")
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    rows = [_qt_libraries()]
    if wanted not in ("", "xcb", "wayland"):
        return [*rows, ("window", "Qt platform", "ok", f"{wanted} (QT_QPA_PLATFORM)")]
    why = lacking()
    if why:
        return [
            *rows,
            ("window", "Qt platform", "missing", f"{why}: windows need DISPLAY or WAYLAND_DISPLAY"),
        ]
    return [*rows, ("window", "Qt platform", "ok", f"the system's own {display or ''}".rstrip())]


def _network() -> list[Row]:
    if os.environ.get("ORT_DISABLE_TELEMETRY") == "1":
        return [("network", "telemetry", "ok", "off in every library; nothing leaves this machine unasked")]
    fact = "onnxruntime may send what it runs on to its maker: set ORT_DISABLE_TELEMETRY=1"
    return [("network", "telemetry", "note", fact)]


def _sound() -> list[Row]:
    from gaplisten.playback import devices

    with _hushed():
        rows: list[Row] = [("sound", "PortAudio", "ok", devices.portaudio_version())]
        found = devices.outputs()
    name, host_api = devices.remembered()
    for device in found:
        said = f"{device.host_api}, {device.channels} channels, {device.rate} Hz"
        said += ", the system's choice" if device.default else ""
        said += ", chosen" if (device.name, device.host_api) == (name, host_api) else ""
        rows.append(("sound", device.name, "ok", said))
    if not found:
        rows.append(("sound", "output device", "missing", "none: connect one; everything but hearing works"))
    return rows


def _plugins() -> list[Row]:
    from gaplisten.concealers.catalogue import Catalogue

    catalogue = Catalogue.scan()
    rows = [_concealer(entry) for entry in catalogue.usable]
    return rows + [("concealer", entry.name, "missing", entry.message) for entry in catalogue.broken]


def _concealer(entry: Entry) -> Row:
    """Tell whether a concealer has what it needs, as things are now: a library may have come or gone."""
    from gaplisten.concealers.catalogue import Source, describe_new
    from gaplisten.concealers.entries import Entry, Limits

    if entry.origin == "bundled" and (entry.lacks or entry.needs_reference):
        found = describe_new(Source(entry.name, entry.path, entry.origin), Limits())
        entry = found if isinstance(found, Entry) else entry
    if not entry.lacks:
        return ("concealer", entry.name, "ok", str(entry.path))
    # What takes a setting is no fault of the machine.
    return ("concealer", entry.name, "missing" if " is missing" in entry.lacks else "note", entry.lacks)


def _writable(path: Path) -> bool:
    nearest = next(folder for folder in (path, *path.parents) if folder.exists())
    return os.access(nearest, os.W_OK)


def _folders() -> list[Row]:
    rows: list[Row] = []
    for name, path in (("bundled plugins", folders.bundled_plugins()), ("resources", folders.resources())):
        rows.append(("folder", name, "ok" if path.is_dir() else "missing", str(path)))
    for name, path in (
        ("your plugins", folders.user_plugins()),
        ("settings", folders.user_config()),
        ("cache", folders.user_cache()),
        ("unsaved work and logs", folders.user_state()),
    ):
        state = "" if path.is_dir() else " (made when needed)"
        rows.append(("folder", name, "ok" if _writable(path) else "missing", f"{path}{state}"))
    return rows


def _examine(what: str, look: Callable[[], list[Row]]) -> list[Row]:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - whatever is broken is what the doctor is there to tell
        return [(what, what, "missing", str(error) or type(error).__name__)]


def examine() -> Table:
    """Look at everything; what is missing becomes a row, never an error."""
    parts: tuple[tuple[str, Callable[[], list[Row]]], ...] = (
        ("machine", _machine),
        ("library", _libraries),
        ("network", _network),
        ("window", _qt),
        ("sound", _sound),
        ("concealer", _plugins),
        ("folder", _folders),
    )
    rows: list[tuple[Cell, ...]] = [row for what, look in parts for row in _examine(what, look)]
    return Table(("part", "name", "state", "found"), tuple(rows))


_PATHS = (
    re.compile(r"\b[A-Za-z]:\\.*|\\\\\w.*"),  # Windows: they may hold blanks, so that all that follows goes
    re.compile(r"(?<![\w.:/])~?/[^'\"()<>,;]*[^'\"()<>,;\s]"),
)


def anonymous(table: Table) -> Table:
    """Return the table without names and paths: of people, machines, devices, folders and own plugins."""
    bundled = {path.stem for path in folders.bundled_plugins().glob("*.py")}
    own = [str(row[1]) for row in table.rows if row[0] == "concealer" and row[1] not in bundled]
    sound = [str(row[1]) for row in table.rows if row[0] == "sound" and row[2] == "ok"]
    hidden = {name: f"own plugin {number}" for number, name in enumerate(own, 1)}
    devices = [name for name in sound if name != "PortAudio"]
    hidden |= {name: f"output device {number}" for number, name in enumerate(devices, 1)}
    hidden |= {name: "(name)" for name in (_user(), platform.node()) if len(name) > 2}
    longest_first = sorted(hidden, key=len, reverse=True)

    def scrubbed(cell: Cell) -> Cell:
        text = str(cell)
        for paths in _PATHS:
            text = paths.sub("(path)", text)
        for name in longest_first:
            text = text.replace(name, hidden[name])
        return text

    return Table(table.columns, tuple(tuple(map(scrubbed, row)) for row in table.rows))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number that has no name
        return ""


def markdown(table: Table) -> str:
    """Return the table as a text to paste into an issue."""
    lines = [" | ".join(map(str, row)).replace("`", "'") for row in table.rows]
    return "\n".join(("```text", *lines, "```"))


@app.command()
def doctor(
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.")] = None,
    report: Annotated[
        bool,
        typer.Option("--report", help="Print a text to paste into an issue, without names and paths."),
    ] = False,
) -> None:
    """Tell what this machine has, and what each missing thing is for and how to get it."""
    if report:
        print(markdown(anonymous(examine())))
        return
    show(examine(), csv)
