"""Append-only CSV that survives power cuts, full disks and vanished folders."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.durable.files import write_all, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.panel.reading import JournalDamaged, Reading, Row, TextTable, listed, parse
from gaplisten.tables import Cell, csv_cell, csv_row
from gaplisten.untrusted import Folder, read_at_most, read_regular

_NEWLINE = b"\r\n"
Tidy = Callable[[TextTable], TextTable]
LARGEST = 64 * 2**20  # bytes; a session of ten thousand ratings has about 5 MB


class NotSaved(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Rows could not be written; the file holds what it held before, the caller still has the rows."""


def one_line(text: str) -> str:
    """Return free text without line breaks and control characters: one record is one line of the file."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


_ROOM = ("make room, then try again", "disk_full")
_CLOSED = (
    "it may not be written",
    "close programs that have it open, or allow writing, then try again",
    "not_allowed",
)
_GONE = ("its folder is gone", "put the folder back, then try again", "folder_gone")
_WAYS_OUT = {  # fact, way out, key of the sentence
    errno.ENOSPC: ("the disk is full", *_ROOM),
    errno.EDQUOT: ("the disk quota is used up", *_ROOM),
    errno.EROFS: ("the disk may only be read", "make it writable, then try again", "not_allowed"),
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.ENOENT: _GONE,
    errno.ENOTDIR: _GONE,
    errno.EIO: ("the disk reports an error", "save elsewhere", "disk_error"),
    errno.ELOOP: (
        "it is a link, or reached by one",
        "put a file or folder of its own there, then try again",
        "file_changed",
    ),
}


def not_saved(path: Path, error: OSError, what: str = "the rating was not saved") -> NotSaved:
    """Return the error to show for an operating system's refusal to write."""
    other = (error.strerror or str(error), "then try again", "")
    fact, way_out, key = _WAYS_OUT.get(error.errno or 0, other)
    return NotSaved(str(path), f"{what}: {fact}", way_out, key=key)


_OTHER_THINGS = (errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.EMLINK)  # links, pipes, devices, folders


def opened_folder(path: Path, root: Path | None) -> Folder:
    """Return the folder of a file, reached from `root` (by default itself) without following a link.

    Raises
    ------
    OSError
        If it is not there, or a link below `root` leads to it.
    """
    return Folder(root, *path.parent.relative_to(root).parts) if root else Folder(path.parent)


def _load(path: Path, root: Path | None) -> bytes:
    with opened_folder(path, root) as folder:
        try:
            return folder.read(path.name, LARGEST)
        except FileNotFoundError:
            raise
        except OSError as error:
            way_out = "put the file itself there" if error.errno in _OTHER_THINGS else ""
            raise JournalDamaged(str(path), error.strerror or str(error), way_out) from error


def read(
    path: Path,
    columns: Sequence[str],
    needed: Sequence[str] | None = None,
    root: Path | None = None,
    tidy: Tidy | None = None,
) -> Reading:
    """Return what is in a journal, whichever version wrote it and whatever form it has; see `reading.parse`.

    Parameters
    ----------
    root
        The folder that the user named: no link below it is followed. That of the file by default.

    Raises
    ------
    JournalDamaged
        If this is no such journal, or no regular file.
    OSError
        If the file cannot be read.
    """
    return parse(_load(path, root), path, columns, needed, tidy)


@dataclass(frozen=True)
class Copy:
    """All that a journal has saved, in another file.

    Parameters
    ----------
    data
        What was written; nothing where nothing was saved yet.
    before
        What lay there; None where nothing did.
    """

    path: Path
    data: bytes
    before: bytes | None

    def take_back(self) -> None:
        """Leave the place as it was, as far as the disk allows."""
        put_back(self.path, self.before)


def put_back(path: Path, before: bytes | None) -> None:
    """Give a file the content that it had, None for no file, as far as the disk allows."""
    with contextlib.suppress(OSError):
        if before is None:
            path.unlink(missing_ok=True)
        elif read_regular(path, LARGEST) != before:
            write_whole(path, before)


