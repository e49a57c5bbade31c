"""A listener's right to withdraw: the votes go out of the results, the reason stays."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gaplisten.durable.files import write_whole
from gaplisten.durable.locks import FileLock
from gaplisten.errors import GaplistenError
from gaplisten.languages import counted
from gaplisten.panel.answer_files import answer_files
from gaplisten.panel.begun import begun_path
from gaplisten.panel.columns import utc
from gaplisten.panel.drawn import copies_of_plan, plan_path
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.leftovers import left_behind
from gaplisten.panel.session_files import SessionFile, copies_of, named_otherwise, read_ratings, read_sessions
from gaplisten.panel.session_names import listener_of, session_name
from gaplisten.panel.session_record import OTHER
from gaplisten.untrusted import read_regular

WITHDRAWN = "withdrawn"
RECORD = "withdrawn.json"
_LARGEST_RECORD = 2**20
_KEPT = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z")  # a folder of what one withdrawal kept; its time


class CannotWithdraw(GaplistenError):  # noqa: N818 - reads as the fact it is
    """A withdrawal that cannot be carried out."""


class NoSuchSession(CannotWithdraw):
    """Nobody of that name gave anything."""


@dataclass(frozen=True)
class Withdrawal:
    """What is kept of a listener who withdrew.

    Parameters
    ----------
    listener
        Name; "" where the rows were erased, and the name with them.
    votes
        How many went out.
    reason
        As it was given.
    at
        ISO 8601, UTC.
    session
        A digest of the session's name that only the panel's secret makes: it tells a copy's session again,
        and nobody's name. "" in records of the first version.
    last
        When the last of the votes was given, ISO 8601, UTC: by it they are known again though the clock was
        set back meanwhile. "" where there were none.
    """

    listener: str
    votes: int
    reason: str
    at: str
    session: str = ""
    last: str = ""

    def said(self) -> str:
        """Return it as a sentence."""
        who = self.listener or "a listener"
        votes = counted(self.votes, "vote is", "votes are")
        return f"{who} withdrew on {self.at[:10]} ({self.reason}): {votes} out"

    def is_of(self, panel: FrozenPanel, session: str) -> bool:
        """Tell whether it is about this session."""
        if self.session:
            return self.session == _digest(panel, session)
        return bool(self.listener) and session_name(panel, self.listener) == session


def _digest(panel: FrozenPanel, session: str) -> str:
    return hashlib.sha256(f"{panel.key.trial_salt}\x1fwithdrawn\x1f{session}".encode()).hexdigest()


def withdrawals(ratings: Path) -> tuple[Withdrawal, ...]:
    """Return who withdrew; nothing where nobody did, or the record cannot be read (see `spoilt_record`)."""
    return _recorded(ratings) or ()


def spoilt_record(ratings: Path) -> str:
    """Return a sentence if who withdrew stands in a file that cannot be read; "" otherwise."""
    if _recorded(ratings) is not None:
        return ""
    return f"{WITHDRAWN}/{RECORD}: it cannot be read, so nobody can tell here who withdrew and why"


def _recorded(ratings: Path) -> tuple[Withdrawal, ...] | None:
    """Return who withdrew; None where the record cannot be read."""
    path = ratings / WITHDRAWN / RECORD
    try:
        if path.is_symlink() or not path.is_file():
            return None if path.is_symlink() or path.exists() else ()
        said = json.loads(read_regular(path, _LARGEST_RECORD).decode("utf-8-sig"))
        return tuple(
            Withdrawal(
                str(one["listener"]),
                int(one["votes"]),
                str(one["reason"]),
                str(one["at"]),
                str(one.get("session", "")),
                str(one.get("last", "")),
            )
            for one in said
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def has_withdrawn(
    panel: FrozenPanel, gone: Sequence[Withdrawal], names: Collection[str], saved_at: Sequence[str]
) -> bool:
    """Tell whether a session, known by these names, is among these that were, after the last of its votes."""
    out = [max(one.at, one.last) for one in gone if any(one.is_of(panel, name) for name in names)]
    if not out:
        return False
    last = max(saved_at, default="")
    # Votes from the future tell of a wrong clock, not of somebody who came back.
    return last <= max(out) or last > utc(time.time())


def counted_sessions(panel: FrozenPanel, ratings: Path) -> tuple[list[SessionFile], list[str]]:
    """Return the sessions that count, and sentences about files that do not.

    As `read_sessions`; votes that were withdrawn stay out though somebody put their file back, from a backup
    or from another machine.
    """
    sessions, problems = read_sessions(panel, ratings)
    gone = withdrawals(ratings)
    counted = []
    for one in sessions:
        rows = one.read.table
        names = {one.path.stem, session_name(panel, one.read.listener)}
        if rows and not one.open_now and has_withdrawn(panel, gone, names, rows.column("saved_at")):
            fact = "its listener withdrew after these votes, and the file is there again; it was left out"
            way_out = "withdraw once more to take it away (new votes under a wrong clock: see withdrawn.json)"
            problems.append(f"{one.path.name}: {fact}: {way_out}")
        else:
            counted.append(one)
    return counted, problems


def _files(panel: FrozenPanel, ratings: Path, session: str) -> list[Path]:
    """Return what a session has written, the answers first: the ratings go last.

    Copies of answers, order and ratings under other names, by what is in them, are among them.
    """
    own = ratings / f"{session}.csv"
    root = panel.folder if ratings.is_relative_to(panel.folder) else ratings
    answers = answer_files(panel, ratings, session, root)
    plans = [*copies_of_plan(panel.key, ratings, session), plan_path(ratings, session)]
    copies = copies_of(panel, named_otherwise(ratings), session)
    torn = [path.with_suffix(".torn") for path in (*answers, *copies, own)]
    wanted = [*answers, *torn, *plans, begun_path(own), ratings / OTHER / own.name, *copies, own]
    # Parts of files with long names are found by more than one of them.
    wanted = list(dict.fromkeys([*(part for path in wanted for part in left_behind(path)), *wanted]))
    return [path for path in wanted if path.is_file() and not path.is_symlink()]


def withdraw(
    panel: FrozenPanel, listener: str, reason: str, ratings: Path | None = None, *, erase: bool = False
) -> Withdrawal:
    """Take a listener's votes and answers out of a panel.

    They are moved to the folder `withdrawn` beside the ratings, where nothing reads them, or erased. The
    place in the design is free again: the next listener takes what is missing now.

    Parameters
    ----------
    erase
        Delete the rows, and the listener's name with them; that cannot be undone. What an earlier withdrawal
        kept is deleted too.

    Raises
    ------
    NoSuchSession, CannotWithdraw
        If there is no such session, or it cannot be written.
    Locked
        If the session is open.
    """
    folder = ratings or panel.ratings
    session = session_name(panel, listener)
    files = _files(panel, folder, session)
    kept = [one for one in withdrawals(folder) if one.listener and one.is_of(panel, session)]
    if not files and not (erase and kept):
        fact = "no session of this panel has that name"
        raise NoSuchSession(listener, fact, "see panel status for the names")
    lock = FileLock(folder / f"{session}.lock", "the session")
    try:
        made = _out(panel, listener, reason, folder, session, erase) if files else None
        return _erase_kept(panel, folder, session, made) if erase else made or kept[-1]
    except OSError as error:
        fact = f"the files cannot be moved: {error.strerror or error}"
        raise CannotWithdraw(str(folder), fact, "allow writing there") from error
    finally:
        lock.release()


def _out(
    panel: FrozenPanel, listener: str, reason: str, folder: Path, session: str, erase: bool
) -> Withdrawal:
    files, name = _files(panel, folder, session), listener
    given: set[tuple[str, str, str]] = set()
    last = ""
    for path in files:
        if path.parent != folder or path.suffix != ".csv":
            continue
        # What cannot be read goes out all the same.
        with contextlib.suppress(GaplistenError, FileNotFoundError):
            rows = read_ratings(panel, path).table
            given |= set(zip(*map(rows.column, ("trial", "position", "scale")), strict=True))
            name = listener_of(rows) or name
            last = max([last, *rows.column("saved_at")])
    votes = len(given)
    at = utc(time.time())
    made = Withdrawal("" if erase else name, votes, reason, at, _digest(panel, session), last)
    aside = folder / WITHDRAWN
    if aside.is_symlink():
        raise CannotWithdraw(str(aside), "it is a link", "put a folder of its own there")
    if _recorded(folder) is None:
        fact = "it cannot be read, and a new one would lose who withdrew before"
        raise CannotWithdraw(str(aside / RECORD), fact, "repair it, or move it away")
    aside.mkdir(exist_ok=True)
    # The record first: rows that are gone for no known reason would be worse than a reason without rows.
    _write_record(folder, [*withdrawals(folder), made])
    for path in files:
        if erase:
            path.unlink()
            continue
        target = aside / at.replace(":", "") / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    return made


def _write_record(folder: Path, record: Sequence[Withdrawal]) -> None:
    text = json.dumps([asdict(one) for one in record], indent=2, ensure_ascii=False)
    write_whole(folder / WITHDRAWN / RECORD, text + "\n")


def _erase_kept(panel: FrozenPanel, folder: Path, session: str, made: Withdrawal | None) -> Withdrawal:
    """Delete what earlier withdrawals of a session kept, and its listener's name; return the last of them."""
    record, last = [], made
    for one in withdrawals(folder):
        if one.is_of(panel, session) and one.listener:
            name = one.at.replace(":", "")
            aside = folder / WITHDRAWN / name
            if not _KEPT.fullmatch(name) or aside.is_symlink() or aside.parent.is_symlink():
                fact = "it is no folder of withdrawn ratings"
                raise CannotWithdraw(str(aside), fact, f"repair {RECORD}, or delete what it means by hand")
            if aside.is_dir():
                shutil.rmtree(aside)
            # Where the digest is not known the name was all that told whose votes stay out.
            one = replace(one, listener="", session=one.session or _digest(panel, session))
            last = last or one
        record.append(one)
    _write_record(folder, record)
    assert last is not None  # one was found, or is made
    return last
