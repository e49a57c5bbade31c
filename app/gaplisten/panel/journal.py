"""Append-only CSV that survives power cuts, full disks and vanished folders."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from gaplisten.durable import sync_folder, write_all, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.tables import Cell, csv_cell, csv_row, neutral

_NEWLINE = b"\r\n"
LARGEST = 64 * 2**20  # bytes; a session of ten thousand ratings has about 5 MB


class NotSaved(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Rows could not be written; the file holds what it held before, the caller still has the rows."""


class JournalDamaged(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A file that is no journal of this kind."""


def one_line(text: str) -> str:
    """Return free text without line breaks and control characters: one record is one line of the file."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


_WAYS_OUT = {
    errno.ENOSPC: ("the disk is full", "make room, then try again"),
    errno.EDQUOT: ("the disk quota is used up", "make room, then try again"),
    errno.EROFS: ("the disk may only be read", "make it writable, then try again"),
    errno.EACCES: (
        "it may not be written",
        "close programs that have it open, or allow writing, then try again",
    ),
    errno.EPERM: (
        "it may not be written",
        "close programs that have it open, or allow writing, then try again",
    ),
    errno.ENOENT: ("its folder is gone", "put the folder back, then try again"),
    errno.ENOTDIR: ("its folder is gone", "put the folder back, then try again"),
    errno.EIO: ("the disk reports an error", "save a copy elsewhere"),
}


def not_saved(path: Path, error: OSError, what: str = "the rating was not saved") -> NotSaved:
    """Return the error to show for an operating system's refusal to write."""
    fact, way_out = _WAYS_OUT.get(error.errno or 0, (error.strerror or str(error), "then try again"))
    return NotSaved(str(path), f"{what}: {fact}", way_out)


def _read_all(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


Row = dict[str, str]


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    *lines, tail = data.split(_NEWLINE)
    return lines, tail


def _cells(line: bytes) -> list[str] | None:
    try:
        text = line.decode("utf-8")
        if "\0" in text:
            return None
        return next(csv.reader([text], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return None


def _load(path: Path) -> bytes:
    if path.is_symlink():
        raise JournalDamaged(str(path), "it is a link", "put the file itself there")
    if path.stat().st_size > LARGEST:
        raise JournalDamaged(str(path), f"it is larger than {LARGEST // 2**20} MB", "this is no ratings file")
    return path.read_bytes()


def read(path: Path, columns: Sequence[str]) -> tuple[list[Row], list[bytes]]:
    """Return the complete rows of a journal and the torn lines that are none.

    Raises
    ------
    JournalDamaged
        If the first line is not the header of such a journal.
    OSError
        If the file cannot be read.
    """
    lines, tail = _split(_load(path))
    torn = [tail] if tail.strip(b"\0") else []
    if not lines:
        return [], torn
    if _cells(lines[0]) != list(columns):
        raise JournalDamaged(
            str(path),
            "its columns are not those of this version",
            "move it away, or use the version that made it",
        )
    rows = []
    for line in lines[1:]:
        cells = _cells(line)
        if cells is None or len(cells) != len(columns):
            torn.append(line)
        else:
            rows.append(dict(zip(columns, cells, strict=True)))
    return rows, torn


class Journal:
    """The open journal of one session.

    Opening reads what is there, moves torn lines to a `.torn` file beside it and cuts them off. Every
    `append` leaves either all its rows on the disk or none.

    Parameters
    ----------
    path
        The CSV file; made on the first append.
    columns
        The header.

    Attributes
    ----------
    rows
        All rows, as the text that is in the file.
    notices
        What was found and done on opening and since, as sentences.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns = path, tuple(columns)
        self.rows: list[Row] = []
        self.notices: list[str] = []
        self._data = b""
        self._left_behind = False  # whether a failed write may have left bytes behind the known end
        if path.exists() or path.is_symlink():
            self._open()

    def _open(self) -> None:
        self.rows, torn = read(self.path, self.columns)
        self._data = self._encode(self.rows)
        if torn:
            self.set_aside(torn)
        elif self.path.read_bytes() != self._data:
            self._replace()

    def _encode(self, rows: Iterable[Row]) -> bytes:
        lines = [csv_row(self.columns)]
        # The cells are text that was neutralised when first written; doing it again would change them.
        lines += [_plain_row([row[name] for name in self.columns]) for row in rows]
        return "".join(lines).encode("utf-8")

    def set_aside(self, torn: Sequence[bytes]) -> None:
        """Add lines that are no complete rating to the `.torn` file and write the rest anew."""
        aside = self.path.with_suffix(".torn")
        try:
            with aside.open("ab") as file:
                file.write(_NEWLINE.join([*torn, b""]))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise not_saved(aside, error) from error
        self._replace()
        found = f"{len(torn)} incomplete line{'s' if len(torn) > 1 else ''}"
        self.notices.append(f"{self.path.name}: {found} from an interrupted run set aside in {aside.name}.")

    def keep(self, wanted: Callable[[Row], bool]) -> None:
        """Set aside the rows that are not wanted: they belong to a trial that was not saved as a whole."""
        gone = [row for row in self.rows if not wanted(row)]
        self.rows = [row for row in self.rows if wanted(row)]
        self._data = self._encode(self.rows)
        self.set_aside([_plain_row([row[name] for name in self.columns]).encode().rstrip() for row in gone])

    def _replace(self) -> None:
        try:
            write_whole(self.path, self._data)
        except OSError as error:
            raise not_saved(self.path, error) from error

    def append(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Add rows and force them to the disk.

        Raises
        ------
        NotSaved
            If they could not be written. The file is then as before and the rows may be appended again.
        """
        data = "".join(csv_row(row) for row in rows).encode("utf-8")
        if not self._data:
            data = csv_row(self.columns).encode("utf-8") + data
        try:
            if self._gone():
                self._write_again(data)
            else:
                self._add(data)
        except OSError as error:
            raise not_saved(self.path, error) from error
        self._data += data
        self.rows += [dict(zip(self.columns, map(csv_cell, row), strict=True)) for row in rows]

    def _gone(self) -> bool:
        return bool(self._data) and not self.path.exists()

    def _write_again(self, data: bytes) -> None:
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        write_whole(self.path, self._data + data)
        self.notices.append(f"{self.path.name} had been removed; it was written again with all ratings.")

    def _add(self, data: bytes) -> None:
        new = not self._data
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        # A new file must really be new: nobody's ratings are written over.
        descriptor = os.open(self.path, flags | (os.O_CREAT | os.O_EXCL if new else 0), 0o666)
        try:
            self._extend(descriptor, data)
        except OSError:
            if new:
                with contextlib.suppress(OSError):
                    self.path.unlink()
            raise
        finally:
            os.close(descriptor)
        if new:
            sync_folder(self.path.parent)

    def _extend(self, descriptor: int, data: bytes) -> None:
        found = _read_all(descriptor)
        known = found == self._data or (self._left_behind and found.startswith(self._data))
        if not known:
            fact = "the rating was not saved: another program changed the file"
            raise NotSaved(str(self.path), fact, "put the old file back, or save a copy elsewhere")
        if len(found) > len(self._data):
            os.ftruncate(descriptor, len(self._data))
        os.lseek(descriptor, len(self._data), os.SEEK_SET)
        try:
            write_all(descriptor, data)
        except OSError:
            self._left_behind = True
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, len(self._data))
                os.fsync(descriptor)
            raise
        # Had the folder been deleted meanwhile, the row would lie in a file without a name.
        if not os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def save_copy(self, path: Path) -> None:
        """Write everything that was saved so far to another place.

        Raises
        ------
        NotSaved
            If that does not work either.
        """
        try:
            write_whole(path, self._data)
        except OSError as error:
            raise not_saved(path, error) from error

    def replace_rows(self, rows: Sequence[Row]) -> None:
        """Put `rows` in the place of all rows, at once: the file holds the old ones or the new ones."""
        data = self._encode(rows)
        try:
            write_whole(self.path, data)
        except OSError as error:
            raise not_saved(self.path, error, "the file could not be written anew") from error
        self._data, self.rows = data, list(rows)


def _plain_row(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def same_text(cell: str, text: str) -> bool:
    """Tell whether a cell read from a journal is `text` as it was written."""
    return cell in (text, neutral(text))
