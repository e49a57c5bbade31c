"""What a batch has done, one line per item, so that it can be taken up again after anything."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gaplisten.durable.digests import sha256_of
from gaplisten.durable.files import OWN_FILE, write_all
from gaplisten.durable.folders import filled_alone
from gaplisten.durable.locks import FileLock, Locked
from gaplisten.errors import GaplistenError
from gaplisten.untrusted import read_regular

_MOST_BYTES = 2**30
_ELSEWHERE = "make room, or set GAPLISTEN_HOME to another folder"


class JournalError(GaplistenError):
    """A journal that cannot be written."""


def key_of(**parts: Any) -> str:
    """Return one short key for everything that an item's outcome depends on."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return sha256_of(text)[:32]


class Journal:
    """An append-only file of outcomes by key; a line counts once it is whole and on the disk.

    Parameters
    ----------
    path
        Made, with its folders, when the first line is written. A last line torn by a crash is ignored.
    fills
        The folder that it tells of; it tells of none in particular when not given.
    only_saves_time
        Whether work goes on without it where it cannot be read or written: outcomes are known for as long as
        it is open, and `problem` says what is wrong.
    """

    def __init__(self, path: Path, fills: Path | None = None, *, only_saves_time: bool = False) -> None:
        self.path, self._fills, self._only_saves_time = path, fills, only_saves_time
        self.problem = ""
        self._descriptor: int | None = None
        self._known = self._read()

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            content = read_regular(self.path, _MOST_BYTES)
        except FileNotFoundError:
            return {}
        except OSError as error:
            way_out = "check it, or set GAPLISTEN_HOME to another folder"
            self._refused(f"cannot be read ({error.strerror})", way_out, error)
            return {}
        known = {}
        for line in content.split(b"\n"):
            record = _record(line)
            if record is not None:
                known[record.pop("key")] = record
        return known

    def get(self, key: str) -> Mapping[str, Any] | None:
        """Return the outcome noted under `key`, if there is one."""
        return self._known.get(key)

    def note(self, key: str, outcome: Mapping[str, Any]) -> None:
        """Append one outcome and wait until it is on the disk.

        Raises
        ------
        JournalError
            If it cannot be written.
        """
        self.note_all({key: outcome})

    def note_all(self, outcomes: Mapping[str, Mapping[str, Any]]) -> None:
        """Append outcomes by their keys, and wait once until all are on the disk; as `note`."""
        if not outcomes:
            return
        if self.problem:
            self._known |= {key: dict(each) for key, each in outcomes.items()}
            return
        lines = [json.dumps({"key": key, **each}, separators=(",", ":")) for key, each in outcomes.items()]
        try:
            if self._descriptor is None:
                self._descriptor = self._open()
            write_all(self._descriptor, "".join(f"{line}\n" for line in lines).encode())
        except OSError as error:
            self.close()  # opened again, a line that was torn is ended first
            self._refused(f"cannot be written ({error.strerror})", _ELSEWHERE, error)
        self._known |= {key: dict(each) for key, each in outcomes.items()}

    def _refused(self, fact: str, way_out: str, error: OSError) -> None:
        refusal = JournalError(str(self.path), fact, way_out)
        if not self._only_saves_time:
            raise refusal from error
        self.problem = f"what is computed now is not kept for later: {refusal}"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out meanwhile: two that write the same files would spoil them.

        Raises
        ------
        JournalError
            If another run is at it, or the journal's folder cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path.with_suffix(".lock"), "the run", take_over=True)
        except Locked as busy:
            raise JournalError(
                str(self._fills or self.path),
                "is being filled by another run",
                "wait for it, or name another folder",
            ) from busy
        except OSError as error:
            fact = f"cannot be written ({error.strerror})"
            raise JournalError(str(self.path), fact, _ELSEWHERE) from error
        try:
            # Runs of others, or with another GAPLISTEN_HOME, have journals of their own.
            with filled_alone(self._fills, JournalError) if self._fills else nullcontext():
                yield
        finally:
            lock.release()

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | OWN_FILE
        descriptor = os.open(self.path, flags, 0o644)
        size = os.fstat(descriptor).st_size
        if size:
            os.lseek(descriptor, size - 1, os.SEEK_SET)
            if os.read(descriptor, 1) != b"\n":  # a torn last line must not swallow the next one
                write_all(descriptor, b"\n")
        return descriptor

    def close(self) -> None:
        """Close the file; noting again opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("key"), str) else None
