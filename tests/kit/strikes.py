"""Kills one process of a program that is at work, at a moment nobody chose; says what was wrong then.

All processes of one run are known by their `GAPLISTEN_HOME`, which they inherit, whoever is their parent.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import soundfile

from kit.pulse import wait_for

END_SECONDS = 120.0
"""In which what is left has ended, on a machine with thirty things to do."""
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_UNFINISHED = (".part", ".lock", ".partial")
_SHARED = Path("/dev/shm")


def processes_of(home: Path) -> list[psutil.Process]:
    """Return what lives of a run; the dead that nobody asked after do not count."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            ours = process.pid != os.getpid() and process.environ().get("GAPLISTEN_HOME") == str(home)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def role_of(process: psutil.Process, root: int) -> str:
    """Return what a process is there for."""
    if process.pid == root:
        return "program"
    try:
        line = process.cmdline()
    except psutil.Error:
        return "gone"
    text = " ".join(line)
    known = {
        "gaplisten.playback.process": "sound",
        "resource_tracker": "resource tracker",
        "gaplisten.concealers.nursery": "nursery",
        "gaplisten.concealers.worker": "plugin host",
        "multiprocessing.spawn": "worker",
        "multiprocessing-fork": "worker",
    }
    return next(
        (role for part, role in known.items() if part in text), Path(line[0]).name if line else "gone"
    )


