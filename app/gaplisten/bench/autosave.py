"""Unsaved work survives a crash: it is kept apart and offered on the next start."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gaplisten import folders
from gaplisten.bench.state import Work
from gaplisten.durable.files import write_whole
from gaplisten.durable.locks import FileLock, Locked, is_held, process_runs
from gaplisten.errors import GaplistenError
from gaplisten.untrusted import read_regular

_OWNER = "# of process "
_FILE = "# of file "
_LOCK = ".lock"
_JUST_MADE = 60.0  # seconds
_LEFTOVER = re.compile(r"(\d+-[0-9a-f]{8})(?:\.lock|\.toml\.[0-9a-f]{12}\.part)")


@dataclass(frozen=True)
class Rescued:
    """Work that a process left behind when it died."""

    kept: Path
    work: Work
    file: Path | None
    seconds: float

    @property
    def when(self) -> str:
        """When it was written, as local time."""
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.seconds))

    @property
    def counts(self) -> Mapping[str, int]:
        """What is in it, counted: notes, edited losses, loops, corrected clips and concealers."""
        clips = self.work.clips.values()
        return {
            "notes": sum(len(done.notes) for done in clips),
            "losses": sum(done.loss is not None for done in clips),
            "loops": sum(done.loop is not None for done in clips),
            "corrected": sum(bool(done.match_levels or done.delays) for done in clips),
            "concealers": len(self.work.choices),
        }

    def claim(self) -> Claim | None:
        """Keep it for this process, so that no other window takes it too; None where another one has it."""
        lock = None
        try:
            lock = FileLock(self.kept.with_suffix(_LOCK), "unsaved work", take_over=True)
        except Locked:
            return None
        except OSError:
            pass  # where no lock can be made, the work is offered all the same
        if self.kept.exists():
            return Claim(self, lock)
        if lock is not None:  # another window was done with it before we had the lock
            lock.release()
        return None


@dataclass(frozen=True)
class Claim:
    """Work that is offered here and nowhere else; when this process dies, it is offered again."""

    rescued: Rescued
    _lock: FileLock | None

    def drop(self) -> None:
        """Remove it: it was taken over, or given up knowingly."""
        with suppress(OSError):
            self.rescued.kept.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Leave it where it is, for the next who looks."""
        if self._lock is not None:
            self._lock.release()


class Autosave:
    """One process's rescue file: written while there is unsaved work, removed when there is none.

    A lock beside it tells whether its process lives. The number of a process does not: in a container, or
    after the machine was started anew, the next window often has the number of the one that died.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or folders.user_state() / "unsaved"
        self.path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}.toml"
        self._lock: FileLock | None = None

    def keep(self, work: Work, file: Path | None) -> None:
        """Write the work so that it survives this process, be a name in it text or not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            with suppress(Locked):  # nobody else has that name
                self._lock = FileLock(self.path.with_suffix(_LOCK), "unsaved work")
        from gaplisten.bench.store import to_toml

        head = f"{_OWNER}{os.getpid()}\n{_FILE}{json.dumps(str(file or ''))}\n"
        text = head + to_toml(work, self._folder, held=True)
        write_whole(self.path, text.encode("utf-8", "surrogatepass"))

    def forget(self) -> None:
        """Remove this process's rescue file: everything is saved, or was given up knowingly."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def rescued(folder: Path | None = None) -> list[Rescued]:
    """Return what processes that are no more left behind, newest first; unreadable leftovers are skipped.

    What they left beside it and nobody can use is removed.
    """
    folder = folder or folders.user_state() / "unsaved"
    if not folder.is_dir():
        return []
    _sweep(folder)
    found = [_read(path) for path in folder.glob("*.toml") if not _alive(path)]
    return sorted((each for each in found if each), key=lambda each: -each.seconds)


def _sweep(folder: Path) -> None:
    """Remove locks without work, and files that were half written, of processes that are no more."""
    for path in folder.iterdir():
        named = _LEFTOVER.fullmatch(path.name)
        if named is None or (folder / f"{named[1]}.toml").exists() or is_held(folder / f"{named[1]}{_LOCK}"):
            continue
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _JUST_MADE:  # else it may be about to be locked
                path.unlink()


def _read(path: Path) -> Rescued | None:
    # Brings pydantic, which a start need not wait for.
    from gaplisten.bench.store import MOST_BYTES, from_toml

    with suppress(OSError, ValueError, GaplistenError):
        text = read_regular(path, MOST_BYTES).decode("utf-8", "surrogatepass")
        line = next((line for line in text.split("\n", 2)[:2] if line.startswith(_FILE)), _FILE)
        file = _named(line.removeprefix(_FILE))
        return Rescued(path, from_toml(text, path), file, path.stat().st_mtime)
    return None


def _named(text: str) -> Path | None:
    name = json.loads(text) if text.startswith('"') else text  # earlier versions wrote it bare
    return Path(name) if name else None


def _alive(path: Path) -> bool:
    """Whether the process that wrote `path` still runs (its work is then not ours to offer)."""
    if is_held(path.with_suffix(_LOCK)):  # by it, or by the window that offers its work
        return True
    if not path.stem.isascii() or not path.stem.isdecimal():
        return False
    process = int(path.stem)  # earlier versions had no lock
    return process != os.getpid() and process_runs(process)