class Journal:
    """The open journal of one session.

    Opening only reads. `mend` moves what an interrupted run left unfinished to a `.torn` file beside it.
    Every `append` leaves either all its rows on the disk or none. A file that another version wrote, or an
    editor changed in form, is written anew in this version's form at the first append, unknown columns and
    all.

    Parameters
    ----------
    path
        The CSV file; made on the first append.
    columns
        The header.
    needed
        The columns without which the file is none of this kind; all by default.
    root
        The folder that the user named, a panel of a stranger's maybe: what lies in it is opened through it,
        and no link below it is followed. That of the file by default.
    tidy
        As for `reading.parse`.

    Attributes
    ----------
    reading
        What was in the file on opening.
    rows
        All rows, as the text that is in the file.
    notices
        What was found and done on opening and since, as sentences.

    Raises
    ------
    JournalDamaged
        If the file is no such journal, or a line of it cannot be read. It stays untouched.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        needed: Sequence[str] | None = None,
        root: Path | None = None,
        tidy: Tidy | None = None,
    ) -> None:
        self.path, self.columns, self._root = path, tuple(columns), root
        self._needed, self._tidy = tuple(columns if needed is None else needed), tidy
        self.reading = Reading()
        self.rows: list[Row] = []
        self.notices: list[str] = []
        self._data = b""
        self._torn: list[bytes] = []
        self._unfinished = False  # whether there is something to mend
        self._in_form = True  # whether the file is as this version would write it
        self._left_behind = False  # whether a failed write may have left bytes behind the known end
        if path.exists() or path.is_symlink():
            self._read()

    def beside(self, folder: str) -> Journal:
        """Return the journal of the same name and columns in a folder beside this one, made if need be.

        Raises
        ------
        NotSaved, JournalDamaged
            If that cannot be.
        """
        path = self.path.parent / folder / self.path.name
        try:
            opened_folder(path.parent, self._root).close()  # by no link: something is made in it now
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise not_saved(path.parent, error) from error
        made = Journal(path, self.columns, self._needed, self._root, self._tidy)
        made.mend()
        return made

    def _folder(self) -> Folder:
        # Opened anew each time: it may have vanished and come back.
        return opened_folder(self.path, self._root)

    def _write_whole(self, data: bytes) -> None:
        with self._folder() as folder:
            folder.write_whole(self.path.name, data)

    def _read(self) -> None:
        data = _load(self.path, self._root)
        found = self.reading = parse(data, self.path, self.columns, self._needed, self._tidy)
        if found.damaged:
            lines = f"line{'s' if len(found.damaged) > 1 else ''} {listed(map(str, found.damaged[:10]))}"
            fact = f"{lines} cannot be read; nothing was changed"
            raise JournalDamaged(str(self.path), fact, found.mending)
        self.columns += tuple(name for name in found.columns if name not in self.columns)
        self.rows = list(found.rows)
        self.notices += [f"{self.path.name}: {note}." for note in found.notes]
        self._data = data
        self._torn = [found.torn] if found.torn else []
        self._in_form = self._data == self._encode(self.rows)
        self._unfinished = not found.columns or found.padded

    def mend(self) -> None:
        """Set aside what an interrupted run left unfinished.

        Raises
        ------
        NotSaved
            If that cannot be written.
        """
        if self._torn:
            self._set_aside(self._torn)
        elif self._unfinished:  # zeros of a power cut, or not even a header
            self._replace()

    def _encode(self, rows: Iterable[Row]) -> bytes:
        lines = [csv_row(self.columns)]
        # The cells are text that was neutralised when first written; doing it again would change them.
        lines += [_plain_row([row[name] for name in self.columns]) for row in rows]
        return "".join(lines).encode("utf-8")

    def _set_aside(self, torn: Sequence[bytes]) -> None:
        """Add lines that are no complete rating to the `.torn` file and write the rest anew."""
        aside = self.path.with_suffix(".torn")
        try:
            with self._folder() as folder:
                folder.append(aside.name, _NEWLINE.join([*torn, b""]))
        except OSError as error:
            raise not_saved(aside, error) from error
        self._replace()
        found = f"{len(torn)} incomplete line{'s' if len(torn) > 1 else ''}"
        self.notices.append(f"{self.path.name}: {found} from an interrupted run set aside in {aside.name}.")

    def use(self, rows: Sequence[Row]) -> None:
        """Go on with these rows of the file only; it is rewritten at the next append."""
        self.rows, self._in_form = list(rows), self._in_form and list(rows) == self.rows

    def keep(self, wanted: Callable[[Row], bool]) -> None:
        """Set aside the rows that are not wanted: they belong to a trial that was not saved as a whole."""
        gone = [row for row in self.rows if not wanted(row)]
        self.rows = [row for row in self.rows if wanted(row)]
        self._set_aside([_plain_row([row[name] for name in self.columns]).encode().rstrip() for row in gone])

    def _replace(self) -> None:
        """Write all rows anew, in this version's form."""
        data = self._encode(self.rows)
        try:
            self._write_whole(data)
        except OSError as error:
            raise not_saved(self.path, error) from error
        self._data, self._torn, self._unfinished, self._in_form = data, [], False, True

    def append(self, rows: Sequence[Mapping[str, Cell]]) -> None:
        """Add rows and force them to the disk; columns that a row does not name stay empty.

        Raises
        ------
        NotSaved
            If they could not be written. The file is then as before and the rows may be appended again.
        """
        strange = {name for row in rows for name in row} - set(self.columns)
        if strange:
            raise KeyError(f"no column is called {listed(sorted(strange))}")
        made = [{name: csv_cell(row.get(name)) for name in self.columns} for row in rows]
        self._take_over()
        made = [{**dict.fromkeys(self.columns, ""), **row} for row in made]
        data = "".join(_plain_row(list(row.values())) for row in made).encode("utf-8")
        if not self._data:
            data = self._encode([]) + data
        before = self._data if self._in_form else self._encode(self.rows)
        try:
            if self._gone():
                self._write_again(before + data)
            elif self._in_form:
                self._add(data)
            else:
                self._write_in_form(before + data)
        except OSError as error:
            raise not_saved(self.path, error) from error
        self._data, self._in_form = before + data, True
        self.rows += made

    def _take_over(self) -> None:
        """Go on from the file as it is when another program saved the same rows in another form meanwhile.

        Anything else is left for the writing to find and to refuse.
        """
        if not self._data:
            return
        try:
            with self._folder() as folder:
                there = folder.read(self.path.name, LARGEST)
            if there.startswith(self._data):
                return
            found = parse(there, self.path, self.columns, self._needed, self._tidy)
        except (OSError, JournalDamaged):
            return
        if found.damaged or found.torn or self._judged_by(found.rows) != self._judged_by(self.rows):
            return
        self.columns += tuple(name for name in found.columns if name not in self.columns)
        self.rows = list(found.rows)
        self._data, self._in_form, self._left_behind = there, False, False
        self.notices.append(f"{self.path.name} was saved by another program meanwhile, with all its ratings.")

    def _judged_by(self, rows: Iterable[Row]) -> list[tuple[str, ...]]:
        """Return what of rows makes them this session's, in an order of its own."""
        return sorted(tuple(row[name] for name in self._needed) for row in rows)

    def _gone(self) -> bool:
        return bool(self._data) and not self.path.exists()

    def _write_in_form(self, data: bytes) -> None:
        """Put a file in this version's form in the place of one in another form."""
        with self._folder() as folder:
            try:
                same = folder.read(self.path.name, len(self._data)) == self._data
            except OSError:
                same = False
            if not same:
                raise self._changed()
            folder.write_whole(self.path.name, data)
        self.notices.append(f"{self.path.name} was rewritten in this version's form, with all ratings.")

    def _changed(self) -> NotSaved:
        fact = "the rating was not saved: another program changed the file"
        return NotSaved(str(self.path), fact, "put the old file back, or save elsewhere", key="file_changed")

    def _write_again(self, data: bytes) -> None:
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._write_whole(data)
        self.notices.append(f"{self.path.name} had been removed; it was written again with all ratings.")

    def _add(self, data: bytes) -> None:
        new = not self._data
        with self._folder() as folder:
            try:
                # A new file must really be new: nobody's ratings are written over.
                flags = os.O_RDWR | (os.O_CREAT | os.O_EXCL if new else 0)
                with folder.open(self.path.name, flags) as descriptor:
                    self._extend(descriptor, data)
            except FileExistsError:
                raise
            except OSError:
                if new:
                    with contextlib.suppress(OSError):
                        folder.remove(self.path.name)
                raise
            if new:
                folder.sync()

    def _extend(self, descriptor: int, data: bytes) -> None:
        found = read_at_most(descriptor, 2 * LARGEST, self.path)
        known = found == self._data or (self._left_behind and found.startswith(self._data))
        if not known:
            raise self._changed()
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

    def copied_to(self, path: Path) -> Copy:
        """Write everything that was saved so far to another file; this one stays, and goes on (`go_on_in`).

        Raises
        ------
        NotSaved
            If it cannot be written, or there is a file that holds anything else. All is then as before.
        """
        data = self._encode(self.rows) if self._data else b""
        there = None
        try:
            if path.is_symlink() or path.exists():
                there = read_regular(path, LARGEST)
                if not data.startswith(there):
                    raise NotSaved(
                        str(path),
                        "there is another file of that name",
                        "choose another name",
                        key="other_file",
                    )
            if data:
                write_whole(path, data)
        except OSError as error:
            raise not_saved(path, error) from error
        return Copy(path, data, there)

    def go_on_in(self, copy: Copy) -> None:
        """Write to a copy from now on; this file stays as it is."""
        self.notices.append(f"{self.path.name} goes on in {copy.path}, with all ratings.")
        self.path, self._root, self._data, self._in_form = copy.path, None, copy.data, True
        self._left_behind = False

    def replace_rows(self, rows: Sequence[Row]) -> None:
        """Put `rows` in the place of all rows, at once: the file holds the old ones or the new ones."""
        data = self._encode(rows)
        try:
            self._write_whole(data)
        except OSError as error:
            raise not_saved(self.path, error, "the file could not be rewritten") from error
        self._data, self.rows, self._in_form = data, list(rows), True


def _plain_row(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