def _heed_interrupts() -> None:
    """Take SIGINT as in a terminal: what a shell starts in the background has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Run:
    """One run of a program that is going to be struck.

    Parameters
    ----------
    folder
        Its own: ``home``, ``tmp``, and whatever it writes.
    words
        The command.
    """

    folder: Path
    words: Sequence[str]
    more: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.shared = set[str]()
        environment = {
            **os.environ,
            **self.more,
            "GAPLISTEN_HOME": str(self.home),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONUNBUFFERED": "1",
        }
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            self.process = subprocess.Popen(
                [str(word) for word in self.words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_heed_interrupts,
            )

    @property
    def home(self) -> Path:
        """Where it keeps settings, cache and state."""
        return self.folder / "home"

    @property
    def has_others(self) -> bool:
        """Whether it has started other processes."""
        return any(each.pid != self.process.pid for each in processes_of(self.home))

    @property
    def said(self) -> str:
        """What it has said on stdout."""
        return (self.folder / "out").read_text(encoding="utf-8", errors="replace")

    @property
    def complained(self) -> str:
        """What it has said on stderr."""
        return (self.folder / "err").read_text(encoding="utf-8", errors="replace")

    def strike(
        self,
        chance: random.Random,
        number: signal.Signals,
        *,
        program: bool | None = None,
        seen: Sequence[str] = (),
    ) -> str:
        """Send a signal to one of the processes; return which it was, or nothing.

        Parameters
        ----------
        program
            Whether it is to be the program itself, or one of its other processes; any if not given.
        seen
            Kinds that were struck before: those that were least are struck first.
        """
        living = processes_of(self.home)
        for each in living:  # others run beside this one: theirs are theirs
            with (
                suppress(OSError),
                open(f"/proc/{each.pid}/maps", encoding="utf-8", errors="replace") as maps,
            ):
                self.shared |= {Path(line.split()[-1]).name for line in maps if " /dev/shm/psm_" in line}
        alive = [(role_of(each, self.process.pid), each) for each in living]
        alive = [(name, each) for name, each in alive if name != "gone"]
        if program is not None:
            alive = [(name, each) for name, each in alive if (name == "program") == program]
        if not alive:
            return ""
        least = min(seen.count(name) for name, _ in alive)
        struck = chance.choice(sorted({name for name, _ in alive if seen.count(name) == least}))
        victim = chance.choice([each for name, each in alive if name == struck])
        try:
            victim.send_signal(number)
        except psutil.Error:
            return ""
        return struck

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it if it still runs, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.wait()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def wait(self, what: str = "") -> None:
        """Wait for its end."""
        wait_for(lambda: self.over, what=what or f"the end of {self.words}")

    def left_behind(self, struck: str = "program") -> list[str]:
        """Return what is wrong once the program has ended: processes, shared memory, folders for a while.

        Parameters
        ----------
        struck
            Which process was: one of a plugin's may tell of it by the plugin's traceback.
        """
        wrong = []
        try:
            wait_for(lambda: not processes_of(self.home), END_SECONDS)
        except BaseException:  # noqa: BLE001 - pytest's failure: it is told with the others
            for each in processes_of(self.home):
                with suppress(psutil.Error):
                    wrong.append(f"orphan {each.pid}: {' '.join(each.cmdline())[:150]}")
                    each.kill()
        wrong += [f"shared memory {name}" for name in sorted(self.shared) if (_SHARED / name).exists()]
        wrong += [f"temporary {name}" for name in os.listdir(self.folder / "tmp")]
        if struck == "program" and "Traceback" in self.complained:
            wrong.append(f"a traceback: {self.complained[-1500:]}")
        return wrong


@contextmanager
def running(folder: Path, words: Sequence[object], more: Mapping[str, str] | None = None) -> Iterator[Run]:
    """Give a run; whatever happens, nothing of it lives afterwards."""
    run = Run(folder, [str(word) for word in words], more or {})
    try:
        yield run
    finally:
        for each in processes_of(run.home):
            with suppress(psutil.Error):
                each.kill()
        run.process.wait()


def command(*words: object) -> list[str]:
    """Return the words that start a command of the program."""
    return [sys.executable, "-P", "-m", "gaplisten", *map(str, words)]


# --- files under their final names ------------------------------------------------------------------------


def _csv(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    assert text.endswith("\n"), "its last line is cut"
    assert len({len(row) for row in rows}) == 1, "its rows differ in length"


def _sound(path: Path) -> None:
    info = soundfile.info(path)
    assert len(soundfile.read(path)[0]) == info.frames > 0


def _end(*ends: bytes) -> Callable[[Path], None]:
    def look(path: Path) -> None:
        assert path.read_bytes().rstrip().endswith(ends), "its end is missing"

    return look


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


_WHOLE: dict[str, Callable[[Path], object]] = {
    ".csv": _csv,
    ".wav": _sound,
    ".flac": _sound,
    ".json": lambda path: json.loads(path.read_bytes()),
    ".toml": lambda path: tomllib.loads(path.read_text(encoding="utf-8")),
    ".html": _end(b"</html>"),
    ".xml": _end(b">"),
    ".svg": _end(b"</svg>"),
    ".pdf": _end(b"%%EOF"),
    ".png": _end(b"IEND\xaeB`\x82"),
    ".zip": _zip,
}


def files_below(folder: Path) -> list[Path]:
    """Return the files under final names."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        path
        for path in found
        if not any(
            part.endswith(_UNFINISHED) or part.startswith(".") for part in path.relative_to(folder).parts
        )
    ]


def _unfinished(name: str) -> bool:
    return name.endswith(_UNFINISHED) or name.startswith(".")


def halves(folder: Path, undisturbed: Path | None = None) -> list[str]:
    """Return what is not whole in a folder: sounds and texts as they must be, the others readable to the end.

    Parameters
    ----------
    undisturbed
        What the same command made when nobody struck: sounds and traces are compared with it, byte by byte.
    """
    wrong = []
    for path in files_below(folder):
        name = path.relative_to(folder)
        try:
            if path.suffix in _WHOLE:
                _WHOLE[path.suffix](path)
            if undisturbed is not None and path.suffix in (".wav", ".flac", ".txt"):
                assert path.read_bytes() == (undisturbed / name).read_bytes(), "it differs from the whole one"
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it
            wrong.append(f"half a file {name}: {type(error).__name__}: {error}")
    return wrong


def emptied(folder: Path) -> Path:
    """Return a folder that is there, and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
